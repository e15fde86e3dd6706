"""The layer table: type, size and cost of each layer, and how far training moves its weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content

from mnist_tui.events import WeightsMoved
from mnist_tui.render import formatting
from mnist_tui.render.sparkline import log_sparkline
from mnist_tui.render.update_ratio import is_high, norm, ratios_by_layer, small
from mnist_tui.tui.widgets.tables.table import Column, SelectableTable

if TYPE_CHECKING:
    from mnist_tui.inspection.summary import LayerSummary, ModelSummary

_SPARK = 11
# Added to the importance of the movement: more than any size, but less than the layer's name.
_PREFERRED = 52


@dataclass(frozen=True)
class LayerRow:
    """A layer with its newest weight update; None where it has no weights or nothing is known."""

    layer: LayerSummary
    weight: float | None = None
    gradient: float | None = None
    ratio: float | None = None
    sparkline: str = ""
    """The update ratios over the run, as a sparkline."""


class LayersTable(SelectableTable[LayerRow]):
    """All columns where there is room; else either sizes or movement."""

    def __init__(self) -> None:
        super().__init__(_COLUMNS, id="layers")
        self._summary: ModelSummary | None = None
        self._weight_updates: Sequence[WeightsMoved] = ()
        self.prefers_movement = False
        """Whether to show the movement rather than the sizes, where there is not room for both."""

    def show_model(self, summary: ModelSummary | None, weight_updates: Sequence[WeightsMoved]) -> None:
        """Draw these layers, unless nothing is new."""
        newest = weight_updates[-1] if weight_updates else None
        if summary is self._summary and newest is (self._weight_updates[-1] if self._weight_updates else None):
            return
        self._summary, self._weight_updates = summary, list(weight_updates)
        self._choose_columns()
        ratios = ratios_by_layer(weight_updates)
        rows = [_row(layer, newest, ratios) for layer in summary.layers] if summary else []
        self.show_by_key([(f"{at} {row.layer.path}", row) for at, row in enumerate(rows)])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is nothing to open."""
        return action != "open"

    def toggle_movement(self) -> None:
        """Show the movement, or the sizes again, where there is not room for both."""
        self.prefers_movement = not self.prefers_movement
        self._choose_columns()
        self.update_layout()
        self.refresh()

    def _choose_columns(self) -> None:
        """Movement first where the user wants it, and not at all where nothing is known of it."""
        known = [one for one in _COLUMNS if self._weight_updates or one.head not in _MOVEMENT]
        self._columns = [
            dataclasses.replace(one, importance=one.importance + _PREFERRED)
            if self.prefers_movement and one.head in _MOVEMENT
            else one
            for one in known
        ]


def _row(layer: LayerSummary, newest: WeightsMoved | None, ratios: Mapping[str, list[float]]) -> LayerRow:
    if newest is None or layer.path not in newest.layers or layer.shared_with:
        return LayerRow(layer)
    at = newest.layers.index(layer.path)
    return LayerRow(
        layer,
        newest.weight_norms[at],
        newest.gradient_norms[at],
        newest.update_ratios[at],
        log_sparkline(ratios[layer.path], _SPARK),
    )


def _name(row: LayerRow) -> Content:
    return Content(row.layer.path or row.layer.type).stylize("" if row.layer.parameters else "$muted")


def _kind(row: LayerRow) -> Content:
    settings = f"as {row.layer.shared_with}" if row.layer.shared_with else row.layer.settings
    return Content.styled(f"{row.layer.type} {settings}".rstrip(), "$muted")


def _ratio(row: LayerRow) -> Content | str:
    if row.ratio is None:
        return ""
    return Content.styled(small(row.ratio), "bold $text-warning" if is_high(row.ratio) else "bold")


_COLUMNS: tuple[Column[LayerRow], ...] = (
    Column("layer", 14, _name, 99, grows=True),
    Column("type", 23, _kind, 20),
    Column("output", 8, lambda row: formatting.shape(row.layer.output_shape), 80, right=True),
    Column("params", 6, lambda row: f"{row.layer.parameters:,}" if row.layer.parameters else "·", 70, right=True),
    Column(
        "MACs",
        7,
        lambda row: formatting.millions(row.layer.macs) if row.layer.macs != 0 else "·",
        60,
        right=True,
    ),
    Column("field", 5, lambda row: formatting.shape(row.layer.receptive_field), 50, right=True),
    Column("‖w‖", 6, lambda row: "" if row.weight is None else norm(row.weight), 31, right=True),
    Column("‖∇‖", 6, lambda row: "" if row.gradient is None else small(row.gradient), 30, right=True),
    Column("Δ/w", 6, _ratio, 45, right=True),
    Column("course", _SPARK, lambda row: Content.styled(row.sparkline, "$text-primary"), 40),
)
_MOVEMENT = frozenset({"‖w‖", "‖∇‖", "Δ/w", "course"})
