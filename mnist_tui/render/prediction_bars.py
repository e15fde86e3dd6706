"""The prediction for an image: the image, the predicted class, and a bar per class."""

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


def prediction_view(
    name: str, pixels: Grid, prediction: Prediction, classes: Sequence[str]
) -> RenderableType:
    """The image as the network gets it, beside the probabilities of all classes."""
    side = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    for justify in ("right", "left", "right"):
        side.add_column(justify=justify, no_wrap=True)
    for index, (label, probability) in enumerate(zip(classes, prediction.probabilities, strict=True)):
        style = "bold cyan" if index == prediction.best.index else ""
        bar = Text(block_bar(probability, _BAR), style=style or "dim")
        side.add_row(Text(label, style=style), bar, Text(formatting.percent(probability, 1), style=style))
    right = Group(verdict(prediction), Text(), side)
    return Group(
        Text(name, style="bold", overflow="fold"),
        Columns([gray_image(pixels), right], padding=(0, 3)),
        Text(),
    )


def page_view(name: str, page: PagePrediction) -> RenderableType:
    """The digits on a page: one line per line of it, above the images that the network gets."""
    parts: list[RenderableType] = [Text(name, style="bold", overflow="fold")]
    for number, line in enumerate(page.lines):
        digits = Text(", ").join(_short_verdict(digit.prediction) for digit in line)
        place = "several digits: " if len(page.lines) == 1 else f"line {number + 1}: "
        parts.append(Text.assemble(place, digits))
        parts.append(Columns([gray_image(digit.input_pixels.tolist()) for digit in line], padding=(0, 1)))
    if len(page.lines) > 1:
        parts.insert(1, Text(f"several digits, in {len(page.lines)} lines"))
    return Group(*parts, Text())


def _short_verdict(prediction: Prediction) -> Text:
    """`7`; or "not sure" with the most probable class."""
    if prediction.is_confident:
        return Text(prediction.best.name, style="bold green")
    return Text(f"not sure (perhaps {prediction.best.name})", style="bold yellow")


def verdict(prediction: Prediction) -> Text:
    """`7, 99.8 %`; or "not sure" with the two most probable classes."""
    if prediction.is_confident:
        return Text.assemble(
            (prediction.best.name, "bold green"), f", {formatting.percent(prediction.best.probability, 1)}"
        )
    guesses = " or ".join(guess.name for guess in prediction.top[:2])
    return Text.assemble(("not sure", "bold yellow"), f": perhaps {guesses}")


def block_bar(fraction: float, width: int) -> str:
    """A bar of block characters, in eighths of a column, padded to `width`."""
    eighths = round(8 * width * min(max(fraction, 0.0), 1.0))
    full, rest = divmod(eighths, 8)
    return ("█" * full + " ▏▎▍▌▋▊▉"[rest]).strip().ljust(width)
