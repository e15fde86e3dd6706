"""Ten test digits, one per class, with the network's current answers and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.app import ComposeResult
from textual.content import Content
from textual.events import Resize

from mnist_tui.render.thumbnails import thumbnail
from mnist_tui.tui.widgets.frame.panel import Panel
from mnist_tui.tui.widgets.frame.strip_lines import Line, StripLines, fit_line
from mnist_tui.tui.widgets.runs.digits_layout import GAP, DigitsLayout, choose_layout

if TYPE_CHECKING:
    from mnist_tui.inference.digit_answers import DigitAnswer
    from mnist_tui.inference.prediction import ClassProbability

_RIGHT, _WRONG, _FAINT = "digits--right", "digits--wrong", "digits--faint"


class Digits(StripLines):
    """The images and what is said under them, as large as there is room for."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {_RIGHT, _WRONG, _FAINT}
    DEFAULT_CSS = """
    Digits {
        & > .digits--right { color: $text-success; text-style: bold; }
        & > .digits--wrong { color: $text-error; text-style: bold; }
        & > .digits--faint { color: $muted; }
    }
    """

    def __init__(self, rows: int | None = None, *, id: str | None = None) -> None:
        """In so many `rows`; as many as are best for None."""
        super().__init__(id=id)
        self._rows = rows
        self._answers: Sequence[DigitAnswer] = ()
        self._text = ""
        self._images: tuple[object, list[list[Line]]] = (None, [])

    @property
    def answers(self) -> Sequence[DigitAnswer]:
        """What is shown."""
        return self._answers

    def on_resize(self, _: Resize) -> None:
        self.show(self._answers)

    def notify_style_update(self) -> None:
        """Draw again in the colors of another theme."""
        super().notify_style_update()
        self.call_after_refresh(lambda: self.show(self._answers))

    def show(self, answers: Sequence[DigitAnswer], text: str = "") -> None:
        """Draw these digits with their answers; without any the text, or the one of before."""
        self._answers, self._text = answers, text or self._text
        if not answers:
            words = Content(self._text).wrap(max(1, self.size.width))
            self.show_lines([[Segment(line.plain, self.get_component_rich_style(_FAINT))] for line in words])
            return
        layout = choose_layout(len(answers), self.size.width, self.size.height, rows=self._rows)
        if layout is None:
            self.show_lines([])
            return
        cell = (self.size.width + GAP) // layout.across - GAP
        images = self._draw_images(answers, layout, cell)
        lines: list[Line] = []
        for start in range(0, len(answers), layout.across):
            row = range(start, min(start + layout.across, len(answers)))
            if start:
                lines.append([])
            lines += images[start // layout.across]
            captions = [self._caption(answers[one], layout) for one in row]
            for at in range(layout.caption):
                lines.append(_join([caption[at] for caption in captions], cell))
        spare = max(0, self.size.height - len(lines)) // 2
        self.show_lines([*([[]] * spare), *lines])

    def _draw_images(self, answers: Sequence[DigitAnswer], layout: DigitsLayout, cell: int) -> list[list[Line]]:
        """The lines of each row. The same test images are shown all the time: they are drawn once for each size."""
        plain = self.app.no_color
        key = (layout, cell, plain, tuple(answer.number for answer in answers))
        if key != self._images[0]:
            drawn = [thumbnail(answer.pixels.tolist(), layout.lines).lines(plain=plain) for answer in answers]
            rows = (drawn[start : start + layout.across] for start in range(0, len(drawn), layout.across))
            self._images = (key, [[_join(parts, cell) for parts in zip(*row, strict=True)] for row in rows])
        return self._images[1]

    def _caption(self, answer: DigitAnswer, layout: DigitsLayout) -> list[Line]:
        """The answer with a sign and how sure; where there is room as a bar, and the next answers below it."""
        width, best = layout.width, answer.prediction.best
        name = _RIGHT if answer.is_correct else _WRONG
        style = self.get_component_rich_style(name)
        said = f"{best.name} {'✓' if answer.is_correct else '✗'}"
        sure = f"{100 * best.probability:.0f}%"
        first = f"{said} {sure}" if len(said) + len(sure) < width else f"{said[0]}{said[-1]}{sure}"
        lines = [fit_line([Segment(first, style)], width, center=True)]
        if layout.caption == 2:
            lines.append([*self._bar(best, width, name)])
        if layout.caption > 2:
            lines += [self._guess(guess, width, answer.label) for guess in answer.prediction.top[:3]]
        lines += [[]] * (layout.caption - len(lines))
        return lines

    def _guess(self, guess: ClassProbability, width: int, label: int) -> Line:
        name = _RIGHT if guess.index == label else _FAINT
        text = self.get_component_rich_style(name)
        return [Segment(f"{guess.name[:3]} ", text), *self._bar(guess, width - len(guess.name[:3]) - 1, name)]

    def _bar(self, guess: ClassProbability, width: int, name: str) -> Line:
        halves = round(2 * width * guess.probability)
        done = "━" * (halves // 2) + "╸" * (halves % 2)
        style, faint = self.get_component_rich_style(name), self.get_component_rich_style(_FAINT)
        return [Segment(done, style), Segment("─" * (width - len(done)), faint)]


def _join(cells: Sequence[Line], width: int) -> Line:
    """Cells of one width side by side."""
    return [part for cell in cells for part in (*fit_line(cell, width, center=True), Segment(" " * GAP))]


class DigitsPanel(Panel):
    """The frame around them: how many are read right."""

    DEFAULT_CSS = """
    DigitsPanel { padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__("Digits now", jump="D")
        self.digits = Digits()

    def compose(self) -> ComposeResult:
        yield self.digits

    def show_answers(self, answers: Sequence[DigitAnswer]) -> None:
        """Draw the answers; the title counts the right ones."""
        right = sum(answer.is_correct for answer in answers)
        self.border_title = f"Digits now · {right} of {len(answers)} right"
        self.digits.show(answers)

    @property
    def answers(self) -> Sequence[DigitAnswer]:
        """What is shown."""
        return self.digits.answers

    def show_text(self, text: str) -> None:
        """Say why there are none."""
        self.border_title = "Digits now"
        self.digits.show((), text)
