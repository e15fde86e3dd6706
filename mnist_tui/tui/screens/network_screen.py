"""A screen that shows one network: the one that goes without saying, or a run's that was chosen."""

from __future__ import annotations

from mnist_tui.events import RunFailed
from mnist_tui.runs import Run
from mnist_tui.tui.screens.base import BaseScreen
from mnist_tui.tui.screens.dialogs.network import NetworkChoice, NetworkDialog
from mnist_tui.tui.screens.dialogs.trust import TrustDialog
from mnist_tui.tui.screens.on_top import is_on_top
from mnist_tui.tui.trusting import CodeUnknown


class NetworkScreen(BaseScreen):
    """Subclasses bind a key to `network`."""

    def __init__(self) -> None:
        super().__init__()
        self.chosen: Run | None = None
        """Whose network was chosen; None for the one in training, or else the newest."""

    def action_network(self) -> None:
        """Choose the network."""
        self.app.push_screen(NetworkDialog(self.dashboard.folders.runs, self.chosen), self._choose)

    def _choose(self, choice: NetworkChoice | None) -> None:
        if choice is not None:
            self.chosen = choice.run
            self.dashboard.refused_code.clear()
            self.network_chosen()

    def network_chosen(self) -> None:
        """Handle a possibly different run, or one that may be opened now."""
        self.session_changed()

    def ask_for_trust(self, failed: RunFailed) -> None:
        """Ask once if a network needs the user's agreement; until then no code is run."""
        if not isinstance(failed, CodeUnknown) or not is_on_top(self):
            return
        code, refused = failed.code, self.dashboard.refused_code
        if code.digest in refused:
            return
        refused.add(code.digest)

        def answered(yes: bool | None) -> None:
            if yes:
                code.trust()
                self.network_chosen()

        self.app.push_screen(TrustDialog(code), answered)
