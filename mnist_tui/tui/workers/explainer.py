"""Explains what a network makes of one image: filters, feature maps, prediction, and a saliency map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mnist_tui.config import IMAGE_SHAPE
from mnist_tui.events import WeightsMoved
from mnist_tui.training.snapshot import Snapshot
from mnist_tui.tui.picked_image import PickedImage
from mnist_tui.tui.workers.latest_worker import WorkerResult
from mnist_tui.tui.workers.networks import NetworkProvider, NetworkSource, SavedNetwork, live_label
from mnist_tui.tui.workers.test_images import TestImages

if TYPE_CHECKING:
    from torch import Tensor

    from mnist_tui.data.types import Split
    from mnist_tui.inference.explain import ImageInspection, SaliencyMap
    from mnist_tui.inference.layer_images import Filters
    from mnist_tui.inference.network import TrainedNetwork

SaliencyMethod = Literal["occlusion", "gradient"]
SALIENCY_METHODS: tuple[SaliencyMethod, ...] = ("occlusion", "gradient")


@dataclass(frozen=True)
class ImageChoice:
    """The image to explain, and how: what the user chooses."""

    digit: int | None = None
    """Only images of this class, by its index; None for all."""
    place: int = 0
    """Which of those, from 0; beyond the last it begins again."""
    method: SaliencyMethod = "occlusion"
    given: PickedImage | None = None
    """An image in place of a test image, such as the user's drawing."""
    other: int | None = None
    """The class to explain beside the predicted one; None for the label of an image that is misread."""


@dataclass(frozen=True)
class ExplainRequest:
    """Which network to look into, and with which image."""

    network: NetworkSource
    choice: ImageChoice

    def is_same_choice(self, other: ExplainRequest | None) -> bool:
        """Whether they differ in nothing but how far the training is."""
        if other is None:
            return False
        if isinstance(self.network, Snapshot) and isinstance(other.network, Snapshot):
            return self.choice == other.choice
        return self == other


@dataclass(frozen=True, eq=False)
class ExplainedImage:
    """The image that the network was shown."""

    pixels: Tensor
    """(28, 28) uint8."""
    name: str
    """`Test image 9,729`, or what else it is."""
    label: int | None
    """The index of its class; None for a drawing."""
    number: int | None = None
    """Of a test image: its index."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """All that the Model screen shows of a network and an image."""

    label: str
    """Which network it is, in words."""
    classes: tuple[str, ...]
    image: ExplainedImage
    inspection: ImageInspection
    saliencies: tuple[SaliencyMap, ...]
    """For the predicted class, and for another one if there is one to compare it with."""
    weight_updates: Sequence[WeightsMoved]
    """How the weights moved, from the run's log; empty for a snapshot, whose run's events arrive live."""


@dataclass(frozen=True, eq=False)
class UntrainedNetwork:
    """What there is to show of a network before its training."""

    label: str
    filters: Filters | None


class ImageExplained(WorkerResult[ExplainRequest, Explanation | UntrainedNetwork]):
    """From the thread that explains."""


class Explainer:
    """For one thread, which loads torch at the first request."""

    def __init__(self, data_dir: Path) -> None:
        self._networks: NetworkProvider | None = None
        self._test_images = TestImages(data_dir)
        self._weight_updates: tuple[TrainedNetwork | None, Sequence[WeightsMoved]] = (None, ())

    def explain(self, request: ExplainRequest) -> Explanation | UntrainedNetwork:
        """Raises what opening the network or the data raises."""
        from mnist_tui.inference.explain import compute_saliency, find_filters, inspect_image
        from mnist_tui.inference.network import UNTRAINED

        self._networks = self._networks or NetworkProvider()
        network = self._networks.open(request.network)
        if network.weights == UNTRAINED:
            return UntrainedNetwork(network.label, find_filters(network.model))
        choice = request.choice
        image = self._choose_image(choice, network)
        inspection = inspect_image(network, image.pixels[None])
        saliencies = tuple(
            compute_saliency(network, image.pixels[None], label, choice.method)
            for label in _classes_to_explain(inspection.prediction.best.index, image, choice)
        )
        live = request.network if isinstance(request.network, Snapshot) else None
        return Explanation(
            network.label if live is None else live_label(live),
            network.classes,
            image,
            inspection,
            saliencies,
            () if isinstance(request.network, Snapshot) else self._read_weight_updates(request.network, network),
        )

    def _choose_image(self, choice: ImageChoice, network: TrainedNetwork) -> ExplainedImage:
        import torch

        given = choice.given
        if given is not None:
            pixels = torch.frombuffer(bytearray(given.pixels), dtype=torch.uint8).view(IMAGE_SHAPE[1:])
            return ExplainedImage(pixels, given.name, given.label)
        split = self._test_images.load(network.config.dataset).split
        number = _number(split, choice)
        return ExplainedImage(split.images[number, 0], f"Test image {number:,}", int(split.labels[number]), number)

    def _read_weight_updates(self, source: SavedNetwork, network: TrainedNetwork) -> Sequence[WeightsMoved]:
        """Once per network that is opened: a log may be long."""
        assert self._networks is not None  # the caller has opened the network
        if self._weight_updates[0] is not network:
            run = self._networks.find_run(source)
            self._weight_updates = (network, run.history().weight_updates if run else ())
        return self._weight_updates[1]


def _classes_to_explain(predicted: int, image: ExplainedImage, choice: ImageChoice) -> list[int]:
    """The predicted class, and the chosen other one or the label, unless that is the same."""
    other = image.label if choice.other is None else choice.other
    return [predicted] if other is None or other == predicted else [predicted, other]


def _number(split: Split, choice: ImageChoice) -> int:
    if choice.digit is None:
        return choice.place % len(split.images)
    members = (split.labels == choice.digit).nonzero()
    return int(members[choice.place % len(members)]) if len(members) else 0
