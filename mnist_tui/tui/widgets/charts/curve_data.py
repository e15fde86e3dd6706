"""The lines of the two charts: x in epochs, no more points than can be seen."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mnist_tui.events import EpochFinished, Progress
from mnist_tui.runs.history import RunHistory
from mnist_tui.tui.history_cursors import EpochCursor, LossCursor
from mnist_tui.tui.widgets.charts.chart import AxisLimits, ChartLine, LineName, XRange
from mnist_tui.tui.widgets.charts.loss_trace import Floats, LossTrace

_MARKERS: dict[LineName, str] = {"train": "", "validation": "◆", "test": "●", "best": "★"}
# The accuracy over the first part of an epoch is of too few images.
_SETTLED = 0.1
_MOST_RUNNING_POINTS = 512
_LEAST_LOSS = 1e-6
# The loss of ten equally likely digits: the top of an axis without data.
_UNTRAINED = 2.3


@dataclass
class _Column:
    """One column of the epoch table, against the epoch."""

    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)

    def add(self, x: float, y: float | None) -> None:
        if y is not None:
            self.x.append(x)
            self.y.append(y)


class CurveData:
    """Reads a run's new events and keeps what the charts need."""

    def __init__(self) -> None:
        self._epochs, self._losses = EpochCursor(), LossCursor()
        self._trace = LossTrace()
        self._running: list[tuple[float, float]] = []
        self._forget_epochs()
        self.steps = 0
        """Steps per epoch; 0 while unknown."""
        self.epochs = 0.0
        """How far the run has come, in epochs."""

    def read(self, history: RunHistory) -> None:
        restart, rows = self._epochs.read_new(history)
        if restart:
            self._forget_epochs()
        for row in rows:
            self._add(row)
        self._trace.update(*self._losses.read_new(history))
        self.steps = _steps_per_epoch(history) or self.steps
        self._follow(history.progress, len(history.epochs))

    def loss_lines(self, span: XRange, points: int, *, smoothing: bool) -> list[ChartLine]:
        """The training loss by batch, the others by epoch."""
        return [
            _crop("train", *self._train_loss(span, points, smoothing), span, points),
            *self._by_epoch(self._loss, span, points),
        ]

    def accuracy_lines(self, span: XRange, points: int) -> list[ChartLine]:
        """In percent; the running epoch as far as it has come, and a star on the best one."""
        train = self._accuracy["train"]
        running = np.array(self._running).reshape(-1, 2).T
        x, y = np.append(train.x, running[0]), np.append(train.y, running[1])
        train_line = _crop("train", x, y, span, points)
        return [train_line, *self._by_epoch(self._accuracy, span, points), *self._best_in_view(span)]

    def newest_losses(self) -> dict[LineName, float]:
        """Losses of the newest finished epoch, if there is one."""
        return {name: column.y[-1] for name, column in self._loss.items() if column.y}

    def newest_accuracies(self) -> dict[LineName, float]:
        """Accuracies of the newest finished epoch, in percent."""
        return {name: column.y[-1] for name, column in self._accuracy.items() if column.y}

    def _forget_epochs(self) -> None:
        names: tuple[LineName, ...] = ("train", "validation", "test")
        self._loss = {name: _Column() for name in names}
        self._accuracy = {name: _Column() for name in names}
        self._best: EpochFinished | None = None

    def _add(self, row: EpochFinished) -> None:
        self._best = row if row.best else self._best
        loss, accuracy = self._loss, self._accuracy
        loss["train"].add(row.epoch, row.train_loss)
        loss["test"].add(row.epoch, row.test_loss)
        loss["validation"].add(row.epoch, row.validation_loss)
        accuracy["train"].add(row.epoch, 100 * row.train_accuracy)
        accuracy["test"].add(row.epoch, 100 * row.test_accuracy)
        if row.validation_accuracy is not None:
            accuracy["validation"].add(row.epoch, 100 * row.validation_accuracy)

    def _best_in_view(self, span: XRange) -> list[ChartLine]:
        """The test accuracy of the best epoch, which is drawn last and so over its own marker."""
        if self._best is None or not span[0] <= self._best.epoch <= span[1]:
            return []
        y = np.array([100 * self._best.test_accuracy])
        return [ChartLine("best", np.array([float(self._best.epoch)]), y, _MARKERS["best"])]

    def _follow(self, progress: Progress | None, finished: int) -> None:
        """Keep the running accuracy of this epoch, thinned out, until the epoch ends."""
        if progress is None or progress.epoch <= finished:
            self.epochs = float(finished)
            self._running = []
            return
        share = progress.step / max(progress.steps, 1) if progress.phase == "training" else 1.0
        self.epochs = progress.epoch - 1 + share
        if self._running and not progress.epoch - 1 < self._running[-1][0] <= self.epochs:
            self._running = []
        if share >= _SETTLED:
            self._running.append((self.epochs, 100 * progress.accuracy))
        if len(self._running) > _MOST_RUNNING_POINTS:
            self._running = self._running[::2]

    def _train_loss(self, span: XRange, points: int, smoothing: bool) -> tuple[Floats, Floats]:
        if not self.steps or not self._trace.steps:
            return _to_arrays(self._loss["train"])
        window = self.steps if smoothing else 0
        first, last = max(span[0], 0) * self.steps, span[1] * self.steps
        ends, means = self._trace.curve(first, last, points, window)
        return ends / self.steps, means

    def _by_epoch(self, columns: dict[LineName, _Column], span: XRange, points: int) -> list[ChartLine]:
        return [
            _crop(name, *_to_arrays(columns[name]), span, points) for name in ("validation", "test") if columns[name].x
        ]


def loss_limits(lines: list[ChartLine], epochs: float) -> AxisLimits:
    """From 0 to the highest loss, but of the first batches, which would flatten the rest."""
    settled = min(1.0, epochs / 4)
    tops = [line.y[line.x >= settled].max(initial=0.0) for line in lines]
    return AxisLimits(0, whole_epochs(epochs), 0, 1.05 * float(max(tops, default=0.0)) or _UNTRAINED)


def log_lines(lines: list[ChartLine]) -> list[ChartLine]:
    """The same lines for a logarithmic axis."""
    return [ChartLine(line.name, line.x, np.log10(np.maximum(line.y, _LEAST_LOSS)), line.marker) for line in lines]


def log_limits(lines: list[ChartLine], epochs: float) -> AxisLimits:
    """The extent of the curves."""
    low, high = _extent(lines, (-2.0, 0.5), margin=0.06, least=0.05)
    return AxisLimits(0, whole_epochs(epochs), low, high)


def accuracy_limits(lines: list[ChartLine], epochs: float) -> AxisLimits:
    """The extent of the curves, up to 100 %; the whole scale in the first epoch."""
    if epochs < 1:
        return AxisLimits(0, 1, 0, 100)
    low, high = _extent(lines, (0.0, 100.0), margin=0.0, least=0.25)
    return AxisLimits(0, whole_epochs(epochs), max(low, 0.0), min(high, 100.0))


def _extent(lines: list[ChartLine], otherwise: XRange, *, margin: float, least: float) -> XRange:
    """From just below the lowest to just above the highest point."""
    values = np.concatenate([line.y for line in lines])
    if not len(values):
        return otherwise
    low, high = float(values.min()), float(values.max())
    air = max(margin * (high - low), least)
    return low - air, high + air


def whole_epochs(epochs: float) -> float:
    """The end of the x axis: that of the running epoch."""
    return float(max(1, np.ceil(epochs - 1e-9)))


def _steps_per_epoch(history: RunHistory) -> int:
    now = history.progress
    if now is not None and now.phase == "training":
        return now.steps
    whole = len(history.epochs) + (now is not None)
    return round(len(history.batch_losses) / whole) if whole else 0


def _to_arrays(column: _Column) -> tuple[Floats, Floats]:
    return np.array(column.x, dtype=np.float64), np.array(column.y, dtype=np.float64)


def _crop(name: LineName, x: Floats, y: Floats, span: XRange, points: int) -> ChartLine:
    """The part of a line that is in view, and one point more on either side, averaged to `points`."""
    known = np.isfinite(y)
    x, y = x[known], y[known]
    begin = max(0, int(np.searchsorted(x, span[0])) - 1)
    end = int(np.searchsorted(x, span[1], side="right")) + 1
    return ChartLine(name, *_thin(x[begin:end], y[begin:end], points), _MARKERS[name])


def _thin(x: Floats, y: Floats, points: int) -> tuple[Floats, Floats]:
    """Means of neighbors where there are more points than can be seen."""
    if len(x) <= points:
        return x, y
    starts = np.linspace(0, len(x), points, endpoint=False).astype(np.int64)
    sizes = np.diff(np.append(starts, len(x)))
    return np.add.reduceat(x, starts) / sizes, np.add.reduceat(y, starts) / sizes
