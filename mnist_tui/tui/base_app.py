"""What our applications have in common: themes, help, the command palette, signals, and the terminal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from types import FrameType
from typing import Any, ClassVar

from rich.segment import Segment
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.color import Color
from textual.command import Provider
from textual.driver import Driver
from textual.events import Event, InputEvent, Key, Print
from textual.filter import LineFilter
from textual.screen import Screen

from mnist_tui.errors import ConfigError, did_you_mean
from mnist_tui.render import graphs
from mnist_tui.render.graphs import Graphs
from mnist_tui.system import gc_control
from mnist_tui.system.sanitize import strip_control_codes
from mnist_tui.tui.active_keys import active_keys
from mnist_tui.tui.keys import bind
from mnist_tui.tui.preferences import Preferences
from mnist_tui.tui.textual_fixes.screens import SafeScreen
from mnist_tui.tui.themed_app import ThemedApp
from mnist_tui.tui.user_files import UserFiles

# The rest of Textual's commands have keys here, some of which do it better: Quit asks while training.
_TEXTUAL_COMMANDS = {
    "Theme": "choose among all themes, Textual's too",
    "Screenshot": "save the screen as an SVG picture",
}
# Of the user's files, at most; a terminal has no room for more.
_NOTICES = 3
_GRAPHS = {
    Graphs.BRAILLE: "Draw charts with braille dots: the finest",
    Graphs.QUADRANT: "Draw charts with quarters of cells, for a font without braille",
    Graphs.BLOCK: "Draw charts with halves of cells, as on the Linux console",
    Graphs.ASCII: "Draw charts with letters",
}
# How often to check whether garbage may be collected: after a moment without input, or at the latest after a while.
_CHECK_SECONDS, _IDLE_SECONDS, _MOST_SECONDS = 10.0, 0.5, 60.0

# A screen needs some hundredths.
_SCREEN_SECONDS = 1.0
# What a shell, a closed terminal and Ctrl+C send; Windows has no SIGHUP, and no driver of ours.
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGINT") if hasattr(signal, name))
# Signals with handlers of the driver or of this app while it owns the terminal.
_HANDLED = (*_SIGNALS, *(getattr(signal, n) for n in ("SIGQUIT", "SIGTSTP", "SIGCONT") if hasattr(signal, n)))


class ControlCodeFilter(LineFilter):
    """Removes characters without width that could control the terminal: names and notices of runs are untrusted.

    Textual itself removes only a few.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same line; the identical list if there is nothing to remove, as nearly always."""
        if all(segment.text.isprintable() for segment in segments):
            return segments
        return [Segment(strip_control_codes(segment.text), segment.style) for segment in segments]


_CONTROL_CODE_FILTER = ControlCodeFilter()


def _search_commands() -> type[Provider]:
    """Imported when the palette is opened for the first time."""
    from mnist_tui.tui.command_search import CommandSearch

    return CommandSearch


class BaseApp(ThemedApp[int]):
    """`run()` returns the exit code; with a `driver_class` it has a real terminal."""

    CSS_PATH = "app.tcss"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_search_commands}
    # Ctrl+C leaves, so what is selected could not be copied; the terminal's own selection (Shift and the mouse) can.
    # And Textual 8.2.8 fails at a click that would begin a selection in a toast that has just gone:
    # https://github.com/Textualize/textual/issues/5629
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("help", "help", "Help"),
        bind("theme", "toggle_theme", "Light / dark", show=False),
        # Textual's own key for it, with words, so that help lists it.
        bind("palette", "command_palette", "Find a command", show=False, priority=True),
        bind("suspend", "suspend_process", "Suspend", show=False, priority=True),
    ]

    def __init__(
        self,
        *,
        theme: str = "",
        preferences: Preferences | None = None,
        user_files: UserFiles | None = None,
        driver_class: type[Driver] | None = None,
    ) -> None:
        """`user_files` are the user's keys and themes; with none, those of the table and ours.

        Raises:
            ConfigError: there is no such `theme`, which takes precedence over the one that is remembered.
        """
        super().__init__(driver_class=driver_class)
        self._take_user_files(user_files or UserFiles())
        self.preferences = preferences or Preferences()
        self._has_terminal = driver_class is not None
        self._last_input = self._last_collected = time.monotonic()
        if theme and theme not in self.available_themes:
            hint = did_you_mean(theme, self.available_themes)
            raise ConfigError(
                f"there is no theme {theme!r}{hint}", remedy=f"Themes: {', '.join(self.available_themes)}."
            )
        chosen = theme or self.preferences.theme
        if chosen in self.available_themes:
            self.theme = chosen

    def _take_user_files(self, files: UserFiles) -> None:
        self.keymap = files.keymap
        """The keys that the user has changed, by their ids."""
        self.user_themes = set(files.themes)
        """The names of those from the user's own files."""
        self._notices = files.notices
        self.set_keymap(files.keymap)
        for theme in files.themes.values():
            self.register_theme(theme)
        self.partners = files.partners

    def _show_notices(self) -> None:
        """Say what of the user's files could not be used."""
        for notice in self._notices[:_NOTICES]:
            self.notify(notice, severity="warning", timeout=15, markup=False)
        if len(self._notices) > _NOTICES:
            self.notify(f"{len(self._notices) - _NOTICES} more lines of your files could not be used.", timeout=15)

    def run(self, **options: Any) -> int | None:
        """Run the app; afterwards signals go where they went before."""
        before = {number: signal.getsignal(number) for number in _HANDLED if self._has_terminal}
        try:
            return super().run(**options)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler or signal.SIG_DFL)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's, and ours for untrusted texts of runs."""
        return [*super().get_line_filters(), _CONTROL_CODE_FILTER]

    def on_load(self) -> None:
        """Handle signals before the terminal is changed: whatever ends the process must restore it."""
        if self._has_terminal:
            self._install_signal_handlers()

    async def on_mount(self) -> None:
        """Keep other output off the screen, and remember the theme."""
        self._show_notices()
        if self._has_terminal:
            self.begin_capture_print(self)
            gc_control.postpone_full_collections()
            self.set_interval(_CHECK_SECONDS, self._collect_garbage)
            # The shell has used the terminal, and Textual would only redraw changes.
            self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        self.theme_changed_signal.subscribe(self, lambda theme: self.preferences.remember(theme=theme.name))

    async def on_event(self, event: Event) -> None:
        """Note when there was input last, and keep what is typed ahead of a screen.

        A key goes to the screen that is on top when it arrives. If that screen was busy opening another one, the key
        comes back to the app unanswered: it is for the new screen.
        """
        if isinstance(event, InputEvent):
            self._last_input = time.monotonic()
        if isinstance(event, Key) and event.is_forwarded:
            screen = self.screen
            await self._wait_for_screen_to_come_up(screen)
            if event.is_printable and isinstance(screen, SafeScreen):
                screen.take_typed_ahead(event)
        await super().on_event(event)

    async def _wait_for_screen_to_come_up(self, screen: Screen[object]) -> None:
        """Until it has its widgets, or for a moment: a screen that cannot come up must not stop the keys."""
        end = time.monotonic() + _SCREEN_SECONDS
        while not screen.is_mounted and time.monotonic() < end:
            await asyncio.sleep(0)

    def _collect_garbage(self) -> None:
        now = time.monotonic()
        if now - self._last_input > _IDLE_SECONDS or now - self._last_collected > _MOST_SECONDS:
            gc_control.collect()
            self._last_collected = now

    def on_print(self, event: Print) -> None:
        """Redirect what a library prints, with all other output that is not ours."""
        if sys.__stderr__ is not None:
            sys.__stderr__.write(event.text)

    def leave(self, code: int) -> None:
        """Exit with `code`, as soon as possible."""
        self.exit(code)

    def action_help(self) -> None:
        """Show the keys of this screen."""
        from mnist_tui.tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Suspending needs a terminal with a shell."""
        if action == "suspend_process":
            return self.can_suspend
        return super().check_action(action, parameters)

    def action_command_palette(self) -> None:
        from mnist_tui.tui.textual_fixes.command_palette import SafeCommandPalette

        if not isinstance(self.screen, SafeCommandPalette):
            self.push_screen(SafeCommandPalette())

    def search_themes(self) -> None:
        """Open another palette of ours: the palette's command "Theme"."""
        from textual.theme import ThemeProvider

        from mnist_tui.tui.textual_fixes.command_palette import SafeCommandPalette

        self.push_screen(SafeCommandPalette(providers=[ThemeProvider], placeholder="Find a theme"))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every key of this screen, each of our themes, and the commands that only Textual offers."""
        from mnist_tui.tui.commands import THEME_SENTENCES, sentence_of

        tab = getattr(screen, "TAB", "")
        for key in active_keys(screen):
            if key.action != "command_palette":
                sentence = sentence_of(tab, key.id) or key.description
                yield SystemCommand(key.description, f"{key.key}  {sentence}", key.press)
        for name in self.available_themes:
            if name in THEME_SENTENCES or name in self.user_themes:
                sentence = THEME_SENTENCES.get(name, "yours")
                yield SystemCommand(f"Theme: {name}", sentence, partial(setattr, self, "theme", name))
        for kind in Graphs:
            yield SystemCommand(f"Graphs: {kind}", _GRAPHS[kind], partial(self.use_graphs, kind))
        textual_commands = super().get_system_commands(screen)
        for command in textual_commands:
            if command.title in _TEXTUAL_COMMANDS:
                yield command._replace(help=_TEXTUAL_COMMANDS[command.title])

    def use_graphs(self, kind: Graphs) -> None:
        """Draw all charts, bars and sparklines anew with these characters, and remember them."""
        graphs.use(kind)
        self.preferences.remember(graphs=str(kind))
        self.refresh_css(animate=False)

    def _install_signal_handlers(self) -> None:
        """A closed terminal and a `kill` leave as `q` does, without a question.

        The loop's own way would be `add_signal_handler`. It reads a signal's number from the pipe that wakes it, which
        is full when the loop has been busy and threads have posted much: the signal would be lost, and Python would
        print a warning on the terminal, even for one that only announces a new size.
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
        self.restore_terminal()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)


def choose_driver() -> type[Driver] | None:
    """Our own driver for the terminal; None where there is none, on Windows."""
    if os.name != "posix":
        return None
    from mnist_tui.tui.textual_fixes.terminal_driver import TerminalDriver

    return TerminalDriver
