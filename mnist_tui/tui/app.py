"""The application: its screens, its keys, its training, and how it is left."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.app import SystemCommand
from textual.binding import BindingType
from textual.driver import Driver
from textual.screen import ModalScreen, Screen

from mnist_tui import runs
from mnist_tui.config import TrainConfig
from mnist_tui.errors import MnistTuiError
from mnist_tui.events import RunFailed
from mnist_tui.runs import Run
from mnist_tui.runs.history import RunHistory
from mnist_tui.training.jobs import Folders, Job, NewRun, ResumedRun
from mnist_tui.training.run_code import RunCode
from mnist_tui.tui.base_app import BaseApp, choose_driver
from mnist_tui.tui.code_trust import find_untrusted_code, spec_for_new_run
from mnist_tui.tui.keys import bind, key_display
from mnist_tui.tui.preferences import Preferences
from mnist_tui.tui.screens.base import ShowsSession
from mnist_tui.tui.screens.dialogs.base import LeaveDialog, TrustDialog
from mnist_tui.tui.screens.registry import SCREENS, create_screen
from mnist_tui.tui.session import Session, SessionPhase
from mnist_tui.tui.user_files import UserFiles, load_user_files
from mnist_tui.tui.workers.training import EventsArrived, TrainingEnded, TrainingThread
from mnist_tui.tui.workspace import NewRunRequested, ResumeRequested, TrainRequested, Workspace

_INTERRUPTED = 130
# Drawing takes a core, and Python's lock, from the training: at most this share of a core, so that a slow machine
# draws fewer frames per second. Neither a flicker nor a slide show, though.
_DRAWING_SHARE = 0.025
_FASTEST_FRAME, _SLOWEST_FRAME = 0.1, 1.0
# What a screen needs to be whole when it comes up. Textual allows five times as much, and nothing is drawn meanwhile.
_SWITCH_SECONDS = 0.002
# How long to wait for a training thread that is still at work when the screen has gone: when the user would not
# wait for its checkpoint, and otherwise.
_SHORT_WAIT, _CHECKPOINT_WAIT = 0.5, 10.0


class Dashboard(BaseApp):
    """Five screens over one session. `run()` returns the exit code."""

    TITLE = "mnist-tui"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(bind(f"screen-{entry.name}", f"open('{entry.name}')", entry.title, show=False) for entry in SCREENS),
        bind("new-run", "new_run", "New run", show=False),
        bind("quit", "leave", "Quit"),
        # Also under a dialog: the second press must always get through.
        bind("quit-now", "interrupt", "Quit at once", show=False, priority=True),
    ]

    def __init__(
        self,
        form_config: TrainConfig,
        folders: Folders,
        *,
        job: Job | None = None,
        notice: str = "",
        theme: str = "",
        preferences: Preferences | None = None,
        user_files: UserFiles | None = None,
        driver_class: type[Driver] | None = None,
    ) -> None:
        """`job` starts at once, and `notice` is shown; a `driver_class` is used on a real terminal of our own only."""
        super().__init__(theme=theme, preferences=preferences, user_files=user_files, driver_class=driver_class)
        self.workspace = Workspace(Session(self), folders, form_config, self.preferences)
        self._first_job, self._notice = job, notice
        self._exit_code_on_end: int | None = None
        self._drawing_seconds = 0.0

    @property
    def session(self) -> Session:
        """The session that all screens show."""
        return self.workspace.session

    async def on_mount(self) -> None:
        """Register the screens and show the first; the first job waits until it has been drawn."""
        for entry in SCREENS:
            self.add_mode(entry.name, partial(create_screen, entry, self.workspace))
        await self.switch_mode(SCREENS[0].name)
        if self._notice:
            self.notify(self._notice, timeout=10, markup=False)
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
                job, before = _find_resumed(job)
                unknown = find_untrusted_code(Run(Path(job.query)))
            except MnistTuiError as error:
                self.notify(f"{error}. {error.remedy}", severity="error", timeout=10)
                return
            if unknown:
                self._ask_to_trust(unknown, lambda: self.begin(job))
                return
            # The settings that another run would start from.
            if before.record is not None:
                self.workspace.fill_form(before.record.config)
        self.session.begin(job, before)
        self.session_changed()

    def session_changed(self) -> None:
        """Redraw the screen on top, once for all that arrived together."""
        # While closing there is no screen left to draw on, or one that has lost its widgets.
        screen = self.screen if self.screen_stack else None
        if isinstance(screen, ShowsSession) and self.screen.is_running:
            with self.batch_update():
                screen.session_changed()

    def on_events_arrived(self, message: EventsArrived) -> None:
        """Take these events, and those that come meanwhile, in a moment."""
        self.set_timer(self._seconds_to_next_frame(), lambda: self._take_events(message.training))

    def _seconds_to_next_frame(self) -> float:
        """Longer the more processor time drawing has taken since the last frame."""
        before, self._drawing_seconds = self._drawing_seconds, time.thread_time()
        cost = self._drawing_seconds - before
        return min(max(cost / _DRAWING_SHARE, _FASTEST_FRAME), _SLOWEST_FRAME)

    def _take_events(self, training: TrainingThread) -> None:
        if training is self.session.training:
            self.session.apply(training.take_events())
            self.session_changed()

    def on_training_ended(self, message: TrainingEnded) -> None:
        """Show the end; or leave, if that was waiting for it."""
        if message.training is not self.session.training:
            return
        self.session.apply(message.training.take_events())
        self.session.end(message.result)
        if self._exit_code_on_end is not None:
            self.exit(self._exit_code_on_end or self.exit_code)
            return
        self.session_changed()

    def on_train_requested(self, message: TrainRequested) -> None:
        """Train, unless a second press of the key asked for what has begun."""
        if not self.session.phase.is_busy:
            self.begin(message.job)

    async def on_resume_requested(self, message: ResumeRequested) -> None:
        await self.action_open("train")
        self.begin(ResumedRun(str(message.run.folder), self.workspace.folders))

    async def on_new_run_requested(self, message: NewRunRequested) -> None:
        """Open the form on the Train screen, where the run will be."""
        if self.session.phase.is_busy:
            self.notify("A run is training already: stop it first.", severity="warning")
            return
        try:
            unknown, spec = find_untrusted_code(message.run), spec_for_new_run(message.run)
        except MnistTuiError as error:
            self.notify(f"{error}. The form shows the reference network instead.", severity="warning", markup=False)
            unknown, spec = [], "reference"
        if unknown:
            self._ask_to_trust(unknown, lambda: self.post_message(message))
            return
        self.workspace.fill_form({**message.settings, "model": spec})
        await self.action_open("train")
        await self.screen.run_action("new_run")

    async def action_new_run(self) -> None:
        """Open the form, with the settings of the last one, on the Train screen."""
        await self.action_open("train")
        await self.screen.run_action("new_run")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """One run at a time."""
        if action == "new_run":
            return not self.session.phase.is_busy
        return super().check_action(action, parameters)

    def _ask_to_trust(self, unknown: list[RunCode], then: Callable[[], object]) -> None:
        """Ask whether the first of these may be run; `then` asks about the others."""

        code = unknown[0]

        def answer(yes: bool | None) -> None:
            if yes:
                code.trust()
                then()

        self.push_screen(TrustDialog(code), answer)

    async def action_open(self, name: str) -> None:
        """Show one of the five screens; not from under a dialog, which a key pressed just before could do."""
        if isinstance(self.screen, ModalScreen):
            return
        if self.current_mode != name:
            await self.switch_mode(name)
        # An opened run or a comparison covers the list; a dialog may have been opened by an answer meanwhile.
        while len(self.screen_stack) > 1 and not isinstance(self.screen, ModalScreen):
            await self.pop_screen()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Those of this screen, then those of all others; a dialog is closed first."""
        here = list(super().get_system_commands(screen))
        yield from here
        if isinstance(screen, ModalScreen):
            return
        from mnist_tui.tui.commands import SCREEN_COMMANDS, describe_recipes

        current = getattr(screen, "TAB", "")
        for command in SCREEN_COMMANDS:
            if command.screen != current:
                run = partial(self.run_command, command.screen, command.id)
                yield SystemCommand(command.title, f"{self._keys_of(command.id)}  {command.sentence}", run)
        if not self.session.phase.is_busy:
            for name, sentence in describe_recipes():
                yield SystemCommand(f"Train the {name} recipe", sentence, partial(self.begin_recipe, name))

    async def run_command(self, screen: str, id: str) -> None:
        """Open the screen, and do what this key does there."""
        await self.action_open(screen)
        for active in self.screen.active_bindings.values():
            if active.binding.id == id and active.enabled:
                await self.run_action(active.binding.action, active.node)
                return
        self.notify("There is nothing to do this with now.", severity="warning")

    async def begin_recipe(self, name: str) -> None:
        """Train a recipe as it is, with the dataset and the machine's settings of the form."""
        from mnist_tui.tui.run_draft import RunDraft

        draft = RunDraft(self.workspace.form_config)
        draft.choose_recipe(name)
        draft.reset()
        self.workspace.form_config = TrainConfig.from_dict(draft.values)
        await self.action_open("train")
        self.begin(NewRun(self.workspace.form_config, self.workspace.folders))

    def _keys_of(self, id: str) -> str:
        """The key of this entry, as the user reads it."""
        return key_display(self, id)

    def delay_update(self, delay: float = _SWITCH_SECONDS) -> None:
        """Draw nothing while a screen comes up."""
        super().delay_update(delay)

    def action_leave(self) -> None:
        """Leave; while training, ask first."""
        if self._exit_code_on_end is not None:
            return
        if not self.session.phase.is_busy:
            self.exit(self.exit_code)
        else:
            self.push_screen(LeaveDialog(), lambda yes: self.leave(0) if yes else None)

    def action_interrupt(self) -> None:
        """Ask the first time, leave with a checkpoint the second time, without one the third time."""
        if self._exit_code_on_end is not None:
            self.exit(_INTERRUPTED)
        elif isinstance(self.screen, LeaveDialog):
            self.leave(_INTERRUPTED)
        else:
            self.action_leave()

    def leave(self, code: int) -> None:
        """Stop what is running, wait for its checkpoint, exit with `code`."""
        if self._exit_code_on_end is not None:
            return
        self._exit_code_on_end = code
        self.session.stop("the dashboard was closed")
        # Before the run has begun there is nothing to wait for, and a slow mirror can take long to notice.
        if not self.session.phase.is_busy or not self.session.has_begun:
            self.exit(code or self.exit_code)
            return
        self.session_changed()
        self.notify("Saving a checkpoint … press Ctrl+C to leave without it.", timeout=30)

    @property
    def exit_code(self) -> int:
        """The exit code of leaving now: that of a failure on the screen, else 0."""
        failed = self.session.failed
        return failed.exit_code if failed is not None and self.session.phase is SessionPhase.FAILED else 0


@dataclass(frozen=True)
class DashboardExit:
    """How the dashboard was left, for the command line to print."""

    code: int
    failed: RunFailed | None
    run: Run | None
    """The run that can be resumed."""


def run_dashboard(
    form_config: TrainConfig, folders: Folders, *, job: Job | None = None, notice: str = "", theme: str = ""
) -> DashboardExit:
    """Open the dashboard until it is closed. However it ends, a run keeps a checkpoint.

    Raises:
        ConfigError: there is no such theme.
    """
    app = Dashboard(
        form_config,
        folders,
        job=job,
        notice=notice,
        theme=theme,
        user_files=load_user_files(),
        driver_class=choose_driver(),
    )
    try:
        code = app.run()
    finally:
        _stop_training(app)
    session = app.session
    resumable = session.run if session.phase is not SessionPhase.FINISHED and session.has_begun else None
    failed = session.failed if session.phase is SessionPhase.FAILED else None
    return DashboardExit(app.return_code or 0 if code is None else code, failed, resumable)


def _stop_training(app: Dashboard) -> None:
    """Usually it has ended; after a crash of the dashboard its checkpoint is waited for."""
    training = app.session.training
    if training is not None and training.is_alive:
        training.control.stop("the dashboard broke down")
        training.join(_SHORT_WAIT if app.session.phase is SessionPhase.STOPPING else _CHECKPOINT_WAIT)


def _find_resumed(job: ResumedRun) -> tuple[ResumedRun, RunHistory]:
    """The job with the run's own folder in place of a prefix or `latest`, and the run's history so far."""
    run = runs.find(job.folders.runs, job.query)
    return dataclasses.replace(job, query=str(run.folder.resolve())), run.history()
