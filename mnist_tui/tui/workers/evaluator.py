"""Evaluates a network on test images: what it gets right and wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mnist_tui.errors import ConfigError
from mnist_tui.runs import Run
from mnist_tui.training.snapshot import Snapshot
from mnist_tui.tui.workers.latest_worker import WorkerResult
from mnist_tui.tui.workers.networks import NetworkProvider, NetworkSource
from mnist_tui.tui.workers.test_images import TestImages

if TYPE_CHECKING:
    from torch import Tensor

    from mnist_tui.inference.evaluation import Evaluation
    from mnist_tui.inference.network import TrainedNetwork


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
    probabilities: Mapping[int, tuple[float, ...]]
    """Of all classes, for each mistake, by its index."""
    run: Run | None
    """Whose network it is."""
    label: str
    """Which network it is, in words, without whether it is still in training."""
    is_snapshot: bool
    """Whether it was in training then."""
    dataset: str
    is_own_dataset: bool
    """Whether these are the test images of what the network was trained on."""


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
        source, network = request.network, self._networks.open(request.network)
        trained_on = network.config.dataset
        images = self._test_images.load(request.dataset or trained_on, trained_on=trained_on)
        if images.classes != network.classes:
            raise ConfigError(
                f"{network.run} was trained on other classes than those of {images.name}",
                remedy="Choose another run with N, or its own dataset with i.",
            )
        split = images.split
        logits = network.logits(split.images)
        evaluation = evaluate_logits(logits, split.labels, network.classes)
        wrong = [mistake.index for mistake in evaluation.mistakes]
        return EvaluateResult(
            evaluation,
            split.images,
            dict(zip(wrong, map(tuple, logits[wrong].double().softmax(1).tolist()), strict=True)),
            source.run if isinstance(source, Snapshot) else self._networks.find_run(source),
            _label(source, network),
            isinstance(source, Snapshot),
            images.name,
            is_own_dataset=not request.dataset or request.dataset == trained_on,
        )


def _label(source: NetworkSource, network: TrainedNetwork) -> str:
    """`quick-s1 · best weights, epoch 3`, or of a network in training `quick-s1 · epoch 3`."""
    if not isinstance(source, Snapshot):
        return network.label
    within = "" if source.step == source.steps else f", step {source.step:,} of {source.steps:,}"
    return f"{network.run} · epoch {source.epoch}{within}"
