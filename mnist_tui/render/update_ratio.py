"""The update-to-weight ratios of each layer, as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from mnist_tui.events import WeightsMoved
from mnist_tui.render.sparkline import log_sparkline

# The ratio of update to weight is usually about 1e-3 (see `training.update_ratio`); this much more is conspicuous.
HIGH = 3e-2
_SPARK = 20


def update_ratio_table(weight_updates: Sequence[WeightsMoved]) -> RenderableType:
    """One row per layer: the newest numbers, and the ratios of the whole run."""
    if not weight_updates:
        return Text("The log has no update ratios.", style="dim")
    newest, courses = weight_updates[-1], ratios_by_layer(weight_updates)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("layer", no_wrap=True)
    for head in ("‖weights‖", "‖gradient‖", "update/weight", "highest"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("over the run", no_wrap=True)
    rows = zip(newest.layers, newest.weight_norms, newest.gradient_norms, newest.update_ratios, strict=True)
    for layer, weight, gradient, ratio in rows:
        course = courses[layer]
        ratios = (Text(small(value), "yellow" if is_high(value) else "") for value in (ratio, max(course)))
        spark = log_sparkline(course, _SPARK)
        table.add_row(escape(layer), norm(weight), small(gradient), *ratios, spark)
    words = f"of epoch {newest.epoch}, step {newest.step:,}; ratios of about 1e-3 are usual at the highest rate"
    return Group(table, Text(words, "dim"))


def ratios_by_layer(weight_updates: Sequence[WeightsMoved]) -> Mapping[str, list[float]]:
    """The update-to-weight ratios of each layer, in order."""
    courses: dict[str, list[float]] = {}
    for moved in weight_updates:
        for layer, ratio in zip(moved.layers, moved.update_ratios, strict=False):
            courses.setdefault(layer, []).append(ratio)
    return courses


def is_high(ratio: float) -> bool:
    """Whether the update is so large that the learning rate is probably too high."""
    return ratio > HIGH


def norm(value: float) -> str:
    """Two decimals."""
    return f"{value:.2f}" if math.isfinite(value) else "–"


def small(value: float) -> str:
    """Two digits and a power of ten: `1.3e-3`."""
    if not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    digits, _, power = f"{value:.1e}".partition("e")
    return f"{digits}e{int(power)}"
