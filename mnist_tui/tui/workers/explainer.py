"""Explains what a network makes of one image: filters, feature maps, prediction, and a saliency map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mnist_tui.config import IMAGE_SHAPE
from mnist_tui.events import WeightsMoved
from mnist_tui.training.snapshot import Snapshot
from mnist_tui.tui.workers.latest_worker import WorkerResult
from mnist_tui.tui.workers.networks import NetworkProvider, NetworkSource, SavedNetwork
from mnist_tui.tui.workers.test_images import TestImages

if TYPE_CHECKING:
    from torch import Tensor

    from mnist_tui.data.types import Split
    from mnist_tui.inference.explain import ImageInspection, SaliencyMap
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
    drawing: bytes | None = None
    """The user's own, (28, 28) uint8, in place of a test image."""


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
    """A test image's number and class; of a drawing that it is one."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """All that the Model screen shows of a network and an image."""

    label: str
    """Which network it is, in words."""
    image: ExplainedImage
    inspection: ImageInspection
    saliency: SaliencyMap
    weight_updates: Sequence[WeightsMoved]
    """How the weights moved, from the run's log; empty for a snapshot, whose run's events arrive live."""


class ImageExplained(WorkerResult[ExplainRequest, Explanation]):
    """From the thread that explains."""


class Explainer:
    """For one thread, which loads torch at the first request."""

    def __init__(self, data_dir: Path) -> None:
        self._networks: NetworkProvider | None = None
        self._test_images = TestImages(data_dir)
        self._weight_updates: tuple[TrainedNetwork | None, Sequence[WeightsMoved]] = (None, ())

    def explain(self, request: ExplainRequest) -> Explanation:
        """Raises what opening the network or the data raises."""
        from mnist_tui.inference.explain import compute_saliency, inspect_image

        self._networks = self._networks or NetworkProvider()
        network = self._networks.open(request.network)
        image = self._choose_image(request.choice, network)
        inspection = inspect_image(network, image.pixels[None])
        best = inspection.prediction.best.index
        saliency = compute_saliency(network, image.pixels[None], best, request.choice.method)
        if isinstance(request.network, Snapshot):
            return Explanation(_live_label(request.network), image, inspection, saliency, ())
        weight_updates = self._read_weight_updates(request.network, network)
        return Explanation(network.label, image, inspection, saliency, weight_updates)

    def _choose_image(self, choice: ImageChoice, network: TrainedNetwork) -> ExplainedImage:
        import torch

        if choice.drawing is not None:
            pixels = torch.frombuffer(bytearray(choice.drawing), dtype=torch.uint8).view(IMAGE_SHAPE[1:])
            return ExplainedImage(pixels, "Your drawing")
        split = self._test_images.load(network.config.dataset).split
        number = _number(split, choice)
        label = network.classes[int(split.labels[number])]
        return ExplainedImage(split.images[number, 0], f"Image {number:,} · {label}")

    def _read_weight_updates(self, source: SavedNetwork, network: TrainedNetwork) -> Sequence[WeightsMoved]:
        """Once per network that is opened: a log may be long."""
        assert self._networks is not None  # the caller has opened the network
        if self._weight_updates[0] is not network:
            self._weight_updates = (network, self._networks.find_run(source).history().weight_updates)
        return self._weight_updates[1]


def _live_label(snapshot: Snapshot) -> str:
    """Without the run's name, which the title bar has."""
    return f"live weights, epoch {snapshot.epoch}, step {snapshot.step:,} of {snapshot.steps:,}"


def _number(split: Split, choice: ImageChoice) -> int:
    if choice.digit is None:
        return choice.place % len(split.images)
    members = (split.labels == choice.digit).nonzero()
    return int(members[choice.place % len(members)]) if len(members) else 0
