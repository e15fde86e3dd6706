"""A screen that shows one network: the one that goes without saying, or a run's that was chosen."""

from __future__ import annotations

from mnist_tui.runs import Run
from mnist_tui.tui.screens.house import HouseScreen
from mnist_tui.tui.screens.network_dialog import NetworkChoice, NetworkDialog


class ChoosingScreen(HouseScreen):
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
            self.network_chosen()

    def network_chosen(self) -> None:
        """Another one, perhaps."""
        self.session_changed()
