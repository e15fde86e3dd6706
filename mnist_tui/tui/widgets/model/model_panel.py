"""The network's layers or blocks with their output shapes, parameters, MACs and receptive fields."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from mnist_tui.render import formatting
from mnist_tui.tui.widgets.frame.panel import Panel

if TYPE_CHECKING:
    from mnist_tui.inspection.summary import BlockSummary, LayerSummary, ModelSummary

NOT_RECORDED = "The log of this run has no layer table."
# Which part of the width a column of numbers gets at least, so that on a wide screen it stays near the names.
_NUMBER_SHARE = 9
# The border and the heads of the columns.
_AROUND = 3


class ModelPanel(Panel):
    """Layers where there is room for all, else blocks."""

    DEFAULT_CSS = """
    ModelPanel {
        height: auto;
        padding: 0 1;
        & > VerticalScroll { height: auto; max-height: 100%; }
        & Static { height: auto; }
    }
    """

    def __init__(self) -> None:
        super().__init__("Model", jump="M")
        self.text = Static("…")
        self._summary: ModelSummary | None = None
        self._lines = 0

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield self.text

    def show_model(self, summary: ModelSummary | None) -> None:
        """Draw this model; None for a run that has not recorded it."""
        self._summary = summary
        self._draw()

    def set_room(self, lines: int) -> None:
        """Show all layers if they fit on so many lines, else only the blocks."""
        self._lines = lines
        if self._summary is not None:
            self._draw()

    def _draw(self) -> None:
        summary = self._summary
        if summary is None:
            self.border_title = "Model"
            self.text.update(NOT_RECORDED)
            return
        self.border_title = f"Model · {summary.parameters:,} parameters · {formatting.millions(summary.macs)} MACs"
        detailed = len(summary.layers) + _AROUND <= self._lines
        self.text.update(model_table(summary, detailed=detailed, width=self.content_size.width))


def model_table(summary: ModelSummary, *, detailed: bool, width: int = 0) -> Table:
    """One row per layer if `detailed`, else one per block."""
    table = Table(box=None, pad_edge=False, expand=True, header_style="dim")
    table.add_column("layer", ratio=1, no_wrap=True, overflow="ellipsis")
    for name in ("output", "params", "MACs", "field"):
        table.add_column(name, min_width=width // _NUMBER_SHARE, justify="right", no_wrap=True)
    for row in summary.layers if detailed else group_by_block(summary):
        table.add_row(*_cells(row), style="" if row.parameters else "dim")
    return table


def group_by_block(summary: ModelSummary) -> Iterator[LayerSummary | BlockSummary]:
    """The blocks in order, and the layers outside of any."""
    blocks: dict[str, BlockSummary | None] = {block.path: block for block in summary.blocks}
    for top, layers in itertools.groupby(summary.layers, lambda layer: layer.path.partition(".")[0]):
        if top not in blocks:
            yield from layers
        elif (block := blocks[top]) is not None:
            yield block
            blocks[top] = None  # a block that is called twice is counted once


def _cells(row: LayerSummary | BlockSummary) -> list[Text]:
    return [
        Text.assemble(row.path or "·", (f" {row.type}", "dim")),
        Text(formatting.shape(row.output_shape)),
        Text(f"{row.parameters:,}" if row.parameters else "·"),
        Text(formatting.millions(row.macs) if row.macs != 0 else "·"),
        Text(formatting.shape(row.receptive_field)),
    ]
