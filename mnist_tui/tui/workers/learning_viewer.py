"""What can be watched while a network learns: its answers to ten digits, its first filters, what it confuses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mnist_tui.training.snapshot import Snapshot
from mnist_tui.tui.workers.latest_worker import WorkerResult
from mnist_tui.tui.workers.networks import NetworkProvider, SavedNetwork
from mnist_tui.tui.workers.test_images import TestImages

if TYPE_CHECKING:
    from mnist_tui.inference.digit_answers import Confusion, DigitAnswer
    from mnist_tui.inference.layer_images import Filters
    from mnist_tui.runs import Run

# So many forward passes once per epoch take less than a hundredth of the time of its training.
CONFUSION_IMAGES = 1000


@dataclass(frozen=True, eq=False)
class LearningRequest:
    """A moment of a training: its snapshot; or a run, to look at its saved network, for the end."""

    network: Snapshot | SavedNetwork


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
    """Among `CONFUSION_IMAGES` test images, the most frequent first."""
    confusions_epoch: int
    """After which epoch these were found, soon after its end; 0 within the first."""


class LearningSeen(WorkerResult[LearningRequest, LearningView]):
    """From the thread that looks."""


class LearningViewer:
    """For one thread, which loads torch at the first request."""

    def __init__(self, data_dir: Path) -> None:
        self._networks: NetworkProvider | None = None
        self._test_images = TestImages(data_dir)
        self._run: Run | None = None
        self._first_filters: Filters | None = None
        self._confusions: tuple[int, tuple[Confusion, ...]] | None = None

    def look(self, request: LearningRequest) -> LearningView:
        """Raises what opening the network or the data raises. Draws no random numbers of the training."""
        from mnist_tui.inference.digit_answers import answer_images, find_confusions, find_one_per_class
        from mnist_tui.inference.explain import find_filters

        self._networks = self._networks or NetworkProvider()
        network = self._networks.open(request.network)
        self._follow(request)
        split = self._test_images.load(network.config.dataset).split
        epoch = network.epoch or 0
        if self._confusions is None or self._confusions[0] != epoch:
            self._confusions = (epoch, find_confusions(network, split, limit=CONFUSION_IMAGES))
        return LearningView(
            network.classes,
            answer_images(network, split, find_one_per_class(split.labels, len(network.classes))),
            find_filters(network.model),
            self._first_filters,
            self._confusions[1],
            self._confusions[0],
        )

    def _follow(self, request: LearningRequest) -> None:
        """Forget what belongs to another run, and build this one's first network once."""
        from mnist_tui.inference.explain import find_filters
        from mnist_tui.inference.network import build_network

        assert self._networks is not None  # the caller has opened the network
        source = request.network
        run = source.run if isinstance(source, Snapshot) else self._networks.find_run(source)
        if run is not None and run != self._run:
            self._run, self._confusions = run, None
            self._first_filters = find_filters(build_network(run)[0])
