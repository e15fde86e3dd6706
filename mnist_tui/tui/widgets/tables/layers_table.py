"""The layer table: type, size and cost of each layer, and how far training moves its weights."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content

from mnist_tui.events import WeightsMoved
from mnist_tui.render import formatting
from mnist_tui.render.sparkline import log_sparkline
from mnist_tui.render.update_ratio import is_high, norm, ratios_by_layer, small
from mnist_tui.tui.widgets.tables.table import Column, SelectableTable

if TYPE_CHECKING:
    from mnist_tui.inspection.summary import BlockSummary, LayerSummary, ModelSummary

_SPARK = 10
# Added to the importance of the movement: more than any size, but less than the layer's name.
_PREFERRED = 52
# A network with more layers is folded by block.
_LONG = 40
_OPEN, _CLOSED, _INSIDE = "▾ ", "▸ ", "  "


@dataclass(frozen=True)
class LayerRow:
    """A layer with its newest weight update, None where it has no weights or nothing is known; or a folded block."""

    layer: LayerSummary | BlockSummary
    weight: float | None = None
    gradient: float | None = None
    ratio: float | None = None
    """Of a block: the largest of its layers."""
    sparkline: str = ""
    """The update ratios over the run, as a sparkline."""
    mark: str = ""
    """Before the name, where layers are folded."""
    maps_path: str = ""
    """The layer whose feature maps belong to this row; "" for none."""
    layers: int = 0
    """Of a block: how many there are."""

    @property
    def is_block(self) -> bool:
        """Whether it stands for a block, open or closed."""
        return self.layers > 0


class LayersTable(SelectableTable[LayerRow]):
    """All columns where there is room; else either shapes or movement. A long network is folded by block."""

    def __init__(self) -> None:
        super().__init__(_COLUMNS, id="layers")
        self._summary: ModelSummary | None = None
        self._weight_updates: Sequence[WeightsMoved] = ()
        self._open: set[str] = set()
        self.prefers_movement = False
        """Whether to show the movement rather than the shapes, where there is not room for both."""

    def show_model(self, summary: ModelSummary | None, weight_updates: Sequence[WeightsMoved]) -> None:
        """Draw these layers, unless nothing is new."""
        newest = weight_updates[-1] if weight_updates else None
        if summary is self._summary and newest is (self._weight_updates[-1] if self._weight_updates else None):
            return
        if summary is not self._summary:
            self._open.clear()
        self._summary, self._weight_updates = summary, list(weight_updates)
        self._choose_columns()
        self._show_rows()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is nothing to open but a block."""
        return action != "open" or (self.current is not None and self.current.is_block)

    def action_open(self) -> None:
        """Open the block under the cursor, or close it."""
        row = self.current
        if row is not None and row.is_block:
            self._open ^= {row.layer.path}
            self._show_rows()
            self.post_message(self.Highlighted())  # there are more rows now, or fewer

    def toggle_movement(self) -> None:
        """Show the movement, or the shapes again, where there is not room for both."""
        self.prefers_movement = not self.prefers_movement
        self._choose_columns()
        self.update_layout()
        self.refresh()

    def _show_rows(self) -> None:
        newest = self._weight_updates[-1] if self._weight_updates else None
        ratios = ratios_by_layer(self._weight_updates)
        layers = self._summary.layers if self._summary else ()
        rows = [(f"{at} {layer.path}", _row(layer, newest, ratios)) for at, layer in enumerate(layers)]
        self.show_by_key(list(self._fold(rows)) if len(rows) > _LONG else rows)

    def _fold(self, rows: Sequence[tuple[str, LayerRow]]) -> Iterator[tuple[str, LayerRow]]:
        """A row for each block, with its layers below it while it is open; and the layers outside of any."""
        assert self._summary is not None  # there are no rows without it
        blocks = {block.path: block for block in self._summary.blocks}
        for top, group in itertools.groupby(rows, lambda row: row[1].layer.path.partition(".")[0]):
            members = list(group)
            if top not in blocks:
                yield from ((key, dataclasses.replace(row, mark=_INSIDE)) for key, row in members)
                continue
            is_open = top in self._open
            yield f"block {members[0][0]}", _block_row(blocks[top], [row for _, row in members], is_open=is_open)
            if is_open:
                yield from ((key, dataclasses.replace(row, mark=2 * _INSIDE)) for key, row in members)

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
    maps_path = "" if layer.functional else layer.path
    if newest is None or layer.path not in newest.layers or layer.shared_with:
        return LayerRow(layer, maps_path=maps_path)
    at = newest.layers.index(layer.path)
    return LayerRow(
        layer,
        newest.weight_norms[at],
        newest.gradient_norms[at],
        newest.update_ratios[at],
        log_sparkline(ratios[layer.path], _SPARK),
        maps_path=maps_path,
    )


def _block_row(block: BlockSummary, rows: Sequence[LayerRow], *, is_open: bool) -> LayerRow:
    known = [row.ratio for row in rows if row.ratio is not None]
    return LayerRow(
        block,
        ratio=max(known, default=None),
        mark=_OPEN if is_open else _CLOSED,
        maps_path=next((row.maps_path for row in reversed(rows) if row.maps_path), ""),
        layers=len(rows),
    )


def _name(row: LayerRow) -> Content:
    style = "bold" if row.is_block else "" if row.layer.parameters else "$muted"
    return Content.assemble(row.mark, (row.layer.path or row.layer.type, style))


def _kind(row: LayerRow) -> Content:
    if row.is_block:
        return Content.styled(f"{row.layer.type} · {row.layers} layers", "$muted")
    shared_with, settings = getattr(row.layer, "shared_with", ""), getattr(row.layer, "settings", "")
    details = f"as {shared_with}" if shared_with else settings
    return Content.styled(f"{row.layer.type} {details}".rstrip(), "$muted")


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
    Column("RF", 5, lambda row: formatting.shape(row.layer.receptive_field), 50, right=True),
    Column("‖w‖", 6, lambda row: "" if row.weight is None else norm(row.weight), 31, right=True),
    Column("‖∇‖", 6, lambda row: "" if row.gradient is None else small(row.gradient), 30, right=True),
    Column("update/weight", 13, _ratio, 45, right=True),
    Column("trend", _SPARK, lambda row: Content.styled(row.sparkline, "$text-primary"), 40),
)
_MOVEMENT = frozenset({"‖w‖", "‖∇‖", "update/weight", "trend"})
