"""An evaluation as tables, a heat map, bars and images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len, set_cell_size
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text

from mnist_tui.render import formatting
from mnist_tui.render.heatmap import Rgb, find_most_confused, readable_color, right_color, wrong_color
from mnist_tui.render.pixels import Matrix, gray_image
from mnist_tui.render.predictions import block_bar

if TYPE_CHECKING:
    from mnist_tui.inference.calibration import Calibration
    from mnist_tui.inference.evaluation import Evaluation, Mistake

_CELL = 6
_BAR = 18


def evaluation_tables(evaluation: Evaluation, title: str) -> RenderableType:
    """Everything but the images, one below the other."""
    heading = Text.assemble((title, "bold"), "\n", summary_line(evaluation))
    parts = (
        per_class_table(evaluation),
        confusion_table(evaluation),
        calibration_table(evaluation.calibration),
    )
    return Group(heading, *parts)


def summary_line(evaluation: Evaluation) -> Text:
    """Accuracy with its interval, loss, and how many are wrong."""
    wrong = evaluation.images - evaluation.correct
    return Text.assemble(
        ("accuracy ", ""),
        (formatting.percent(evaluation.accuracy), "bold"),
        f" ({confidence_interval(evaluation)})"
        f" · loss {formatting.loss(evaluation.loss)}"
        f" · {wrong:,} of {evaluation.images:,} wrong",
    )


def confidence_interval(evaluation: Evaluation) -> str:
    """`95 % CI 99.01–99.36 %`."""
    low, high = evaluation.interval
    return f"95 % CI {formatting.bare_percent(low)}–{formatting.percent(high)}"


def per_class_table(evaluation: Evaluation, title: str | None = "Classes, in %") -> Table:
    """Precision, recall and F1 of each class."""
    # Narrow gaps and the unit in the title, as the dashboard has little room.
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        title=title,
        title_justify="left",
        title_style="bold",
    )
    table.add_column("class")
    for name in ("precision", "recall", "F1", "images"):
        table.add_column(name, justify="right", no_wrap=True)
    for score in evaluation.per_class:
        shares = map(formatting.bare_percent, (score.precision, score.recall, score.f1))
        table.add_row(Text(score.name), *shares, f"{score.support:,}")
    return table


def confusion_table(evaluation: Evaluation) -> RenderableType:
    """The confusion matrix: rows are the true classes, columns the predicted ones."""
    labels = [short_label(name) for name in evaluation.classes]
    head = Text(" " * 14) + Text("".join(f"{label:>{_CELL}}" for label in labels), style="bold")
    most = find_most_confused(evaluation.confusion)
    lines = [Text("Confusion", style="bold"), Text(" label ↓  predicted →", style="dim"), head]
    for row, (counts, score) in enumerate(zip(evaluation.confusion, evaluation.per_class, strict=True)):
        line = Text(f"{score.name[:13]:>13} ", style="bold")
        for column, count in enumerate(counts):
            color = right_color(count, score.support) if row == column else wrong_color(count, most)
            line.append(cell(count, _CELL), cell_style(color, is_mistake=row != column and count > 0))
        lines.append(line)
    return Group(*lines, Text())


def cell(count: int, width: int) -> str:
    """A count in its cell; zero is a dot."""
    text = (f"{count:,}" if width > _CELL - 1 else str(count)) if count < 10_000 else f"{count // 1000}k"
    return f"{text if count else '·':>{width - 1}} "[:width]


def cell_style(color: Rgb | None, *, is_mistake: bool) -> Style:
    """Bold for mistakes, so that they can be found without colors too."""
    if color is None:
        return Style(dim=True)
    ink = readable_color(color)
    return Style.parse(f"rgb({ink[0]},{ink[1]},{ink[2]}) on rgb({color[0]},{color[1]},{color[2]})") + Style(
        bold=is_mistake
    )


def short_label(name: str) -> str:
    """As much of a name as fits over a column."""
    return name if len(name) < _CELL else name[: _CELL - 1]


def calibration_table(calibration: Calibration) -> RenderableType:
    """Accuracy by confidence, and the expected calibration error."""
    heading = Text.assemble(("Calibration", "bold"), f" · {calibration_error(calibration)}")
    return Group(heading, calibration_bins(calibration))


def calibration_error(calibration: Calibration) -> str:
    """In words."""
    return f"expected calibration error {formatting.percent(calibration.error)}"


def calibration_bins(calibration: Calibration) -> Table:
    """Accuracy by confidence, without empty bins."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name, justify in (("confidence", "right"), ("accuracy", "left"), ("%", "right"), ("images", "right")):
        table.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for entry in calibration.bins:
        if entry.images:
            bar = block_bar(entry.accuracy, _BAR)
            shares = (formatting.bare_percent(entry.confidence), bar, formatting.bare_percent(entry.accuracy))
            table.add_row(*shares, f"{entry.images:,}")
    return table


def mistakes_gallery(mistakes: Sequence[Mistake], images: Sequence[Matrix], classes: Sequence[str]) -> RenderableType:
    """The images of mistakes with their captions, as many side by side as fit."""
    cards = [
        Group(gray_image(image), caption(mistake, classes)) for mistake, image in zip(mistakes, images, strict=True)
    ]
    return Group(Text("Worst errors", style="bold"), Columns(cards, padding=(1, 2)))


def caption(mistake: Mistake, classes: Sequence[str]) -> Text:
    """Two lines, within the image's 28 columns if the names of the classes are short."""
    return Text.assemble(
        (mistake_caption(mistake, classes), "bold"),
        "\n",
        (f"{next_classes(mistake)} · test #{mistake.index}", "dim"),
        "\n",
    )


def mistake_caption(mistake: Mistake, classes: Sequence[str]) -> str:
    """`5 → 6 (100 %)`: the label, the prediction and its probability."""
    best = mistake.top[0]
    return f"{classes[mistake.truth]} → {best.name} ({formatting.percent(best.probability, 0)})"


def next_classes(mistake: Mistake) -> str:
    """`next 0, 8`: the likeliest classes after the predicted one."""
    return f"next {', '.join(guess.name for guess in mistake.top[1:])}"


def short_caption(mistake: Mistake, classes: Sequence[str], width: int) -> str:
    """`5→6 100 %` in so many columns; names that are too long are cut, and the probability gives way first."""
    best = mistake.top[0]
    share = formatting.percent(best.probability, 0)
    names = f"{classes[mistake.truth]}→{best.name}"
    for figure in (share, share.replace(" ", ""), ""):
        if cell_len(names) + cell_len(figure) < width or not figure:
            break
    names = names if cell_len(names) <= width else _shorten(classes[mistake.truth], best.name, width)
    return set_cell_size(f"{names} {figure}", width)


def _shorten(truth: str, predicted: str, width: int) -> str:
    """Both names cut to equal parts of the width."""
    half = (width - 1) // 2
    return f"{truth[:half]}→{predicted[: width - 1 - min(half, len(truth))]}"
