"""What a network gets right and wrong: worked out in a thread of its own, without a trace on a training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

from mnist_tui.errors import ConfigError
from mnist_tui.events import RunFailed
from mnist_tui.training.snapshot import Snapshot
from mnist_tui.tui.trusting import failure
from mnist_tui.tui.workers.digit_reader import Networks, SavedNetwork

if TYPE_CHECKING:
    from torch import Tensor

    from mnist_tui.data.types import TestSet
    from mnist_tui.inference.evaluation import Evaluation
    from mnist_tui.inference.network import TrainedNetwork


@dataclass(frozen=True, eq=False)
class EvaluateRequest:
    """Which network to evaluate, and on what: on the test images of what it was trained on where `dataset` is empty."""

    network: Snapshot | SavedNetwork
    data_dir: Path
    dataset: str = ""


@dataclass(frozen=True, eq=False)
class EvaluateResult:
    """What came of it."""

    evaluation: Evaluation
    images: Tensor
    """(N, 1, 28, 28) uint8, those that the mistakes' numbers mean."""
    network: str
    """Which network it was, in words."""
    dataset: str


class EvaluationDone(Message):
    """From the thread: an evaluation, or why there is none."""

    def __init__(self, asked: EvaluateRequest, result: EvaluateResult | RunFailed) -> None:
        super().__init__()
        self.asked, self.result = asked, result


class Evaluator:
    """For one thread, which loads torch at the first question and keeps the test images."""

    def __init__(self) -> None:
        self._networks: Networks | None = None
        self._tested: TestSet | None = None
        self._tested_for: tuple[str, str] | None = None

    def evaluate(self, asked: EvaluateRequest) -> EvaluationDone:
        """Whatever goes wrong is in the message."""
        try:
            return EvaluationDone(asked, self._evaluated(asked))
        except BaseException as error:  # a person's own network may raise anything
            return EvaluationDone(asked, failure(error))

    def _evaluated(self, asked: EvaluateRequest) -> EvaluateResult:
        from mnist_tui.inference.evaluation import evaluate_logits

        self._networks = self._networks or Networks()
        network = self._networks.open(asked.network)
        tested = self._test_set(asked, network)
        if tested.classes != network.classes:
            raise ConfigError(
                f"{network.run} tells other classes apart than {tested.name} has",
                remedy="Choose another run, or its own dataset with d.",
            )
        evaluation = evaluate_logits(
            network.logits(tested.split.images), tested.split.labels, network.classes
        )
        return EvaluateResult(evaluation, tested.split.images, network.label, tested.name)

    def _test_set(self, asked: EvaluateRequest, network: TrainedNetwork) -> TestSet:
        """Read anew for another dataset, and always for drawings of one's own, to which some are added."""
        from mnist_tui.data.datasets import load_test_set
        from mnist_tui.data.types import MY_DIGITS

        trained_on = network.config.dataset
        wanted = (asked.dataset or trained_on, trained_on)
        if self._tested is None or wanted != self._tested_for or wanted[0] == MY_DIGITS:
            self._tested = load_test_set(wanted[0], asked.data_dir, trained_on=trained_on)
            self._tested_for = wanted
        return self._tested
