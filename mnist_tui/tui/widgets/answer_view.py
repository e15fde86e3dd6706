"""What a network says of a drawing: the answer large, ten bars, and the very picture it got."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from textual.app import ComposeResult, RenderResult
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from mnist_tui.canvas import PICTURE
from mnist_tui.events import RunFailed
from mnist_tui.render import words
from mnist_tui.render.picture import grey_picture
from mnist_tui.tui.reading import NOTHING_TRAINED, Pixels, Reading
from mnist_tui.tui.widgets import big_digit
from mnist_tui.tui.widgets.panel import Panel

if TYPE_CHECKING:
    from mnist_tui.answer import Answer, Guess

_EIGHTHS = " ▏▎▍▌▋▊▉"
_BLANK = [[0] * PICTURE] * PICTURE
_WAITING = "Loading torch, which takes a second or two."
_NOTHING = "Draw a digit: hold the left mouse button, or press space and move the pen with the arrow keys."


class AnswerLine(Widget):
    """The answer, as large as there is room: seen from the last row, or that there is none."""

    DEFAULT_CSS = """
    AnswerLine { padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._reading: Reading | None = None

    def show(self, reading: Reading | None) -> None:
        """Draw this one."""
        self._reading = reading
        self.refresh()

    def render(self) -> RenderResult:
        """A big digit with words beside it."""
        character, style, lines = _said(self._reading)
        scale = big_digit.scale_for(self.size.width // 2, self.size.height)
        glyph = big_digit.drawn(character, scale)
        room = self.size.width - (len(glyph[0]) + 2 if glyph else 0)
        beside = _wrapped(lines, room, self.size.height)
        if not glyph:
            return Content("\n").join(beside)
        beside = [Content("")] * ((len(glyph) - len(beside)) // 2) + beside
        rows = max(len(glyph), len(beside))
        glyph += [" " * len(glyph[0])] * (rows - len(glyph))
        beside += [Content("")] * (rows - len(beside))
        return Content("\n").join(
            Content.assemble((row, style), "  ", text) for row, text in zip(glyph, beside, strict=True)
        )


def _said(reading: Reading | None) -> tuple[str, str, list[Content]]:
    """The big character, or "", its style, and the lines beside it."""
    if reading is None:
        return "", "", [Content.styled(_WAITING, "$text-muted")]
    if reading.failed is not None:
        return "", "", _failure(reading.failed)
    if reading.answer is None:
        return (
            "",
            "",
            [Content.styled("nothing drawn yet", "bold"), Content.styled(_NOTHING, "$foreground 70%")],
        )
    answer = reading.answer
    if not answer.is_sure:
        return "?", "bold $text-warning", [Content.styled("not sure", "bold $text-warning"), _perhaps(answer)]
    best = answer.best
    name = [] if big_digit.drawn(best.name) else [Content.styled(best.name, "bold $text-success")]
    sure = Content.assemble((words.percent(best.probability, 1), "bold"), (" sure", "$foreground 70%"))
    return best.name, "bold $text-success", [*name, sure, _others(answer)]


def _failure(failed: RunFailed) -> list[Content]:
    # Having trained nothing is no failure.
    style = "bold" if failed.message == NOTHING_TRAINED else "bold $text-error"
    return [Content.styled(failed.message, style), Content.styled(failed.remedy, "$foreground 70%")]


def _perhaps(answer: Answer) -> Content:
    return Content.styled("perhaps " + " or ".join(map(_named, answer.top[:2])), "$foreground 70%")


def _others(answer: Answer) -> Content:
    return Content.styled("then " + ", ".join(map(_named, answer.top[1:])), "$foreground 70%")


def _named(guess: Guess) -> str:
    return f"{guess.name} ({words.percent(guess.probability, 1)})"


def _wrapped(lines: Sequence[Content], width: int, height: int) -> list[Content]:
    """No longer than there is room."""
    return [part for line in lines for part in line.wrap(max(width, 8))][: max(height, 1)]


class ProbabilityBars(Widget):
    """A row a class; two where there is room."""

    DEFAULT_CSS = """
    ProbabilityBars { padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._names: tuple[str, ...] = tuple("0123456789")
        self._probabilities: tuple[float, ...] | None = None
        self._is_sure = False

    def show(self, reading: Reading | None) -> None:
        """Draw this one; empty bars where there is no answer."""
        answer = reading.answer if reading else None
        self._names = reading.classes if reading and reading.classes else self._names
        self._probabilities = answer.probabilities if answer else None
        self._is_sure = answer is not None and answer.is_sure
        self.refresh()

    def render(self) -> RenderResult:
        """As wide as there is room."""
        width = self.content_size.width
        label = min(max(map(len, self._names)), max(1, width // 3))
        room = max(1, width - label - 5)
        values = self._probabilities or (0.0,) * len(self._names)
        best = max(values)
        lines = [
            self._line(name[:label].ljust(label), value, room, is_best=0 < value == best)
            for name, value in zip(self._names, values, strict=True)
        ]
        gap = "\n\n" if self.size.height >= 2 * len(lines) + 1 else "\n"
        above = "\n" * max(0, (self.size.height - len(lines) * len(gap)) // 2)
        return Content.assemble(above, Content(gap).join(lines))

    def _line(self, name: str, value: float, room: int, *, is_best: bool) -> Content:
        colour = ("$success" if self._is_sure else "$warning") if is_best else "$primary"
        figure = "" if self._probabilities is None else f"{100 * value:.0f}"
        bar = bar_of(value, room)
        return Content.assemble(
            (f"{name} ", "bold" if is_best else ""),
            (bar, colour),
            ("·" * (room - len(bar)), "$foreground 15%"),
            (f"{figure:>4}", "bold" if is_best else "$foreground 70%"),
        )


def bar_of(share: float, width: int) -> str:
    """A bar of eighths of a cell."""
    eighths = round(8 * width * min(max(share, 0.0), 1.0))
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


class SeenPicture(Panel):
    """What the network gets, pixel for pixel."""

    DEFAULT_CSS = """
    SeenPicture { width: auto; height: auto; }
    SeenPicture Static { width: auto; height: auto; }
    """

    def __init__(self) -> None:
        super().__init__("What the network gets")
        self._pixels: Pixels | None = None
        self._scale = 1

    def compose(self) -> ComposeResult:
        """The picture."""
        yield Static(self._picture())

    def enlarge(self, scale: int) -> None:
        """So many columns a pixel."""
        if scale != self._scale:
            self._scale = scale
            self.query_one(Static).update(self._picture())

    def show(self, pixels: Pixels | None) -> None:
        """(28, 28), or None for nothing."""
        if not _same(pixels, self._pixels):
            self._pixels = pixels
            self.query_one(Static).update(self._picture(), layout=False)  # it keeps its size

    def _picture(self) -> RenderableType:
        rows = _BLANK if self._pixels is None else self._pixels.tolist()
        return grey_picture(rows, scale=self._scale)


def _same(one: Pixels | None, other: Pixels | None) -> bool:
    if one is None or other is None:
        return one is other
    return bool(one.tolist() == other.tolist())
