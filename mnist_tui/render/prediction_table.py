"""Predictions for a file of many images: a line for each of the first ones, and the accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mnist_tui.render import formatting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnist_tui.inference.predict_file import DigitPrediction, FilePredictions

_LISTED = 100


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
