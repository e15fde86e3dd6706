"""Screens that show one network: a chosen run's, or else the one in training or the newest."""

from __future__ import annotations

from mnist_tui.events import RunFailed
from mnist_tui.runs import Run
from mnist_tui.tui.code_trust import CodeUntrusted
from mnist_tui.tui.screens.base import BaseScreen, is_on_top
from mnist_tui.tui.screens.dialogs.base import TrustDialog
from mnist_tui.tui.screens.dialogs.network import NetworkChoice, NetworkDialog
from mnist_tui.tui.workers.networks import SavedNetwork
from mnist_tui.tui.workspace import Workspace


class NetworkScreen(BaseScreen):
    """Subclasses bind a key to the action `network`."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self.chosen: Run | None = None
        """The run whose network was chosen; None for the network in training, or else the newest."""
        self._generation = 0

    def on_screen_resume(self) -> None:
        self.look_for_newer_runs()

    def look_for_newer_runs(self) -> None:
        """Another run may have become the newest."""
        self._generation += 1

    def saved_network(self, run: Run | None = None, *, model: str = "") -> SavedNetwork:
        """The network of the chosen run, else of `run`, else of the newest run, of this model unless it is ""."""
        return SavedNetwork(self.workspace.folders.runs, self.chosen or run, model, self._generation)

    def action_network(self) -> None:
        self.app.push_screen(NetworkDialog(self.workspace.folders.runs, self.chosen), self._choose)

    def _choose(self, choice: NetworkChoice | None) -> None:
        if choice is not None:
            self.chosen = choice.run
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
        if not isinstance(failed, CodeUntrusted) or not is_on_top(self):
            return
        code, declined = failed.code, self.workspace.declined_code
        if code.digest in declined:
            return
        declined.add(code.digest)

        def answer(yes: bool | None) -> None:
            if yes:
                code.trust()
                self._show_network()

        self.app.push_screen(TrustDialog(code), answer)
