"""What a network makes of a drawing: worked out in a thread, with the live network or one that was kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mnist_tui.errors import NoDigitError, RunError
from mnist_tui.events import RunFailed
from mnist_tui.runs import Run
from mnist_tui.runs.find import newest_with_weights
from mnist_tui.training.snapshot import Snapshot
from mnist_tui.tui.trusting import failure
from mnist_tui.tui.widgets.drawing.canvas import PICTURE, Drawing

if TYPE_CHECKING:
    from mnist_tui.inference.network import TrainedNetwork
    from mnist_tui.inference.prediction import Prediction

Pixels = npt.NDArray[np.uint8]
NOTHING_TRAINED = "no network yet"
# Less ink than this anywhere is a blank picture.
_FAINTEST = 64


@dataclass(frozen=True)
class SavedNetwork:
    """A run's best weights, or its last where it has no best yet; of the newest run that has any where `run` is None.

    `moment` counts the times at which another run may have become the newest.
    """

    runs_dir: Path
    run: Run | None = None
    moment: int = 0


@dataclass(frozen=True, eq=False)
class ReadRequest:
    """A drawing, and who is to read it."""

    drawing: Drawing
    network: Snapshot | SavedNetwork


@dataclass(frozen=True, eq=False)
class ReadResult:
    """What came of it."""

    asked: ReadRequest
    pixels: Pixels | None
    """(28, 28), for any network; None where nothing is drawn."""
    answer: Prediction | None
    """None where nothing is drawn, or where there is no network."""
    seen: Pixels | None = None
    """(28, 28): what this network gets of `pixels`, which it may want upright; None where nothing is drawn."""
    classes: tuple[str, ...] = ()
    dataset: str = ""
    """What the network was trained on."""
    network: str = ""
    """Which one it was, in words."""
    failed: RunFailed | None = None
    """Why there is no network."""


class DigitReader:
    """Reads drawings. For one thread, which loads torch at the first."""

    def __init__(self) -> None:
        self._networks: Networks | None = None

    def read(self, asked: ReadRequest) -> ReadResult:
        """Whatever goes wrong is in the reading."""
        pixels = None
        try:
            pixels = pixels_of(asked.drawing)
            network = self._network(asked.network)
            return _read(asked, pixels, network)
        except Exception as error:  # a person's own network may raise anything
            return ReadResult(asked, pixels, None, pixels, failed=failure(error))

    def _network(self, wanted: Snapshot | SavedNetwork) -> TrainedNetwork:
        self._networks = self._networks or Networks()
        return self._networks.open(wanted)


def pixels_of(drawing: Drawing) -> Pixels | None:
    """(28, 28) as in MNIST; None where nothing is drawn."""
    from mnist_tui.data.pictures.mnist_format import canvas_to_mnist

    if drawing.is_framed:
        pixels = drawing.ink.astype(np.uint8)
        return pixels if pixels.max() >= _FAINTEST else None
    try:
        return canvas_to_mnist(drawing.ink)
    except NoDigitError:
        return None


def _read(asked: ReadRequest, pixels: Pixels | None, network: TrainedNetwork) -> ReadResult:
    import torch

    from mnist_tui.inference.prediction import prediction_from_logits

    said = seen = None
    if pixels is not None:
        image = torch.from_numpy(pixels.copy()).view(1, 1, PICTURE, PICTURE)
        said = prediction_from_logits(network.logits(image), network.classes)
        seen = network.input_pixels(image)[0, 0].numpy()
    return ReadResult(
        asked, pixels, said, seen, network.classes, network.config.dataset, _words(asked, network)
    )


def _words(asked: ReadRequest, network: TrainedNetwork) -> str:
    if isinstance(asked.network, Snapshot):
        moment = asked.network
        return f"live · epoch {moment.epoch}, step {moment.step:,} of {moment.steps:,} · {network.run}"
    epoch = "" if network.epoch is None else f", epoch {network.epoch}"
    return f"{network.weights}{epoch} · {network.run}"


class Networks:
    """The live one, and the one of a run that was opened last; for the thread that makes it."""

    def __init__(self) -> None:
        import torch

        from mnist_tui.inference.live import LiveNetwork

        # Two would spin for each other, and for those that train, longer than they compute. A thread that has
        # computed already, as a training has when it sets its own number, keeps its own.
        torch.set_num_threads(1)
        self._live = LiveNetwork()
        self._kept: TrainedNetwork | None = None
        self._opened: object = None
        self._newest: tuple[SavedNetwork, Run] | None = None

    def open(self, wanted: Snapshot | SavedNetwork) -> TrainedNetwork:
        """Raises RunError where there is none."""
        if isinstance(wanted, Snapshot):
            return self._live.load(wanted)
        run = wanted.run or self._newest_run(wanted)
        weights = run.saved_weights or "last"
        file = run.weights_file if weights == "best" else run.checkpoint_file
        opened = (file, _written(file))
        if self._kept is None or opened != self._opened:
            from mnist_tui.inference.network import load_trained

            self._kept, self._opened = load_trained(run, weights), opened
        return self._kept

    def _newest_run(self, wanted: SavedNetwork) -> Run:
        if self._newest is None or self._newest[0] != wanted:
            self._newest = (wanted, newest_trained(wanted.runs_dir))
        return self._newest[1]


def newest_trained(runs_dir: Path) -> Run:
    """The newest run that has weights. Raises RunError where there is none."""
    if run := newest_with_weights(runs_dir):
        return run
    raise RunError(NOTHING_TRAINED, remedy="Train one: press 1, then n.")


def _written(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0
