"""Screens that show one network: the one in training, a chosen run's, or else that of the newest finished run."""

from __future__ import annotations

from mnist_tui.events import RunFailed
from mnist_tui.runs import Run
from mnist_tui.training.snapshot import Snapshot
from mnist_tui.tui.code_trust import CodeUntrusted
from mnist_tui.tui.picked_image import PickedImage, Question
from mnist_tui.tui.screens.base import BaseScreen, is_on_top
from mnist_tui.tui.screens.dialogs.base import TrustDialog
from mnist_tui.tui.screens.dialogs.network import NetworkChoice, NetworkDialog
from mnist_tui.tui.workers.networks import SavedNetwork
from mnist_tui.tui.workspace import Workspace


class NetworkScreen(BaseScreen):
    """Subclasses bind a key to the action `network`. What is chosen holds for all of these screens."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._generation = 0
        self._unanswered: RunFailed | None = None
        """What the user was not asked about, because another screen was on top."""

    @property
    def chosen(self) -> Run | None:
        """The run whose network was chosen; None for the network in training, or else the newest."""
        return self.workspace.network

    def on_screen_resume(self) -> None:
        self.look_for_newer_runs()
        if self._unanswered is not None:
            self.call_after_refresh(self.ask_for_trust, self._unanswered)

    def look_for_newer_runs(self) -> None:
        """Another run may have become the newest."""
        self._generation += 1

    def live_network(self) -> Snapshot | None:
        """The network in training as it was a moment ago; None if another was chosen, or it has not begun."""
        is_shown = self.session.phase.is_busy and self.chosen is None
        return self.session.snapshot() if is_shown else None

    def saved_network(self) -> SavedNetwork:
        """The network of the chosen run, else of the session's run once it has ended, else of the newest run."""
        return SavedNetwork(self.workspace.folders.runs, self.chosen or self._ended_run(), generation=self._generation)

    def _ended_run(self) -> Run | None:
        """The run that has ended here, if it has finished an epoch."""
        run = None if self.session.phase.is_busy else self.session.run
        return run if run is not None and run.saved_weights == "best" else None

    async def explain(self, question: Question) -> None:
        """Open the Model screen with this question."""
        self.workspace.question = question
        await self.app.run_action("open('model')")

    async def lay_on_canvas(self, image: PickedImage) -> None:
        """Open the Draw screen with this image on its canvas."""
        self.workspace.image_to_draw = image
        await self.app.run_action("open('draw')")

    def action_network(self) -> None:
        self.app.push_screen(NetworkDialog(self.workspace.folders.runs, self.chosen), self._choose)

    def _choose(self, choice: NetworkChoice | None) -> None:
        if choice is not None:
            self.workspace.network = choice.run
            self.workspace.declined_code.clear()
            self._show_network()

    def _show_network(self) -> None:
        self.look_for_newer_runs()
        self.network_chosen()

    def network_chosen(self) -> None:
        """Show the network: of another run, or of the same one, whose code may be trusted now."""
        self.session_changed()

    def ask_for_trust(self, failed: RunFailed) -> None:
        """Ask once if a network needs the user's agreement; until then no code is run."""
        if not isinstance(failed, CodeUntrusted):
            return
        if not is_on_top(self):
            self._unanswered = failed  # the answer of a worker may be quicker than the screen comes up
            return
        self._unanswered = None
        code, declined = failed.code, self.workspace.declined_code
        if code.digest in declined:
            return
        declined.add(code.digest)

        def answer(yes: bool | None) -> None:
            if yes:
                code.trust()
                self._show_network()

        self.app.push_screen(TrustDialog(code), answer)
