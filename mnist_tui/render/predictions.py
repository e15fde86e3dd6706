"""Predictions: of one image with a bar per class, of a page of digits, of a file of many images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mnist_tui.render import formatting
from mnist_tui.render.pixels import Matrix, gray_image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnist_tui.inference.predict_file import DigitPrediction, FilePredictions, PagePrediction
    from mnist_tui.inference.prediction import Prediction

_BAR = 20
_LISTED = 100


def prediction_view(name: str, pixels: Matrix, prediction: Prediction, classes: Sequence[str]) -> RenderableType:
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


def prediction_table(file: FilePredictions) -> RenderableType:
    """A line for each of the first hundred images."""
    predictions = file.predictions
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title_justify="left", title_style="bold")
    table.title = Text(file.name)
    is_labeled = any(prediction.image.label is not None for prediction in predictions)
    for head in ("image", *(["label"] if is_labeled else []), "answer", "probability"):
        table.add_column(head, justify="right" if head in ("image", "probability") else "left")
    for prediction in predictions[:_LISTED]:
        table.add_row(*_cells(prediction, file.classes, is_labeled=is_labeled))
    parts: list[RenderableType] = [table]
    if len(predictions) > _LISTED:
        parts.append(Text(f"… and {len(predictions) - _LISTED:,} more; --json has all of them", style="dim"))
    return Group(*parts, Text())


def accuracy_line(file: FilePredictions) -> Text | None:
    """`train.csv: 41,870 of 42,000 right, 99.69 %`; None if the file has no labels."""
    if file.correct is None:
        return None
    right, count = file.correct
    return Text(f"{file.name}: {right:,} of {count:,} right, {formatting.percent(right / count)}")


def _cells(digit: DigitPrediction, classes: Sequence[str], *, is_labeled: bool) -> list[Text]:
    image, prediction = digit.image, digit.prediction
    style = {True: "green", False: "bold red", None: "bold"}[digit.is_correct]
    sure = prediction.best.name if prediction.is_confident else f"not sure: perhaps {prediction.best.name}"
    cells = [Text(image.place, style="dim"), Text(sure, style=style)]
    if is_labeled:
        cells.insert(1, Text(classes[image.label] if image.label is not None else ""))
    return [*cells, Text(formatting.percent(prediction.best.probability, 1))]


def block_bar(fraction: float, width: int) -> str:
    """A bar of block characters, in eighths of a column, padded to `width`."""
    eighths = round(8 * width * min(max(fraction, 0.0), 1.0))
    full, rest = divmod(eighths, 8)
    return ("█" * full + " ▏▎▍▌▋▊▉"[rest]).strip().ljust(width)
