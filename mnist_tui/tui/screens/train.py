"""Train: start, watch, pause, stop and extend a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import ContentSwitcher

from mnist_tui.runs.reference import Reference, read_reference
from mnist_tui.training.jobs import NewRun
from mnist_tui.tui.keys import bind
from mnist_tui.tui.screens.base import BaseScreen
from mnist_tui.tui.screens.shows_run import ShowsRun
from mnist_tui.tui.session import Session, SessionPhase
from mnist_tui.tui.widgets.frame.loading import LoadingPanel
from mnist_tui.tui.widgets.frame.welcome import Welcome
from mnist_tui.tui.widgets.runs.run_view import RunView
from mnist_tui.tui.workers.latest_worker import post
from mnist_tui.tui.workers.networks import NetworkSource, SavedNetwork
from mnist_tui.tui.workspace import TrainRequested, Workspace

if TYPE_CHECKING:
    from mnist_tui.config import TrainConfig

# With a finished run.
_NEXT_KEYS = (("3", "mistakes"), ("4", "draw"), ("x", "export"), ("+", "one more epoch"))


class ReferenceRead(Message):
    """The run to compare with, from the thread that reads its log; None if there is none."""

    def __init__(self, reference: Reference | None, wanted: object) -> None:
        super().__init__()
        self.reference, self.wanted = reference, wanted


class TrainScreen(ShowsRun, BaseScreen):
    """A welcome, what is being waited for, or the run."""

    TAB = "train"
    # The run's panels get the focus once they are visible: until then their keys would do nothing.
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("new-run", "new_run", "New run"),
        bind("toggle", "pause", "Pause"),
        bind("toggle", "resume", "Resume"),
        bind("resume", "resume", "Resume", show=False),
        bind("stop", "stop", "Stop"),
        bind("one-more", "one_more", "One more epoch"),
        bind("export", "export", "Export"),
    ]

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._shown = -1
        self._stopping = False
        self._compared: object = None

    def body(self) -> ComposeResult:
        with ContentSwitcher(initial="welcome"):
            yield Welcome(id="welcome")
            yield LoadingPanel(id="loading")
            yield RunView(self._network, self.workspace.folders.data, next_keys=_NEXT_KEYS, id="run")

    def draw(self, session: Session) -> None:
        """Show the part that fits the session."""
        switcher = self.query_one(ContentSwitcher)
        if session.history.started is not None:
            switcher.current = "run"
            self._draw_run(session)
            if self.focused is None:
                self.focus_next("RunView *")
        elif session.phase is SessionPhase.IDLE:
            switcher.current = "welcome"
        else:
            switcher.current = "loading"
            self.query_one(LoadingPanel).show(session)

    def _compare(self, session: Session) -> None:
        """Look for the run to compare with: at the start of each run, and when another one was pinned."""
        wanted = (session.generation, self.workspace.reference)
        record = session.history.record
        if wanted == self._compared or record is None:
            return
        self._compared = wanted
        runs_dir, pinned = self.workspace.folders.runs, self.workspace.reference

        def read() -> None:
            post(self, ReferenceRead(read_reference(runs_dir, record, pinned=pinned), wanted))

        self.run_worker(read, thread=True, group="reference", exclusive=True)

    def on_reference_read(self, message: ReferenceRead) -> None:
        """Draw it behind the run that it was read for."""
        if message.wanted == self._compared and self.is_running:
            self.query_one(RunView).show_reference(message.reference)

    def _draw_run(self, session: Session) -> None:
        view = self.query_one(RunView)
        if self._shown != session.generation:
            self._shown = session.generation
            view.show(session.history)
        else:
            view.advance(session.history)
        self._compare(session)
        if self._stopping != (session.phase is SessionPhase.STOPPING):
            self._stopping = not self._stopping
            view.show_stopping(self._stopping)

    def _network(self) -> NetworkSource | None:
        """What the run's panels look at: the network in training, or at the end the best one that was saved."""
        session = self.session
        if session.phase.is_busy:
            return session.snapshot()
        run = session.run
        if run is None or run.saved_weights is None:
            return None
        return SavedNetwork(self.workspace.folders.runs, run, generation=len(session.history.epochs))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only the keys that do something now."""
        phase = self.session.phase
        allowed = {
            "new_run": not phase.is_busy,
            "pause": phase in (SessionPhase.TRAINING, SessionPhase.EVALUATING),
            "resume": phase in (SessionPhase.PAUSED, SessionPhase.PAUSING) or self.session.resume_job() is not None,
            "stop": phase.is_busy and phase is not SessionPhase.STOPPING,
            "one_more": self.session.extension_job() is not None,
            "export": not phase.is_busy and self.session.run is not None,
        }
        return allowed[action] if action in allowed else super().check_action(action, parameters)

    def action_new_run(self) -> None:
        """Ask for the settings, then train."""
        from mnist_tui.tui.screens.new_run import NewRunScreen  # more than the first frame needs

        self.app.push_screen(NewRunScreen(self.workspace), self._begin)

    def _begin(self, config: TrainConfig | None) -> None:
        if config is not None:
            self.workspace.form_config = config
            self.post_message(TrainRequested(NewRun(config, self.workspace.folders)))

    def action_pause(self) -> None:
        """Pause at once, with a checkpoint."""
        self.session.pause()
        self.session_changed()

    def action_resume(self) -> None:
        """Continue after a pause, or a run that was stopped or failed."""
        job = self.session.resume_job()
        if job is not None:
            self.post_message(TrainRequested(job))
            return
        self.session.resume()
        self.session_changed()

    def action_stop(self) -> None:
        """Stop, with a checkpoint."""
        self.session.stop()
        self.session_changed()

    def action_export(self) -> None:
        """Write the run's table of epochs, or its network, to a file."""
        from mnist_tui.tui.screens.run_actions import RunActions  # more than the first frame needs

        if self.session.run is not None:
            RunActions(self, self.workspace).start_for("export", self.session.run)

    def action_one_more(self) -> None:
        """Train the finished run for one more epoch."""
        job = self.session.extension_job()
        if job is not None:
            self.post_message(TrainRequested(job))
