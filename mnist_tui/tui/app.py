"""The application: its screens, its keys, its session, and how it is left."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterable
from typing import ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from mnist_tui import runs
from mnist_tui.config import TrainConfig
from mnist_tui.errors import MnistTuiError
from mnist_tui.jobs import Folders, Job, ResumedRun
from mnist_tui.tui.bridge import EventsArrived, TrainingEnded
from mnist_tui.tui.memory import Memory
from mnist_tui.tui.messages import ResumeRequested
from mnist_tui.tui.screens.dialogs import ConfirmDialog
from mnist_tui.tui.screens.help import HelpScreen, active_keys
from mnist_tui.tui.screens.house import HouseScreen
from mnist_tui.tui.screens.later import DrawScreen, EvaluateScreen
from mnist_tui.tui.screens.model import ModelScreen
from mnist_tui.tui.screens.runs import RunsScreen
from mnist_tui.tui.screens.train import TrainScreen
from mnist_tui.tui.session import Phase, Session
from mnist_tui.tui.widgets.title_bar import TABS

DARK, LIGHT = "textual-dark", "textual-light"


class Dashboard(App[int]):
    """Five screens over one session. `run()` returns the exit code."""

    TITLE = "mnist-tui"
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"open('{name}')", label, show=False) for key, name, label in TABS),
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("t", "toggle_theme", "Light / dark", show=False),
        Binding("q", "leave", "Quit"),
        # Also under a dialog: the second press must always get through.
        Binding("ctrl+c,ctrl+q", "leave", "Quit", show=False, priority=True),
    ]

    def __init__(
        self, seed: TrainConfig, folders: Folders, *, job: Job | None = None, memory: Memory | None = None
    ) -> None:
        """`seed` fills the form; `job` is begun at once."""
        super().__init__()
        self.seed, self.folders = seed, folders
        self.memory = memory or Memory()
        self.session = Session(self)
        self._first_job = job
        self._leaving: int | None = None
        if self.memory.theme in self.available_themes:
            self.theme = self.memory.theme

    async def on_mount(self) -> None:
        """Screens, signals, and the first job, which waits for the first frame."""
        self.add_mode("train", TrainScreen)
        self.add_mode("model", ModelScreen)
        self.add_mode("evaluate", EvaluateScreen)
        self.add_mode("draw", DrawScreen)
        self.add_mode("runs", lambda: RunsScreen(self.folders.runs))
        self._listen_to_signals()
        self.theme_changed_signal.subscribe(self, lambda theme: self.memory.remember(theme=theme.name))
        await self.switch_mode("train")
        if self._first_job is not None:
            self.call_after_refresh(self.begin, self._first_job)

    def begin(self, job: Job) -> None:
        """Train; the Train screen shows it."""
        if self.session.phase.is_busy:
            self.notify("A run is training already: stop it first.", severity="warning")
            return
        before = None
        if isinstance(job, ResumedRun):
            try:
                before = runs.find(job.folders.runs, job.query).history()
            except MnistTuiError as error:
                self.notify(f"{error}. {error.remedy}", severity="error", timeout=10)
                return
        self.session.begin(job, before)
        self.session_changed()

    def session_changed(self) -> None:
        """Redraw what is on top, once for all that arrived together."""
        # While closing there is no screen left to draw on.
        screen = self.screen if self.screen_stack else None
        if isinstance(screen, HouseScreen):
            with self.batch_update():
                screen.session_changed()

    def on_events_arrived(self, message: EventsArrived) -> None:
        """The worker told something."""
        if message.training is self.session.training:
            self.session.apply(message.training.take())
            self.session_changed()

    def on_training_ended(self, message: TrainingEnded) -> None:
        """The worker is done; if somebody waits to leave, that is now."""
        if message.training is not self.session.training:
            return
        self.session.apply(message.training.take())
        self.session.end(message.ending)
        if self._leaving is not None:
            self.exit(self._leaving)
            return
        self.session_changed()

    async def on_resume_requested(self, message: ResumeRequested) -> None:
        """From the Runs screen."""
        await self.action_open("train")
        self.begin(ResumedRun(str(message.run.folder), self.folders))

    async def action_open(self, name: str) -> None:
        """Switch to one of the five screens."""
        if len(self.screen_stack) == 1 or self.current_mode != name:
            await self.switch_mode(name)

    def action_help(self) -> None:
        """The keys of this screen."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(active_keys(self.screen)))

    def action_toggle_theme(self) -> None:
        """Between light and dark; the palette has more."""
        self.theme = LIGHT if self.current_theme.dark else DARK

    def action_leave(self) -> None:
        """Ask while training; asked again while leaving, do not wait any longer."""
        if self._leaving is not None:
            self.exit(self._leaving)
        elif not self.session.phase.is_busy:
            self.exit(self._exit_code())
        elif isinstance(self.screen, ConfirmDialog):
            self.leave(130)
        else:
            question = "Stop training, keep a checkpoint and leave? The run can be resumed at any time."
            dialog = ConfirmDialog("Training is running", question, yes="Stop and leave", no="Go on training")
            self.push_screen(dialog, lambda yes: self.leave(0) if yes else None)

    def leave(self, code: int) -> None:
        """Stop what is running, wait for its checkpoint, exit with `code`."""
        self._leaving = code
        if not self.session.phase.is_busy:
            self.exit(code)
            return
        self.session.stop("the dashboard was closed")
        self.session_changed()
        self.notify("Saving a checkpoint … press Ctrl+C again to leave without it.", timeout=30)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: every key of this screen by its words, then what Textual offers."""
        for key in active_keys(screen):
            yield SystemCommand(key.words, f"Key {key.key}", key.run(self))
        yield from super().get_system_commands(screen)

    def _exit_code(self) -> int:
        failed = self.session.failed
        return failed.exit_code if failed is not None and self.session.phase is Phase.FAILED else 0

    def _listen_to_signals(self) -> None:
        """A closed terminal and a `kill` leave as `q` does, without the question."""
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGHUP"):
            if hasattr(signal, name) and os.name == "posix":
                number = getattr(signal, name)
                loop.add_signal_handler(number, self.leave, 128 + number)


def run_dashboard(seed: TrainConfig, folders: Folders, *, job: Job | None = None) -> int:
    """Open the dashboard; returns the exit code once it is closed. However it ends, a run keeps a checkpoint."""
    app = Dashboard(seed, folders, job=job)
    try:
        code = app.run()
    finally:
        training = app.session.training
        if training is not None and training.is_alive and app.session.phase is not Phase.STOPPING:
            training.control.stop("the dashboard broke down")
            training.join(10)
    return app.return_code or 0 if code is None else code
