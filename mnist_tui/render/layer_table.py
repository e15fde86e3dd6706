"""The layer table of a model, and which requirements it meets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from mnist_tui.render import formatting

if TYPE_CHECKING:
    from mnist_tui.inspection import BlockSummary, LayerSummary, ModelSummary, Requirement


def layer_table(summary: ModelSummary) -> RenderableType:
    """Every layer in forward order under the network's name, subtotals after each block, totals below."""
    table = Table(
        box=box.SIMPLE_HEAD,
        title=f"{escape(summary.model)} · input {formatting.shape(summary.input_shape)}",
        title_justify="left",
        title_style="bold",
        pad_edge=False,
        padding=(0, 1, 0, 0),  # narrow gaps, so that the reference network fits 80 columns
    )
    table.add_column("layer", no_wrap=True)
    table.add_column("type")
    for name in ("output", "params", "MACs", "field"):
        table.add_column(name, justify="right", no_wrap=True)
    blocks = {block.path: block for block in summary.blocks}
    for layer, following in zip(summary.layers, (*summary.layers[1:], None), strict=True):
        table.add_row(*_layer_cells(layer))
        block = blocks.get(layer.path.partition(".")[0])
        if block and (following is None or following.path.partition(".")[0] != block.path):
            table.add_row(*_block_cells(block), style="bold cyan", end_section=True)
    return Group(table, totals(summary), *(Text(f"note: {note}", style="yellow") for note in summary.notes))


def totals(summary: ModelSummary) -> Text:
    """One line with the totals."""
    frozen = summary.parameters - summary.trainable_parameters
    held = f" ({summary.trainable_parameters:,} trainable, {frozen:,} not)" if frozen else " (all trainable)"
    return Text.assemble(
        (f"{summary.parameters:,} parameters", "bold"),
        f"{held} · {formatting.millions(summary.macs)} MACs per image · {formatting.byte_size(summary.bytes)}",
    )


def requirement_table(requirements: Sequence[Requirement]) -> Table:
    """Whether each requirement is met, what is required, and what was found."""
    table = Table(box=None, pad_edge=False)
    for name in ("", "requirement", "wanted", "found"):
        table.add_column(name)
    for requirement in requirements:
        table.add_row(_mark(requirement), requirement.name, requirement.wanted, requirement.found)
    return table


def requirement_list(requirements: Sequence[Requirement]) -> Table:
    """The requirements in little space: what is required only if it is not met."""
    table = Table.grid(padding=(0, 1))
    for requirement in requirements:
        wanted = "" if requirement.met else f", wanted {requirement.wanted}"
        table.add_row(_mark(requirement), f"{requirement.name}: {requirement.found}{wanted}")
    return table


def _mark(requirement: Requirement) -> Text:
    return Text("✓", style="bold green") if requirement.met else Text("✗", style="bold red")


def _layer_cells(layer: LayerSummary) -> list[str]:
    kind = f"{layer.type}()" if layer.functional else layer.type
    settings = f"same as {layer.shared_with}" if layer.shared_with else layer.settings
    return [
        escape(layer.path),
        escape(f"{kind} {settings}".rstrip()),
        formatting.shape(layer.output_shape),
        f"{layer.parameters:,}" if layer.parameters else "·",
        formatting.millions(layer.macs) if layer.macs != 0 else "·",
        formatting.shape(layer.receptive_field),
    ]


def _block_cells(block: BlockSummary) -> list[str]:
    return [
        f"= {escape(block.path)}",
        "",
        formatting.shape(block.output_shape),
        f"{block.parameters:,}",
        formatting.millions(block.macs),
        formatting.shape(block.receptive_field),
    ]
