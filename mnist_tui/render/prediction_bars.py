"""What a network says of a picture: the picture, ten bars, and the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mnist_tui.render import formatting
from mnist_tui.render.pixels import Grid, gray_image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnist_tui.inference.predict_file import PagePrediction
    from mnist_tui.inference.prediction import Prediction

_BAR = 20


def prediction_view(name: str, pixels: Grid, answer: Prediction, classes: Sequence[str]) -> RenderableType:
    """The exact picture the network gets, beside its ten probabilities."""
    side = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    for justify in ("right", "left", "right"):
        side.add_column(justify=justify, no_wrap=True)
    for index, (label, probability) in enumerate(zip(classes, answer.probabilities, strict=True)):
        style = "bold cyan" if index == answer.best.index else ""
        bar = Text(block_bar(probability, _BAR), style=style or "dim")
        side.add_row(Text(label, style=style), bar, Text(formatting.percent(probability, 1), style=style))
    right = Group(verdict(answer), Text(), side)
    return Group(
        Text(name, style="bold", overflow="fold"),
        Columns([gray_image(pixels), right], padding=(0, 3)),
        Text(),
    )


def page_view(name: str, page: PagePrediction) -> RenderableType:
    """The digits in a picture of several: one line per line of it, above the pictures that the network gets."""
    parts: list[RenderableType] = [Text(name, style="bold", overflow="fold")]
    for number, line in enumerate(page.lines):
        digits = Text(", ").join(_short_verdict(digit.prediction) for digit in line)
        place = "several digits: " if len(page.lines) == 1 else f"line {number + 1}: "
        parts.append(Text.assemble(place, digits))
        parts.append(Columns([gray_image(digit.input_pixels.tolist()) for digit in line], padding=(0, 1)))
    if len(page.lines) > 1:
        parts.insert(1, Text(f"several digits, in {len(page.lines)} lines"))
    return Group(*parts, Text())


def _short_verdict(answer: Prediction) -> Text:
    """`7`; or "not sure" with the most likely answer."""
    if answer.is_confident:
        return Text(answer.best.name, style="bold green")
    return Text(f"not sure (perhaps {answer.best.name})", style="bold yellow")


def verdict(answer: Prediction) -> Text:
    """`7, 99.8 %`; or that it is not sure, and what it would have said."""
    if answer.is_confident:
        return Text.assemble(
            (answer.best.name, "bold green"), f", {formatting.percent(answer.best.probability, 1)}"
        )
    guesses = " or ".join(guess.name for guess in answer.top[:2])
    return Text.assemble(("not sure", "bold yellow"), f": perhaps {guesses}")


def block_bar(fraction: float, width: int) -> str:
    """Blocks with eighths at the end, padded to `width`."""
    eighths = round(8 * width * min(max(fraction, 0.0), 1.0))
    full, rest = divmod(eighths, 8)
    return ("█" * full + " ▏▎▍▌▋▊▉"[rest]).strip().ljust(width)
