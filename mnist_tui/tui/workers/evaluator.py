"""Evaluates a network on test images: what it gets right and wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mnist_tui.errors import ConfigError
from mnist_tui.tui.workers.latest_worker import WorkerResult
from mnist_tui.tui.workers.networks import NetworkProvider, NetworkSource
from mnist_tui.tui.workers.test_images import TestImages

if TYPE_CHECKING:
    from torch import Tensor

    from mnist_tui.inference.evaluation import Evaluation


@dataclass(frozen=True, eq=False)
class EvaluateRequest:
    """Which network to evaluate on which test images: those of what it was trained on where `dataset` is empty."""

    network: NetworkSource
    dataset: str = ""


@dataclass(frozen=True, eq=False)
class EvaluateResult:
    """An evaluation, and what it is of."""

    evaluation: Evaluation
    images: Tensor
    """(N, 1, 28, 28) uint8, by the indices of the mistakes."""
    network: str
    """Which network it is, in words."""
    dataset: str


class EvaluationDone(WorkerResult[EvaluateRequest, EvaluateResult]):
    """From the thread that evaluates."""


class Evaluator:
    """For one thread, which loads torch at the first request."""

    def __init__(self, data_dir: Path) -> None:
        self._networks: NetworkProvider | None = None
        self._test_images = TestImages(data_dir)

    def evaluate(self, request: EvaluateRequest) -> EvaluateResult:
        """Raises what opening the network or the data raises, and ConfigError where their classes differ."""
        from mnist_tui.inference.evaluation import evaluate_logits

        self._networks = self._networks or NetworkProvider()
        network = self._networks.open(request.network)
        trained_on = network.config.dataset
        images = self._test_images.load(request.dataset or trained_on, trained_on=trained_on)
        if images.classes != network.classes:
            raise ConfigError(
                f"{network.run} was trained on other classes than those of {images.name}",
                remedy="Choose another run, or its own dataset with d.",
            )
        split = images.split
        evaluation = evaluate_logits(network.logits(split.images), split.labels, network.classes)
        return EvaluateResult(evaluation, split.images, network.label, images.name)
