"""Reads a drawing: which digit a network takes it for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from textual.message import Message

from mnist_tui.config import IMAGE_SIZE
from mnist_tui.errors import NoDigitError
from mnist_tui.events import RunFailed
from mnist_tui.runs import Run
from mnist_tui.training.snapshot import Snapshot
from mnist_tui.tui.canvas import Drawing, Pixels
from mnist_tui.tui.code_trust import describe_failure
from mnist_tui.tui.workers.networks import NetworkProvider, NetworkSource, live_label, saved_label

if TYPE_CHECKING:
    from mnist_tui.inference.network import TrainedNetwork
    from mnist_tui.inference.prediction import Prediction

# Less ink than this anywhere is a blank image.
_FAINTEST = 64


@dataclass(frozen=True, eq=False)
class ReadRequest:
    """A drawing, and the network to read it."""

    drawing: Drawing
    network: NetworkSource


@dataclass(frozen=True, eq=False)
class ReadResult:
    """The network's prediction, and the images it is of."""

    request: ReadRequest
    pixels: Pixels | None
    """(28, 28), for any network; None where nothing is drawn."""
    prediction: Prediction | None
    """None where nothing is drawn, or where there is no network."""
    input_pixels: Pixels | None = None
    """(28, 28): what this network gets of `pixels`, perhaps deskewed; None where nothing is drawn."""
    classes: tuple[str, ...] = ()
    dataset: str = ""
    """What the network was trained on."""
    network: str = ""
    """Which network it is, in words."""
    run: Run | None = None
    """Whose network it is; None for the one in training."""
    failed: RunFailed | None = None
    """Why there is no network."""


class DigitRead(Message):
    """From the thread that reads drawings."""

    def __init__(self, result: ReadResult) -> None:
        super().__init__()
        self.result = result


class DigitReader:
    """Reads drawings. For one thread, which loads torch at the first."""

    def __init__(self) -> None:
        self._networks: NetworkProvider | None = None

    def read(self, request: ReadRequest) -> ReadResult:
        """Never raises: the result says what went wrong."""
        pixels = None
        try:
            pixels = to_pixels(request.drawing)
            self._networks = self._networks or NetworkProvider()
            source, network = request.network, self._networks.open(request.network)
            run = None if isinstance(source, Snapshot) else self._networks.find_run(source)
            return _predict(request, pixels, network, run)
        except Exception as error:  # a user's own network may raise anything
            return ReadResult(request, pixels, None, pixels, failed=describe_failure(error))


def to_pixels(drawing: Drawing) -> Pixels | None:
    """(28, 28) as in MNIST; None where nothing is drawn."""
    from mnist_tui.data.pictures.mnist_format import canvas_to_mnist

    if drawing.is_mnist_format:
        pixels = drawing.ink.astype(np.uint8)
        return pixels if pixels.max() >= _FAINTEST else None
    try:
        return canvas_to_mnist(drawing.ink)
    except NoDigitError:
        return None


def _predict(request: ReadRequest, pixels: Pixels | None, network: TrainedNetwork, run: Run | None) -> ReadResult:
    import torch

    from mnist_tui.inference.prediction import prediction_from_logits

    prediction = input_pixels = None
    if pixels is not None:
        image = torch.from_numpy(pixels.copy()).view(1, 1, IMAGE_SIZE, IMAGE_SIZE)
        prediction = prediction_from_logits(network.logits(image), network.classes)
        input_pixels = network.input_pixels(image)[0, 0].numpy()
    label = live_label(request.network) if isinstance(request.network, Snapshot) else saved_label(network)
    dataset = network.config.dataset
    return ReadResult(request, pixels, prediction, input_pixels, network.classes, dataset, label, run)
