"""What is trained: layers or blocks with their outputs, parameters, MACs and receptive fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from mnist_tui.render import words
from mnist_tui.tui.widgets.panel import Panel

if TYPE_CHECKING:
    from mnist_tui.inspection.summary import Block, Layer, ModelSummary, ReceptiveField


class ModelPanel(Panel):
    """By block; by layer where `detailed`."""

    DEFAULT_CSS = """
    ModelPanel {
        height: auto;
        padding: 0 1;
        & > VerticalScroll { height: auto; max-height: 100%; scrollbar-size-vertical: 1; }
        & Static { height: auto; }
    }
    """

    def __init__(self) -> None:
        super().__init__("Model")
        self.text = Static("…")
        self._summary: ModelSummary | None = None
        self._detailed = False

    def compose(self) -> ComposeResult:
        """A table that may be longer than the panel."""
        with VerticalScroll():
            yield self.text

    def show_model(self, summary: ModelSummary | None) -> None:
        """Draw this one; None while it is not known."""
        self._summary = summary
        self._draw()

    def show_detail(self, detailed: bool) -> None:
        """Every layer, or only the blocks."""
        if detailed != self._detailed:
            self._detailed = detailed
            self._draw()

    def _draw(self) -> None:
        summary = self._summary
        if summary is None:
            self.border_title = "Model"
            self.text.update("…")
            return
        self.border_title = f"Model · {summary.parameters:,} parameters · {words.millions(summary.macs)} MACs"
        self.text.update(model_table(summary, detailed=self._detailed))


def model_table(summary: ModelSummary, *, detailed: bool) -> Table:
    """A row a block (or layer) that has something to count; the others only where `detailed`."""
    table = Table(box=None, pad_edge=False, expand=True, header_style="dim")
    table.add_column("layer", ratio=1, no_wrap=True, overflow="ellipsis")
    for name in ("output", "params", "MACs", "field"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in summary.layers if detailed else by_block(summary):
        table.add_row(*_cells(row))
    return table


def by_block(summary: ModelSummary) -> Iterator[Layer | Block]:
    """The blocks in order, and the layers that stand outside of any."""
    blocks = {block.path: block for block in summary.blocks}
    for layer in summary.layers:
        top = layer.path.partition(".")[0]
        if top not in summary_paths(summary):
            yield layer
        elif top in blocks:
            yield blocks.pop(top)


def summary_paths(summary: ModelSummary) -> set[str]:
    """The names of all blocks."""
    return {block.path for block in summary.blocks}


def _cells(row: Layer | Block) -> list[Text]:
    shape = "?" if row.output_shape is None else "×".join(map(str, row.output_shape))
    return [
        Text.assemble(row.path or "·", (f" {row.type}", "dim")),
        Text(shape),
        Text(f"{row.parameters:,}" if row.parameters else "·"),
        Text(words.millions(row.macs) if row.macs != 0 else "·"),
        Text(_field(row.receptive_field)),
    ]


def _field(field: ReceptiveField) -> str:
    if field is None:
        return "?"
    return str(field) if isinstance(field, int) else "×".join(map(str, field))
