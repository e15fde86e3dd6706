"""What is trained: layers or blocks with their outputs, parameters, MACs and receptive fields."""

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
    from mnist_tui.inspection.summary import Block, Layer, ModelSummary

NOT_RECORDED = "The log of this run has no layer table."
# Of the width, what a column of numbers gets at least: on a wide screen they stay near the names they belong to.
_NUMBER_SHARE = 9
# The border and the heads of the columns.
_AROUND = 3


class ModelPanel(Panel):
    """By layer where there is room, else by block."""

    DEFAULT_CSS = """
    ModelPanel {
        height: auto;
        padding: 0 1;
        & > VerticalScroll { height: auto; max-height: 100%; }
        & Static { height: auto; }
    }
    """

    def __init__(self) -> None:
        super().__init__("Model")
        self.text = Static("…")
        self._summary: ModelSummary | None = None
        self._lines = 0

    def compose(self) -> ComposeResult:
        """A table that may be longer than the panel."""
        with VerticalScroll():
            yield self.text

    def show_model(self, summary: ModelSummary | None) -> None:
        """Draw this one; None for a run that brought none with it."""
        self._summary = summary
        self._draw()

    def give_room(self, lines: int) -> None:
        """Every layer where they fit on so many lines, else only the blocks."""
        self._lines = lines
        if self._summary is not None:
            self._draw()

    def _draw(self) -> None:
        summary = self._summary
        if summary is None:
            self.border_title = "Model"
            self.text.update(NOT_RECORDED)
            return
        self.border_title = (
            f"Model · {summary.parameters:,} parameters · {formatting.millions(summary.macs)} MACs"
        )
        detailed = len(summary.layers) + _AROUND <= self._lines
        self.text.update(model_table(summary, detailed=detailed, width=self.content_size.width))


def model_table(summary: ModelSummary, *, detailed: bool, width: int = 0) -> Table:
    """A row a block (or layer) that has something to count; the others only where `detailed`."""
    table = Table(box=None, pad_edge=False, expand=True, header_style="dim")
    table.add_column("layer", ratio=1, no_wrap=True, overflow="ellipsis")
    for name in ("output", "params", "MACs", "field"):
        table.add_column(name, min_width=width // _NUMBER_SHARE, justify="right", no_wrap=True)
    for row in summary.layers if detailed else by_block(summary):
        table.add_row(*_cells(row), style="" if row.parameters else "dim")
    return table


def by_block(summary: ModelSummary) -> Iterator[Layer | Block]:
    """The blocks in order, and the layers that stand outside of any."""
    blocks: dict[str, Block | None] = {block.path: block for block in summary.blocks}
    for top, layers in itertools.groupby(summary.layers, lambda layer: layer.path.partition(".")[0]):
        if top not in blocks:
            yield from layers
        elif (block := blocks[top]) is not None:
            yield block
            blocks[top] = None  # a block that is called twice is counted once


def _cells(row: Layer | Block) -> list[Text]:
    return [
        Text.assemble(row.path or "·", (f" {row.type}", "dim")),
        Text(formatting.shape(row.output_shape)),
        Text(f"{row.parameters:,}" if row.parameters else "·"),
        Text(formatting.millions(row.macs) if row.macs != 0 else "·"),
        Text(formatting.shape(row.receptive_field)),
    ]
