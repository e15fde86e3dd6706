"""A network's prediction for a drawing: the digit in large, and a bar per class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.content import Content
from textual.events import Resize

from mnist_tui.events import RunFailed
from mnist_tui.render import formatting
from mnist_tui.render.predictions import block_bar
from mnist_tui.tui.widgets.drawing import big_digit
from mnist_tui.tui.widgets.frame.text_lines import Line, TextLines
from mnist_tui.tui.workers.networks import NO_NETWORK

if TYPE_CHECKING:
    from mnist_tui.inference.prediction import ClassProbability, Prediction
    from mnist_tui.tui.workers.digit_reader import ReadResult

_WAITING = "Loading torch, which takes a second or two."
_KEYS = "w why · ⏎ label & save"
_NOTHING = "Draw a digit: hold the left mouse button, or press space and move the pen with the arrow keys."

# The component classes of both widgets.
_SURE, _UNSURE, _STRONG, _PLAIN, _NOTE = (f"answer--{word}" for word in ("sure", "unsure", "strong", "plain", "note"))
_MUTED, _ERROR, _KEY = "answer--muted", "answer--error", "answer--key"
_BAR_SURE, _BAR_UNSURE, _BAR_WRONG, _BAR, _TRACK = (
    f"bar--{word}" for word in ("sure", "unsure", "wrong", "other", "track")
)
_IS_LABEL = " label"


class PredictionLine(TextLines):
    """The prediction, as large as there is room for, or why there is none."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {_SURE, _UNSURE, _STRONG, _PLAIN, _NOTE, _MUTED, _ERROR, _KEY}
    DEFAULT_CSS = """
    PredictionLine {
        padding: 0 1;
        & > .answer--sure { color: $text-success; text-style: bold; }
        & > .answer--unsure { color: $text-warning; text-style: bold; }
        & > .answer--error { color: $text-error; text-style: bold; }
        & > .answer--strong { text-style: bold; }
        & > .answer--note { color: $muted; }
        & > .answer--muted { color: $text-muted; }
        & > .answer--key { color: $text-accent; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._result: ReadResult | None = None

    def show(self, result: ReadResult | None) -> None:
        """Draw the prediction; None before the first."""
        self._result = result
        self._arrange()

    def on_resize(self, event: Resize) -> None:
        self._arrange()

    def _arrange(self) -> None:
        """A large digit with words beside it, centered vertically."""
        width, height = self.content_size
        character, style, lines = _describe(self._result)
        scale = big_digit.scale_for(width // 2, height)
        glyph = big_digit.draw(character, scale)
        room = width - (len(glyph[0]) + 2 if glyph else 0)
        beside = _wrap(lines, room, height)
        if glyph:
            beside = [()] * ((len(glyph) - len(beside)) // 2) + beside
            rows = max(len(glyph), len(beside))
            glyph += [" " * len(glyph[0])] * (rows - len(glyph))
            beside += [()] * (rows - len(beside))
            beside = [((row, style), ("  ", style), *line) for row, line in zip(glyph, beside, strict=True)]
        above = max(0, (height - len(beside)) // 2)
        self.show_lines([()] * above + beside)


def _describe(result: ReadResult | None) -> tuple[str, str, list[Line]]:
    """The large character, or "", its style, and the lines beside it."""
    if result is None:
        return "", _PLAIN, [((_WAITING, _MUTED),)]
    if result.failed is not None:
        return "", _PLAIN, _failure(result.failed)
    if result.prediction is None:
        return "", _PLAIN, [(("Nothing is drawn yet.", _STRONG),), ((_NOTHING, _NOTE),)]
    prediction = result.prediction
    if not prediction.is_confident:
        return "?", _UNSURE, [(("not sure", _UNSURE),), ((_top_two(prediction), _NOTE),), ((_KEYS, _KEY),)]
    best = prediction.best
    name: list[Line] = [] if big_digit.draw(best.name) else [((best.name, _SURE),)]
    return (
        best.name,
        _SURE,
        [
            *name,
            ((formatting.percent(best.probability, 1), _STRONG),),
            ((_others(prediction), _NOTE),),
            ((_KEYS, _KEY),),
        ],
    )


def _failure(failed: RunFailed) -> list[Line]:
    # To have no network yet is no failure.
    style = _STRONG if failed.message == NO_NETWORK else _ERROR
    return [((failed.message, style),), ((failed.remedy, _NOTE),)]


def _top_two(prediction: Prediction) -> str:
    return "perhaps " + " or ".join(map(_class_text, prediction.top[:2]))


def _others(prediction: Prediction) -> str:
    return "next: " + ", ".join(map(_class_text, prediction.top[1:]))


def _class_text(likely: ClassProbability) -> str:
    return f"{likely.name} ({formatting.percent(likely.probability, 1)})"


def _wrap(lines: Sequence[Line], width: int, height: int) -> list[Line]:
    """Wrap to the width and cut to the height; a line of several spans is short."""
    return [part for line in lines for part in _wrap_line(line, max(width, 8))][: max(height, 1)]


def _wrap_line(line: Line, width: int) -> list[Line]:
    if len(line) != 1 or len(line[0][0]) <= width // 2:
        return [line]
    text, style = line[0]
    return [((part.plain, style),) for part in Content(text).wrap(width)]


class ProbabilityBars(TextLines):
    """One row per class, or two where there is room; where there is not even one for each, only the likeliest."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(_BAR_SURE, _BAR_UNSURE, _BAR_WRONG, _BAR, _TRACK),
        *(_SURE, _STRONG, _PLAIN, _NOTE),
    }
    DEFAULT_CSS = """
    ProbabilityBars {
        padding: 0 1;
        & > .bar--sure { color: $success; }
        & > .bar--unsure { color: $warning; }
        & > .bar--wrong { color: $error; }
        & > .bar--other { color: $primary; }
        & > .bar--track { color: $guide; }
        & > .answer--sure { color: $text-success; text-style: bold; }
        & > .answer--strong { text-style: bold; }
        & > .answer--note { color: $muted; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._names: tuple[str, ...] = tuple("0123456789")
        self._probabilities: tuple[float, ...] | None = None
        self._is_sure = False
        self._label: int | None = None

    def show(self, result: ReadResult | None) -> None:
        """Draw the probabilities; empty bars where there is no prediction."""
        prediction = result.prediction if result else None
        self._names = result.classes if result and result.classes else self._names
        self._probabilities = prediction.probabilities if prediction else None
        self._is_sure = prediction is not None and prediction.is_confident
        self._arrange()

    def show_mistake(self, names: Sequence[str], probabilities: tuple[float, ...], label: int) -> None:
        """Draw the probabilities for an image that is misread, and mark its label."""
        self._names, self._probabilities, self._label = tuple(names), probabilities, label
        self._arrange()

    def on_resize(self, event: Resize) -> None:
        self._arrange()

    def _arrange(self) -> None:
        """Bars as wide as there is room for."""
        width, height = self.content_size
        name_width = min(max(map(len, self._names)), max(1, width // 3))
        room = max(1, width - name_width - 5 - (len(_IS_LABEL) if self._label is not None else 0))
        values = self._probabilities or (0.0,) * len(self._names)
        lines = [self._line(at, values, name_width, room) for at in self._classes_in(height, values)]
        if height >= 2 * len(lines) + 1:
            lines = [line for bar in lines for line in (bar, ())]
        self.show_lines([()] * max(0, (height - len(lines)) // 2) + lines)

    def _classes_in(self, height: int, values: Sequence[float]) -> list[int]:
        """The classes to draw, in their order: all, or the likeliest where there are more than lines."""
        classes = range(len(values))
        if len(classes) <= max(height, 1):
            return list(classes)
        likeliest = sorted(classes, key=lambda at: (at != self._label, -values[at]))
        return sorted(likeliest[: max(height, 1)])

    def _line(self, at: int, values: Sequence[float], name_width: int, room: int) -> Line:
        value, name = values[at], self._names[at][:name_width].ljust(name_width)
        is_best, is_label = 0 < value == max(values), at == self._label
        figure = "" if self._probabilities is None else f"{100 * value:.0f}"
        bar = block_bar(value, room).rstrip()
        return (
            (f"{name} ", _SURE if is_label else _STRONG if is_best else _PLAIN),
            (bar, self._best_color if is_best else _BAR),
            ("·" * (room - len(bar)), _TRACK),
            (f"{figure:>4}", _STRONG if is_best else _NOTE),
            (_IS_LABEL if is_label else "", _SURE),
        )

    @property
    def _best_color(self) -> str:
        if self._label is not None:
            return _BAR_WRONG
        return _BAR_SURE if self._is_sure else _BAR_UNSURE
