"""What our applications have in common: themes and their memory, help, the palette, and the terminal behind it all."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable, Sequence
from types import FrameType
from typing import Any, ClassVar

from textual._context import active_message_pump
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.driver import Driver
from textual.events import Event, InputEvent, Print
from textual.filter import LineFilter
from textual.screen import Screen
from textual.widget import MountError
from textual.worker import WorkerFailed

from mnist_tui.system import gc_control
from mnist_tui.tui.preferences import Preferences
from mnist_tui.tui.safe_lines import SafeLines
from mnist_tui.tui.screens.help import HelpScreen, active_keys
from mnist_tui.tui.themes import NIGHT, PAPER

# The rest of Textual's commands have keys here, some of which do it better: Quit asks while training.
_ONLY_IN_THE_PALETTE = {"Theme", "Screenshot"}
# So often there is a look whether garbage may be collected: when nobody has touched anything for a moment, or when
# somebody has been so busy for so long that it would pile up.
_TIDYING_SECONDS, _QUIET_SECONDS, _UNTIDY_SECONDS = 10.0, 0.5, 60.0

# What a shell, a closed terminal and Ctrl+C send; Windows has no SIGHUP, and no driver of ours.
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGINT") if hasattr(signal, name))
# Signals with handlers of the driver or of this app while it owns the terminal.
_HANDLED = (*_SIGNALS, *(getattr(signal, n) for n in ("SIGQUIT", "SIGTSTP", "SIGCONT") if hasattr(signal, n)))

_HARMLESS = SafeLines()


class BaseApp(App[int]):
    """`run()` returns the exit code; a `driver_class` stands for a terminal of our own."""

    CSS_PATH = "app.tcss"
    # Ctrl+C leaves, so what is selected could not be copied; the terminal's own selection (Shift and the mouse) can.
    # And Textual fails at a click that would begin a selection in a toast which has just gone.
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("t", "toggle_theme", "Light / dark", show=False),
        # Textual's own palette key, with words, so that help tells of it.
        Binding("ctrl+p", "command_palette", "Find a command", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, priority=True),
    ]

    def __init__(
        self, *, memory: Preferences | None = None, driver_class: type[Driver] | None = None
    ) -> None:
        super().__init__(driver_class=driver_class)
        self.memory = memory or Preferences()
        self._has_terminal = driver_class is not None
        self._last_input = self._last_tidied = time.monotonic()
        self.register_theme(NIGHT)
        self.register_theme(PAPER)
        self.theme = self.memory.theme if self.memory.theme in self.available_themes else NIGHT.name

    def run(self, **options: Any) -> int | None:
        """As Textual has it; afterwards signals go where they went."""
        before = {number: signal.getsignal(number) for number in _HANDLED if self._has_terminal}
        try:
            return super().run(**options)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler or signal.SIG_DFL)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's renderer, and a filter for untrusted texts of runs."""
        return [*super().get_line_filters(), _HARMLESS]

    def on_load(self) -> None:
        """Before the terminal is changed: a signal that comes then must find somebody who puts it right."""
        if self._has_terminal:
            self._listen_to_signals()

    async def on_mount(self) -> None:
        """Keep the screen ours, and the theme in mind."""
        if self._has_terminal:
            self.begin_capture_print(self)
            gc_control.postpone_full_collections()
            self.set_interval(_TIDYING_SECONDS, self._tidy)
            # The shell has used the terminal, and Textual would only redraw changes.
            self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        self.theme_changed_signal.subscribe(self, lambda theme: self.memory.remember(theme=theme.name))

    async def on_event(self, event: Event) -> None:
        """As Textual has it; and somebody is there. What is pressed when the last screen has gone is for nobody."""
        if isinstance(event, InputEvent):
            self._last_input = time.monotonic()
            if not self.screen_stack:
                return
        await super().on_event(event)

    def _handle_exception(self, error: Exception) -> None:
        """As Textual has it, but for what was coming up when its end was decided, alone or with all else.

        Textual goes on setting it up and then misses what it mounts no more, or what a widget looks for in itself.
        """
        cause = error.error if isinstance(error, WorkerFailed) else error
        if not (isinstance(cause, (MountError, NoMatches)) and (self._exit or _is_going())):
            super()._handle_exception(error)

    def _tidy(self) -> None:
        now = time.monotonic()
        if now - self._last_input > _QUIET_SECONDS or now - self._last_tidied > _UNTIDY_SECONDS:
            gc_control.collect()
            self._last_tidied = now

    def on_print(self, event: Print) -> None:
        """A library printed something: it is put aside with all that the terminal is spared."""
        if sys.__stderr__ is not None:
            sys.__stderr__.write(event.text)

    def leave(self, code: int) -> None:
        """Exit with `code`, as soon as that may be."""
        self.exit(code)

    def action_help(self) -> None:
        """The keys of this screen."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(active_keys(self.screen)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Suspending needs a terminal with a shell."""
        if action == "suspend_process":
            return self._driver is not None and self._driver.can_suspend
        return super().check_action(action, parameters)

    def action_toggle_theme(self) -> None:
        """Between light and dark; the palette has more."""
        self.theme = PAPER.name if self.current_theme.dark else NIGHT.name

    def action_command_palette(self) -> None:
        """As Textual has it, with our own palette."""
        from mnist_tui.tui.command_palette import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())

    def search_themes(self) -> None:
        """What the palette's own "Theme" opens: another palette of ours."""
        from textual.theme import ThemeProvider

        from mnist_tui.tui.command_palette import Palette

        self.push_screen(Palette(providers=[ThemeProvider], placeholder="Find a theme"))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: every key of this screen by its words, then what only Textual offers."""
        for key in active_keys(screen):
            if key.action != "command_palette":
                yield SystemCommand(key.words, f"Key {key.key}", key.press)
        offered = super().get_system_commands(screen)
        yield from (command for command in offered if command.title in _ONLY_IN_THE_PALETTE)

    def _listen_to_signals(self) -> None:
        """A closed terminal and a `kill` leave as `q` does, without a question.

        The loop's own way would be `add_signal_handler`. It reads a signal's number from the pipe that wakes it, which
        is full when the loop has been busy and threads have posted much: the signal would be lost, and Python would
        complain of it on the terminal, even of one that only tells of a new size.
        """
        loop = asyncio.get_running_loop()

        def leave(number: int, _frame: FrameType | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has just ended
                loop.call_soon_threadsafe(self.leave, 128 + number)

        for number in _SIGNALS:
            signal.signal(number, leave)
        if signal.getsignal(signal.SIGQUIT) != signal.SIG_IGN:
            signal.signal(signal.SIGQUIT, self._quit)

    def _quit(self, number: int, _frame: FrameType | None) -> None:
        """End at once, as by default, but restore the terminal first."""
        with contextlib.suppress(Exception):  # the process ends here, whatever state the driver is in
            if self._driver is not None:
                self._driver.suspend_application_mode()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)


def _is_going() -> bool:
    """Whether the widget at work is being taken down."""
    at_work = active_message_pump.get(None)
    return isinstance(at_work, DOMNode) and at_work._pruning


def choose_driver() -> type[Driver] | None:
    """The terminal as our own driver has it; None where there is no such thing."""
    if os.name != "posix":
        return None
    from mnist_tui.tui.terminal_driver import TerminalDriver

    return TerminalDriver
