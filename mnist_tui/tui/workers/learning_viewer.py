"""What can be watched while a network learns: its answers to ten digits, its first filters, what it confuses."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mnist_tui.training.snapshot import Snapshot
from mnist_tui.tui.workers.latest_worker import WorkerResult
from mnist_tui.tui.workers.networks import NetworkProvider, SavedNetwork
from mnist_tui.tui.workers.test_images import TestImages

if TYPE_CHECKING:
    from torch import Tensor

    from mnist_tui.data.types import Split
    from mnist_tui.inference.digit_answers import Confusion, DigitAnswer
    from mnist_tui.inference.layer_images import Filters
    from mnist_tui.inference.network import TrainedNetwork
    from mnist_tui.runs import Run

# So many forward passes take as long as those of a hundred looks: the caller says when they may be made again.
CONFUSION_IMAGES = 500
# A dataset may have many classes.
MOST_ANSWERS = 10
MOST_MISTAKES = 3


@dataclass(frozen=True, eq=False)
class LearningRequest:
    """A moment of a training: its snapshot; or a run, to look at its saved network, for the end."""

    network: Snapshot | SavedNetwork
    renews_confusions: bool = True
    """Whether to find the confusions again, if the network is not the one of which they are known."""
    is_whole: bool = False
    """Whether to evaluate on all test images, as after the end: for all confusions and the worst mistakes."""


@dataclass(frozen=True)
class Moment:
    """Where a training was: in the epoch after `epoch` finished ones, `step` steps into it."""

    epoch: int
    step: int = 0


@dataclass(frozen=True, eq=False)
class WorstMistake:
    """A test image that is read wrong, though the network is sure."""

    pixels: Tensor
    """(28, 28) uint8."""
    truth: int
    predicted: int
    confidence: float


@dataclass(frozen=True, eq=False)
class LearningView:
    """What is seen at that moment."""

    classes: tuple[str, ...]
    answers: tuple[DigitAnswer, ...]
    """For the first test image of each class."""
    filters: Filters | None
    """Of the first layer; None if they cannot be shown as images."""
    first_filters: Filters | None
    """The same before the training."""
    confusions: tuple[Confusion, ...]
    """Among `confusion_images` test images, the most frequent first."""
    confusion_images: int
    confusions_at: Moment
    """When these were found."""
    mistakes: tuple[WorstMistake, ...] = ()
    """The most confident ones, if all test images were evaluated."""
    seconds: float = 0.0
    """What finding the confusions took of a processor; 0 if they were known."""


class LearningSeen(WorkerResult[LearningRequest, LearningView]):
    """From the thread that looks."""


class LearningViewer:
    """For one thread, which loads torch at the first request."""

    def __init__(self, data_dir: Path) -> None:
        self._networks: NetworkProvider | None = None
        self._test_images = TestImages(data_dir)
        self._run: Run | None = None
        self._first_filters: Filters | None = None
        self._confusions: tuple[Confusion, ...] = ()
        self._confusions_at: Moment | None = None
        self._mistakes: tuple[WorstMistake, ...] = ()

    def look(self, request: LearningRequest) -> LearningView:
        """Raises what opening the network or the data raises. Draws no random numbers of the training."""
        from mnist_tui.inference.digit_answers import answer_images, find_one_per_class
        from mnist_tui.inference.explain import find_filters

        self._networks = self._networks or NetworkProvider()
        network = self._networks.open(request.network)
        self._follow(request)
        split = self._test_images.load(network.config.dataset).split
        seconds = self._evaluate(network, split) if request.is_whole else self._find_confusions(request, network, split)
        assert self._confusions_at is not None  # they have been found at least once
        return LearningView(
            network.classes,
            answer_images(network, split, find_one_per_class(split.labels, len(network.classes))[:MOST_ANSWERS]),
            find_filters(network.model),
            self._first_filters,
            self._confusions,
            len(split.labels) if request.is_whole else min(CONFUSION_IMAGES, len(split.labels)),
            self._confusions_at,
            self._mistakes if request.is_whole else (),
            seconds,
        )

    def _evaluate(self, network: TrainedNetwork, split: Split) -> float:
        """Find the confusions and the worst mistakes among all images; returns the seconds that this took."""
        from mnist_tui.inference.digit_answers import list_confusions
        from mnist_tui.inference.evaluation import evaluate_logits

        begin = time.thread_time()
        evaluation = evaluate_logits(network.logits(split.images), split.labels, network.classes)
        self._confusions = list_confusions(evaluation.confusion)
        self._confusions_at = Moment(network.epoch or 0)
        self._mistakes = tuple(
            WorstMistake(split.images[one.index, 0], one.truth, one.predicted, one.confidence)
            for one in evaluation.mistakes[:MOST_MISTAKES]
        )
        return time.thread_time() - begin

    def _find_confusions(self, request: LearningRequest, network: TrainedNetwork, split: Split) -> float:
        """Find the confusions if they are unknown or may be renewed; returns the seconds that this took."""
        from mnist_tui.inference.digit_answers import find_confusions

        moment = Moment(network.epoch or 0)
        if isinstance(request.network, Snapshot) and request.network.step < request.network.steps:
            moment = Moment(moment.epoch, request.network.step)
        if moment == self._confusions_at or (self._confusions_at is not None and not request.renews_confusions):
            return 0.0
        begin = time.thread_time()
        self._confusions, self._confusions_at = find_confusions(network, split, limit=CONFUSION_IMAGES), moment
        return time.thread_time() - begin

    def _follow(self, request: LearningRequest) -> None:
        """Forget what belongs to another run, and build this one's first network once."""
        from mnist_tui.inference.explain import find_filters
        from mnist_tui.inference.network import build_network

        assert self._networks is not None  # the caller has opened the network
        source = request.network
        run = source.run if isinstance(source, Snapshot) else self._networks.find_run(source)
        if run is not None and run != self._run:
            self._run, self._confusions_at = run, None
            self._first_filters = find_filters(build_network(run)[0])
