"""Train: start, watch, pause, stop and extend a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import ContentSwitcher

from mnist_tui.training.jobs import NewRun
from mnist_tui.tui.keys import bind
from mnist_tui.tui.screens.base import BaseScreen
from mnist_tui.tui.session import Session, SessionPhase
from mnist_tui.tui.widgets.frame.loading import LoadingPanel
from mnist_tui.tui.widgets.frame.welcome import Welcome
from mnist_tui.tui.widgets.runs.run_view import RunView
from mnist_tui.tui.workspace import TrainRequested, Workspace

if TYPE_CHECKING:
    from mnist_tui.config import TrainConfig


class TrainScreen(BaseScreen):
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
    ]

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._shown = -1
        self._stopping = False

    def body(self) -> ComposeResult:
        with ContentSwitcher(initial="welcome"):
            yield Welcome(id="welcome")
            yield LoadingPanel(id="loading")
            yield RunView(id="run")

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

    def _draw_run(self, session: Session) -> None:
        view = self.query_one(RunView)
        if self._shown != session.generation:
            self._shown = session.generation
            view.show(session.history)
        else:
            view.advance(session.history)
        if self._stopping != (session.phase is SessionPhase.STOPPING):
            self._stopping = not self._stopping
            view.show_stopping(self._stopping)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only the keys that do something now."""
        phase = self.session.phase
        allowed = {
            "new_run": not phase.is_busy,
            "pause": phase in (SessionPhase.TRAINING, SessionPhase.EVALUATING),
            "resume": phase in (SessionPhase.PAUSED, SessionPhase.PAUSING) or self.session.resume_job() is not None,
            "stop": phase.is_busy and phase is not SessionPhase.STOPPING,
            "one_more": self.session.extension_job() is not None,
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

    def action_one_more(self) -> None:
        """Train the finished run for one more epoch."""
        job = self.session.extension_job()
        if job is not None:
            self.post_message(TrainRequested(job))
