"""The model's layers with the movement of their weights, and whether it meets the requirements."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from mnist_tui.events import WeightsMoved
from mnist_tui.inspection.requirements import check_requirements
from mnist_tui.inspection.summary import ModelSummary
from mnist_tui.render import formatting
from mnist_tui.render.layer_table import requirement_list, requirement_table
from mnist_tui.tui.widgets.frame.panel import Panel
from mnist_tui.tui.widgets.tables.layers_table import LayersTable

# The frame and the head line of the table.
_AROUND = 3


class LayersPanel(Panel):
    """The layers under a title with the model's name and size."""

    def __init__(self) -> None:
        super().__init__("Layers", jump="L")
        self.id = "table"
        self.table = LayersTable()

    def compose(self) -> ComposeResult:
        yield self.table

    def show_model(self, summary: ModelSummary | None, weight_updates: Sequence[WeightsMoved]) -> None:
        """Draw the layers; None for no model."""
        title = "Layers"
        if summary is not None:
            count = f"{summary.parameters:,} parameters · {formatting.millions(summary.macs)} MACs"
            title = f"Layers · {summary.model} · {count}"
        self.border_title = title
        self.table.show_model(summary, weight_updates)

    def fit_rows(self, *, is_limited: bool) -> None:
        """Become no higher than all rows need, if `is_limited`."""
        self.styles.max_height = max(len(self.table.rows), 1) + _AROUND if is_limited else None


class RequirementsPanel(Panel):
    """The requirements, in full where there is room, and notes on what the layer table cannot know."""

    def __init__(self) -> None:
        super().__init__("Requirements", jump="Q")
        self.id = "requirements"
        self._text = Static(id="ticks")
        self._summary: ModelSummary | None = None

    def compose(self) -> ComposeResult:
        yield self._text

    def show(self, found: ModelSummary | str) -> None:
        """Check this model, or say why there is none to check."""
        self._summary = found if isinstance(found, ModelSummary) else None
        if isinstance(found, str):
            self._text.update(Content(found))
        self._update()

    def on_resize(self, event: Resize) -> None:
        # The screen's classes for its width have yet to be set.
        self.call_after_refresh(self._update)

    def _update(self) -> None:
        if self._summary is None:
            return
        requirements, ticks = check_requirements(self._summary), Table.grid()
        in_full = self.screen.has_class("-vast")
        ticks.add_row(requirement_table(requirements) if in_full else requirement_list(requirements))
        for note in self._summary.notes:
            ticks.add_row(Text(f"note: {note}", style="yellow"))
        self._text.update(ticks)
