"""stub"""

from pathlib import Path
from mnist_tui.tui.screens.house import HouseScreen


class RunsScreen(HouseScreen):
    TAB = "runs"

    def __init__(self, runs_dir: Path):
        super().__init__()
