"""Looks into a network for the Model screen: whose weights, which test image, what layers make of it. No widgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mnist_tui.errors import MnistTuiError
from mnist_tui.events import RunFailed, WeightsMoved
from mnist_tui.runs import Run
from mnist_tui.runs.find import newest_with_weights
from mnist_tui.training.jobs import Folders
from mnist_tui.training.snapshot import Snapshot
from mnist_tui.tui.trusting import failure

if TYPE_CHECKING:
    from torch import Tensor

    from mnist_tui.data.types import Split
    from mnist_tui.inference.explain import ImageInspection, SaliencyMap
    from mnist_tui.inference.live import LiveNetwork
    from mnist_tui.inference.network import TrainedNetwork

Method = Literal["occlusion", "gradient"]


@dataclass(frozen=True)
class ExplainRequest:
    """What to look at. Without a snapshot and a run: the newest run of the model `spec` that has weights."""

    spec: str
    run: Run | None
    snapshot: Snapshot | None
    digit: int | None
    """Only images of this class, by its number; None for all."""
    place: int
    """Which of those, from 0; beyond the last it begins anew."""
    method: Method
    drawing: bytes | None = None
    """A person's own, (28, 28) uint8, in place of a test image."""

    def but_for_the_moment(self) -> tuple[object, ...]:
        """What a person has chosen: all but how far the training is."""
        chosen = (self.digit, self.place) if self.drawing is None else self.drawing
        return (self.spec, self.run, self.snapshot is None, chosen, self.method)


@dataclass(frozen=True, eq=False)
class SeenImage:
    """What the network was shown."""

    pixels: Tensor
    """(28, 28) uint8."""
    name: str
    """Of a test image its number and what it shows; of a drawing that it is one."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """What was looked at."""

    wish: ExplainRequest
    label: str
    """Whose weights."""
    image: SeenImage
    insight: ImageInspection
    looked: SaliencyMap
    weight_updates: Sequence[WeightsMoved]
    """How the weights moved, from the run's log; empty for a snapshot, whose run is told of as it happens."""


class Explainer:
    """For one thread at a time. Keeps the test images and the network from one look to the next."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._images: tuple[str, Split] | None = None
        self._live: LiveNetwork | None = None
        self._trained: tuple[tuple[Path, int], TrainedNetwork] | None = None
        self._movements: Sequence[WeightsMoved] = ()

    def look(self, wish: ExplainRequest) -> Explanation | RunFailed:
        """Loads torch at the first call, and the images of a dataset at the first look at them."""
        try:
            return self._look(wish)
        except Exception as error:  # a person's own network may raise anything
            return failure(error)

    def _look(self, wish: ExplainRequest) -> Explanation:
        import torch

        from mnist_tui.inference.explain import compute_saliency, inspect_image

        # With OpenMP it counts for this thread alone. More threads than cores, beside a training, wait for each other.
        if torch.backends.openmp.is_available():
            torch.set_num_threads(1)
        network = self._network(wish)
        image = self._image(wish, network)
        insight = inspect_image(network, image.pixels[None])
        looked = compute_saliency(network, image.pixels[None], insight.prediction.best.index, wish.method)
        weight_updates = self._movements if wish.snapshot is None else ()
        return Explanation(wish, _label(network, wish.snapshot), image, insight, looked, weight_updates)

    def _image(self, wish: ExplainRequest, network: TrainedNetwork) -> SeenImage:
        import torch

        if wish.drawing is not None:
            pixels = torch.frombuffer(bytearray(wish.drawing), dtype=torch.uint8).view(28, 28)
            return SeenImage(pixels, "Your drawing")
        split = self._split(network.config.dataset)
        number = _chosen(split, wish)
        truth = network.classes[int(split.labels[number])]
        return SeenImage(split.images[number, 0], f"Image {number:,} · {truth}")

    def _network(self, wish: ExplainRequest) -> TrainedNetwork:
        if wish.snapshot is not None:
            from mnist_tui.inference.live import LiveNetwork

            self._live = self._live or LiveNetwork()
            return self._live.load(wish.snapshot)
        return self._best_of(wish.run or self._newest_of(wish.spec))

    def _best_of(self, run: Run) -> TrainedNetwork:
        """Opened anew when the file is another."""
        from mnist_tui.inference.network import load_trained

        try:
            key = (run.weights_file, run.weights_file.stat().st_mtime_ns)
        except OSError:
            raise _nothing_yet(f"Run {run.name} has no weights yet.") from None
        if self._trained is None or self._trained[0] != key:
            self._trained, self._movements = (key, load_trained(run)), run.history().weight_updates
        return self._trained[1]

    def _newest_of(self, spec: str) -> Run:
        from mnist_tui.models import resolve

        if run := newest_with_weights(self._folders.runs, best_of=resolve(spec).spec):
            return run
        raise _nothing_yet("This network has not been trained yet.")

    def _split(self, dataset: str) -> Split:
        if self._images is None or self._images[0] != dataset:
            from mnist_tui.data.datasets import load_test_set

            found = load_test_set(dataset, self._folders.data, trained_on=dataset)
            self._images = (dataset, found.split)
        return self._images[1]


def _label(network: TrainedNetwork, snapshot: Snapshot | None) -> str:
    """Without the run's name while it is trained: the title bar tells of that run already."""
    if snapshot is None:
        return network.label
    return f"live weights, epoch {snapshot.epoch}, step {snapshot.step:,} of {snapshot.steps:,}"


class NothingToExplainError(MnistTuiError):
    """There are no weights yet."""


def _nothing_yet(message: str) -> NothingToExplainError:
    return NothingToExplainError(
        message, remedy="Train it (1, then n), and look again after its first steps."
    )


def _chosen(split: Split, wish: ExplainRequest) -> int:
    if wish.digit is None:
        return wish.place % len(split.images)
    members = (split.labels == wish.digit).nonzero()
    return int(members[wish.place % len(members)]) if len(members) else 0
