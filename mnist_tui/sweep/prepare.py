"""What all trials need, seen to once before the first of them: the dataset, and which device there is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mnist_tui.config import TrainConfig
from mnist_tui.errors import Interrupted
from mnist_tui.events import Event, Report
from mnist_tui.training.control import Control


@dataclass(frozen=True, kw_only=True)
class PreparationFinished(Event):
    """What `auto` means here."""

    dataset: str
    device: str


@dataclass(frozen=True)
class PreparationJob:
    """Fetch and check the dataset, so that the trials need not do it all at once, and look at the device."""

    config: TrainConfig
    data_dir: Path

    def __call__(self, control: Control, report: Report) -> None:
        """Reports PreparationFinished. Raises a MnistTuiError for what would fail in every trial."""
        from mnist_tui import models
        from mnist_tui.data import datasets
        from mnist_tui.data.types import SYNTHETIC
        from mnist_tui.training import hardware

        def answering(event: Event) -> None:
            if control.stop_reason:
                raise Interrupted(control.stop_reason)
            report(event)

        device = hardware.choose_device(self.config.device).type
        models.resolve(self.config.model)
        name: str = self.config.dataset
        if name != SYNTHETIC:  # drawn anew by each
            name = datasets.load_dataset(name, self.data_dir, report=answering).name
        report(PreparationFinished(dataset=name, device=device))
