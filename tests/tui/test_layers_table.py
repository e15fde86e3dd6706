"""The layer table of a long network: a row per block, which is opened where its layers are to be seen."""

from __future__ import annotations

import asyncio

from textual.app import ComposeResult

from mnist_tui.events import WeightsMoved
from mnist_tui.inspection.summary import BlockSummary, LayerSummary, ModelSummary
from mnist_tui.tui.themed_app import ThemedApp
from mnist_tui.tui.widgets.tables.layers_table import LayersTable

PER_BLOCK = 15


def layer(path: str) -> LayerSummary:
    return LayerSummary(path, "Conv2d", "Conv2d", "3×3", (8, 28, 28), 80, 1000, 3)


def network(blocks: int) -> ModelSummary:
    """A stem, blocks of fifteen layers, and a head."""
    names = [f"stage{block}" for block in range(blocks)]
    layers = [layer("stem"), *(layer(f"{name}.{at}") for name in names for at in range(PER_BLOCK)), layer("head")]
    subtotals = tuple(BlockSummary(name, "Sequential", (8, 28, 28), 1200, 15_000, 31) for name in names)
    return ModelSummary("deep", (1, 28, 28), 80 * len(layers), 80 * len(layers), 0, 0, tuple(layers), subtotals, ())


def shown(table: LayersTable) -> list[str]:
    return [f"{row.mark}{row.layer.path}".strip() for row in table.rows]


class TableApp(ThemedApp[None]):
    def compose(self) -> ComposeResult:
        yield LayersTable()


def test_a_long_network_is_folded_by_block_and_opened_where_one_looks() -> None:
    moved = WeightsMoved(
        epoch=1,
        step=10,
        layers=("stage1.2", "stage1.9"),
        weight_norms=(1.0, 1.0),
        gradient_norms=(0.1, 0.1),
        update_ratios=(2e-3, 5e-3),
    )

    async def drive() -> None:
        async with TableApp().run_test() as pilot:
            table = pilot.app.query_one(LayersTable)
            table.show_model(network(2), [])
            assert len(table.rows) == 2 * PER_BLOCK + 2  # not long: all layers
            table.show_model(network(3), [moved])
            assert shown(table) == ["stem", "▸ stage0", "▸ stage1", "▸ stage2", "head"]
            assert table.rows[2].ratio == 5e-3
            assert table.rows[2].maps_path == f"stage1.{PER_BLOCK - 1}"
            table.focus()
            await pilot.press("enter")  # on a layer there is nothing to open
            assert len(table.rows) == 5
            await pilot.press("down", "down", "enter")
            assert shown(table)[2:6] == ["▾ stage1", "stage1.0", "stage1.1", "stage1.2"]
            assert table.current is table.rows[2]
            await pilot.press("down", "down", "down")
            assert table.current is not None
            assert table.current.ratio == 2e-3
            await pilot.press("up", "up", "up", "enter")
            assert shown(table) == ["stem", "▸ stage0", "▸ stage1", "▸ stage2", "head"]

    asyncio.run(drive())
