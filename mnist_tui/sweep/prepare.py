"""What is prepared once for all trials: the dataset, and the choice of a device."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mnist_tui.config import TrainConfig
from mnist_tui.errors import Interrupted
from mnist_tui.events import Event, Report
from mnist_tui.training.control import Control


@dataclass(frozen=True, kw_only=True)
class PreparationFinished(Event):
    """What `auto` means on this machine."""

    dataset: str
    device: str


@dataclass(frozen=True)
class PreparationJob:
    """Fetch and check the dataset, so that the trials do not all do it at once, and choose the device."""

    config: TrainConfig
    data_dir: Path

    def __call__(self, control: Control, report: Report) -> None:
        """Report PreparationFinished. Raises a MnistTuiError for what would fail in every trial."""
        from mnist_tui import models
        from mnist_tui.data import datasets
        from mnist_tui.data.types import SYNTHETIC
        from mnist_tui.training import hardware

        def report_or_stop(event: Event) -> None:
            if control.stop_reason:
                raise Interrupted(control.stop_reason)
            report(event)

        device = hardware.choose_device(self.config.device).type
        models.resolve_spec(self.config.model)
        name: str = self.config.dataset
        if name != SYNTHETIC:  # drawn again by each
            name = datasets.load_dataset(name, self.data_dir, report=report_or_stop).name
        report(PreparationFinished(dataset=name, device=device))
