"""The application: its screens, its keys, its session, and how it is left."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.screen import ModalScreen, Screen

from mnist_tui import runs
from mnist_tui.config import TrainConfig, config_from_old_record
from mnist_tui.errors import MnistTuiError
from mnist_tui.events import RunFailed
from mnist_tui.runs import Run
from mnist_tui.runs.history import RunHistory
from mnist_tui.training.jobs import Folders, Job, ResumedRun
from mnist_tui.training.run_code import RunCode
from mnist_tui.tui.base_app import BaseApp, choose_driver
from mnist_tui.tui.messages import NewRunRequested, ResumeRequested
from mnist_tui.tui.preferences import Preferences
from mnist_tui.tui.screens.base import BaseScreen
from mnist_tui.tui.screens.dialogs.leave import LeaveDialog
from mnist_tui.tui.screens.train import TrainScreen
from mnist_tui.tui.session import Session, SessionPhase
from mnist_tui.tui.trusting import spec_for_another, unknown_code
from mnist_tui.tui.widgets.frame.title_bar import TABS
from mnist_tui.tui.workers.training import EventsArrived, TrainingEnded, TrainingThread

_INTERRUPTED = 130
# Drawing takes a core, and Python's lock, from the training: at most this share of a core, so that a slow machine
# draws fewer pictures a second. Neither a flicker nor a slide show, though.
_DRAWING_SHARE = 0.025
_FASTEST_FRAME, _SLOWEST_FRAME = 0.1, 1.0
# What a screen needs to be whole when it comes up. Textual allows five times as much, and nothing is drawn meanwhile.
_SWITCH_SECONDS = 0.002
# Seconds given to a worker that still goes on when the screen has gone.
_A_MOMENT, _A_CHECKPOINT = 0.5, 10.0


class Dashboard(BaseApp):
    """Five screens over one session. `run()` returns the exit code."""

    TITLE = "mnist-tui"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"open('{name}')", label, show=False) for key, name, label in TABS),
        Binding("q", "leave", "Quit"),
        # Also under a dialog: the second press must always get through.
        Binding("ctrl+c,ctrl+q", "interrupt", "Quit at once", show=False, priority=True),
    ]

    def __init__(
        self,
        seed: TrainConfig,
        folders: Folders,
        *,
        job: Job | None = None,
        memory: Preferences | None = None,
        driver_class: type[Driver] | None = None,
    ) -> None:
        """`seed` fills the form; `job` is begun at once; a `driver_class` stands for a terminal of our own."""
        super().__init__(memory=memory, driver_class=driver_class)
        self.seed, self.folders = seed, folders
        self.session = Session(self)
        self.drawing: bytes | None = None
        """What is drawn on screen 4, as a network gets it, (28, 28) uint8: for the screens that look into networks."""
        self.refused_code: set[str] = set()
        """The checksums of code that the user has declined to run."""
        self._first_job = job
        self._leaving: int | None = None
        self._drawing_seconds = 0.0

    async def on_mount(self) -> None:
        """Screens, and the first job, which waits for the first frame."""
        self.add_mode("train", TrainScreen)
        self.add_mode("model", _model_screen)
        self.add_mode("evaluate", _evaluate_screen)
        self.add_mode("draw", self._draw_screen)
        self.add_mode("runs", self._runs_screen)
        await self.switch_mode("train")
        if self._first_job is not None:
            self.call_after_refresh(self.begin, self._first_job)

    def _runs_screen(self) -> Screen[None]:
        from mnist_tui.tui.screens.runs import RunsScreen

        return RunsScreen(self.folders.runs)

    def _draw_screen(self) -> Screen[None]:
        from mnist_tui.tui.screens.draw import DrawScreen

        return DrawScreen(self.folders.data)

    def begin(self, job: Job) -> None:
        """Train; the Train screen shows it."""
        if self.session.phase.is_busy:
            self.notify("A run is training already: stop it first.", severity="warning")
            return
        before = None
        if isinstance(job, ResumedRun):
            try:
                job, before = _looked_up(job)
                unknown = unknown_code(Run(Path(job.query)))
            except MnistTuiError as error:
                self.notify(f"{error}. {error.remedy}", severity="error", timeout=10)
                return
            if unknown:
                self._ask_to_trust(unknown, lambda: self.begin(job))
                return
            # What another run would be begun with, to be changed.
            self.seed = _settings_of(before) or self.seed
        self.session.begin(job, before)
        self.session_changed()

    def session_changed(self) -> None:
        """Redraw what is on top, once for all that arrived together."""
        # While closing there is no screen left to draw on, or one that has lost its widgets.
        screen = self.screen if self.screen_stack else None
        if isinstance(screen, BaseScreen) and screen.is_running:
            with self.batch_update():
                screen.session_changed()

    def on_events_arrived(self, message: EventsArrived) -> None:
        """The worker told something: look at it, and at what comes meanwhile, in a moment."""
        self.set_timer(self._until_the_next_frame(), lambda: self._take(message.training))

    def _until_the_next_frame(self) -> float:
        """As long as what has been drawn since the last time asks for."""
        before, self._drawing_seconds = self._drawing_seconds, time.thread_time()
        cost = self._drawing_seconds - before
        return min(max(cost / _DRAWING_SHARE, _FASTEST_FRAME), _SLOWEST_FRAME)

    def _take(self, training: TrainingThread) -> None:
        if training is self.session.training:
            self.session.apply(training.take())
            self.session_changed()

    def on_training_ended(self, message: TrainingEnded) -> None:
        """The worker is done; if somebody waits to leave, that is now."""
        if message.training is not self.session.training:
            return
        self.session.apply(message.training.take())
        self.session.end(message.ending)
        if self._leaving is not None:
            self.exit(self._leaving or self.exit_code)
            return
        self.session_changed()

    async def on_resume_requested(self, message: ResumeRequested) -> None:
        """From the Runs screen."""
        await self.action_open("train")
        self.begin(ResumedRun(str(message.run.folder), self.folders))

    async def on_new_run_requested(self, message: NewRunRequested) -> None:
        """From the Runs screen: the form opens on Train, where the run will be."""
        if self.session.phase.is_busy:
            self.notify("A run is training already: stop it first.", severity="warning")
            return
        try:
            unknown, spec = unknown_code(message.run), spec_for_another(message.run)
        except MnistTuiError as error:
            self.notify(
                f"{error}. The form shows the reference network instead.", severity="warning", markup=False
            )
            unknown, spec = [], "reference"
        if unknown:
            self._ask_to_trust(unknown, lambda: self.post_message(message))
            return
        self.seed = (
            config_from_old_record({**message.settings, "model": spec, "extra_epochs": 0}) or self.seed
        )
        await self.action_open("train")
        await self.screen.run_action("new_run")

    def _ask_to_trust(self, unknown: list[RunCode], then: Callable[[], object]) -> None:
        """Ask whether the first of these may be run; `then` asks about the others."""
        from mnist_tui.tui.screens.dialogs.trust import TrustDialog

        code = unknown[0]

        def answered(yes: bool | None) -> None:
            if yes:
                code.trust()
                then()

        self.push_screen(TrustDialog(code), answered)

    async def action_open(self, name: str) -> None:
        """Switch to one of the five screens; not from under a dialog, which a key pressed just before could do."""
        if isinstance(self.screen, ModalScreen):
            return
        if len(self.screen_stack) == 1 or self.current_mode != name:
            await self.switch_mode(name)

    def delay_update(self, delay: float = _SWITCH_SECONDS) -> None:
        """Draw nothing while a screen comes up."""
        super().delay_update(delay)

    def action_leave(self) -> None:
        """Ask while training."""
        if self._leaving is not None:
            return
        if not self.session.phase.is_busy:
            self.exit(self.exit_code)
        else:
            self.push_screen(LeaveDialog(), lambda yes: self.leave(0) if yes else None)

    def action_interrupt(self) -> None:
        """The first asks, the second leaves with a checkpoint, the third does not wait for one."""
        if self._leaving is not None:
            self.exit(_INTERRUPTED)
        elif isinstance(self.screen, LeaveDialog):
            self.leave(_INTERRUPTED)
        else:
            self.action_leave()

    def leave(self, code: int) -> None:
        """Stop what is running, wait for its checkpoint, exit with `code`."""
        if self._leaving is not None:
            return
        self._leaving = code
        self.session.stop("the dashboard was closed")
        # Before the run has begun there is nothing to wait for, and a slow mirror can take long to notice.
        if not self.session.phase.is_busy or not self.session.has_begun:
            self.exit(code or self.exit_code)
            return
        self.session_changed()
        self.notify("Saving a checkpoint … press Ctrl+C to leave without it.", timeout=30)

    @property
    def exit_code(self) -> int:
        """What leaving now ends with: that of a failure on the screen, else 0."""
        failed = self.session.failed
        return failed.exit_code if failed is not None and self.session.phase is SessionPhase.FAILED else 0


# Screens other than the first bring with them what the first frame does not need.
def _model_screen() -> Screen[None]:
    from mnist_tui.tui.screens.model import ModelScreen

    return ModelScreen()


def _evaluate_screen() -> Screen[None]:
    from mnist_tui.tui.screens.evaluate import EvaluateScreen

    return EvaluateScreen()


@dataclass(frozen=True)
class DashboardExit:
    """How the dashboard was left, for whoever started it to say."""

    code: int
    failed: RunFailed | None
    run: Run | None
    """The run that can be resumed."""


def run_dashboard(seed: TrainConfig, folders: Folders, *, job: Job | None = None) -> DashboardExit:
    """Open the dashboard until it is closed. However it ends, a run keeps a checkpoint."""
    app = Dashboard(seed, folders, job=job, driver_class=choose_driver())
    try:
        code = app.run()
    finally:
        _end_training(app)
    session = app.session
    resumable = session.run if session.phase is not SessionPhase.FINISHED and session.has_begun else None
    failed = session.failed if session.phase is SessionPhase.FAILED else None
    return DashboardExit(app.return_code or 0 if code is None else code, failed, resumable)


def _end_training(app: Dashboard) -> None:
    """Usually it has ended; after a breakdown its checkpoint is waited for, unless somebody would not wait."""
    training = app.session.training
    if training is not None and training.is_alive:
        training.control.stop("the dashboard broke down")
        training.join(_A_MOMENT if app.session.phase is SessionPhase.STOPPING else _A_CHECKPOINT)


def _looked_up(job: ResumedRun) -> tuple[ResumedRun, RunHistory]:
    """The job with the run's own folder, which stays what it is, and the run's story so far."""
    run = runs.find(job.folders.runs, job.query)
    return dataclasses.replace(job, query=str(run.folder.resolve())), run.history()


def _settings_of(history: RunHistory) -> TrainConfig | None:
    return config_from_old_record({**history.record.config, "extra_epochs": 0}) if history.record else None
