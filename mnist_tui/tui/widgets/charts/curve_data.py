"""The lines of the two charts: x in epochs, no more points than can be seen."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mnist_tui.events import EpochFinished, Progress
from mnist_tui.runs.history import RunHistory
from mnist_tui.runs.running_accuracy import AccuracyCourse
from mnist_tui.tui.history_cursors import EpochCursor, LossCursor
from mnist_tui.tui.widgets.charts.loss_trace import Floats, LossTrace, moving_average
from mnist_tui.tui.widgets.charts.plot import ChartLine
from mnist_tui.tui.widgets.charts.x_view import Extent, Span

_MARKERS: dict[str, str] = {"train": "", "validation": "◆", "test": "●"}
# The running accuracy over the first part of a later epoch is of too few images to continue the line of epochs.
_SETTLED = 0.1


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
        self._history = RunHistory()
        self._forget_epochs()
        self.steps = 0
        """Steps per epoch; 0 while unknown."""
        self.extent = Extent()
        """How far the run has come, and will go."""

    def read(self, history: RunHistory) -> None:
        self._history = history
        restart, rows = self._epochs.read_new(history)
        if restart:
            self._forget_epochs()
        for row in rows:
            self._add(row)
        self._trace.update(*self._losses.read_new(history))
        self.steps = _steps_per_epoch(history) or self.steps
        self.extent = Extent(_position(history, self.steps), float(_planned_epochs(history)))

    def loss_lines(self, span: Span, points: int, *, smoothing: bool) -> list[ChartLine]:
        """The training loss by batch, the others by epoch."""
        return [*self._train_loss(span, points, smoothing), *self._by_epoch(self._loss, span, points)]

    def accuracy_lines(self, span: Span, points: int) -> list[ChartLine]:
        """In percent. The training accuracy within epochs is faint, but in the first it is the line itself."""
        running = [course for epoch, course in self._history.running if epoch > 1]
        train = _crop(*self._train_accuracy(), span, points)
        return [
            ChartLine("raw", *_choose(*_join(running), span, points), joined=False),
            ChartLine("train", *train, filled=True),
            *self._by_epoch(self._accuracy, span, points),
            *self._best_in_view(span),
        ]

    def newest_losses(self) -> dict[str, float]:
        """Losses of the newest finished epoch, if there is one."""
        return {name: column.y[-1] for name, column in self._loss.items() if column.y}

    def newest_accuracies(self) -> dict[str, float]:
        """Accuracies of the newest finished epoch, in percent."""
        return {name: column.y[-1] for name, column in self._accuracy.items() if column.y}

    def _forget_epochs(self) -> None:
        names = ("train", "validation", "test")
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

    def _best_in_view(self, span: Span) -> list[ChartLine]:
        """The test accuracy of the best epoch, which is drawn last and so over its own marker."""
        if self._best is None or not span[0] <= self._best.epoch <= span[1]:
            return []
        y = np.array([100 * self._best.test_accuracy])
        return [ChartLine("best", np.array([float(self._best.epoch)]), y, "★")]

    def _train_accuracy(self) -> tuple[Floats, Floats]:
        """The course of epoch 1, which is not repeated in any number; the others at their ends; the last so far."""
        finished = self._accuracy["train"]
        parts = [_course(self._history.running.get(1)), _to_arrays(finished)]
        now = self._history.progress
        if now is not None and 1 < now.epoch > len(finished.x):
            x, y = _course(self._history.running.get(now.epoch))
            settled = x >= now.epoch - 1 + _SETTLED
            parts.append((x[settled], y[settled]))
        x, y = (np.concatenate(values) for values in zip(*parts, strict=True))
        return x, y

    def _train_loss(self, span: Span, points: int, smoothing: bool) -> list[ChartLine]:
        """A line of means over equally many batches; smoothed, with single batches behind it."""
        if not self.steps or not self._trace.steps:
            return [ChartLine("train", *_crop(*_to_arrays(self._loss["train"]), span, points), filled=True)]
        ends, means = self._trace.bins(max(span[0], 0) * self.steps, span[1] * self.steps, points)
        known = np.isfinite(means)
        ends, means = ends[known], means[known]
        x = ends / self.steps
        if not smoothing:
            return [ChartLine("train", x, means, filled=True)]
        raw = ChartLine("raw", x, self._trace.single(ends), joined=False)
        return [raw, ChartLine("train", x, moving_average(means), filled=True)]

    def _by_epoch(self, columns: dict[str, _Column], span: Span, points: int) -> list[ChartLine]:
        return [
            ChartLine(name, *_crop(*_to_arrays(columns[name]), span, points), _MARKERS[name])
            for name in ("validation", "test")
            if columns[name].x
        ]


def _position(history: RunHistory, steps: int) -> float:
    """How far the run has come, in epochs."""
    now = history.progress
    if now is not None and now.epoch > len(history.epochs):
        return now.epoch - 1 + (_share(now) if now.phase == "training" else 1.0)
    # Between two epochs, or stopped in the middle of one.
    return max(float(len(history.epochs)), len(history.batch_losses) / steps if steps else 0.0)


def _share(now: Progress) -> float:
    return now.step / max(now.steps, 1)


def _planned_epochs(history: RunHistory) -> int:
    if history.progress is not None:
        return history.progress.epochs
    return history.last.epochs if history.last is not None else 1


def _steps_per_epoch(history: RunHistory) -> int:
    now = history.progress
    if now is not None and now.phase == "training":
        return now.steps
    whole = len(history.epochs) + (now is not None)
    return round(len(history.batch_losses) / whole) if whole else 0


def _course(course: AccuracyCourse | None) -> tuple[Floats, Floats]:
    """In percent."""
    if course is None:
        return np.empty(0), np.empty(0)
    return np.array(course.x), 100 * np.array(course.y)


def _join(courses: list[AccuracyCourse]) -> tuple[Floats, Floats]:
    x, y = zip(*map(_course, courses), strict=True) if courses else ((np.empty(0),), (np.empty(0),))
    return np.concatenate(x), np.concatenate(y)


def _to_arrays(column: _Column) -> tuple[Floats, Floats]:
    return np.array(column.x, dtype=np.float64), np.array(column.y, dtype=np.float64)


def _choose(x: Floats, y: Floats, span: Span, points: int) -> tuple[Floats, Floats]:
    """Points that are in view, every so manyth where there are more than `points`."""
    inside = (x >= span[0]) & (x <= span[1])
    every = int(np.count_nonzero(inside)) // points + 1
    return x[inside][::every], y[inside][::every]


def _crop(x: Floats, y: Floats, span: Span, points: int) -> tuple[Floats, Floats]:
    """The part of a line that is in view, and one point more on either side, averaged to `points`."""
    known = np.isfinite(y)
    x, y = x[known], y[known]
    begin = max(0, int(np.searchsorted(x, span[0])) - 1)
    end = int(np.searchsorted(x, span[1], side="right")) + 1
    return _thin(x[begin:end], y[begin:end], span, points)


def _thin(x: Floats, y: Floats, span: Span, points: int) -> tuple[Floats, Floats]:
    """Means of the points that share one of so many stretches; the last is as it was, as its value is written there."""
    if len(x) <= points:
        return x, y
    stretches = np.floor((x - span[0]) / (span[1] - span[0]) * (points - 2))
    starts = np.append(0, np.flatnonzero(np.diff(stretches)) + 1)
    sizes = np.diff(np.append(starts, len(x)))
    thin_x, thin_y = np.add.reduceat(x, starts) / sizes, np.add.reduceat(y, starts) / sizes
    thin_x[-1], thin_y[-1] = x[-1], y[-1]
    return thin_x, thin_y
