"""One run, live or from its log: curves, epoch table, batch losses, model, progress."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.widget import Widget

from mnist_tui.inspection.summary import ModelSummary
from mnist_tui.runs.history import RunHistory
from mnist_tui.tui.keys import bind
from mnist_tui.tui.widgets.charts.batch_losses import BatchLosses
from mnist_tui.tui.widgets.charts.curves import Curves
from mnist_tui.tui.widgets.frame.notices import Notices
from mnist_tui.tui.widgets.model.model_panel import ModelPanel
from mnist_tui.tui.widgets.runs.run_progress import RunProgress
from mnist_tui.tui.widgets.tables.epoch_table import EpochTable

# From this height on, in cells, there is room for all panels.
_TALL = 30
# Of the height, at most.
_MODEL_SHARE = 0.6


class RunView(Widget):
    """Draws one `RunHistory`; the owner says when it has changed."""

    DEFAULT_CSS = """
    RunView {
        height: 1fr;
        layout: vertical;
        & .columns { height: 1fr; }
        & .left { width: 12fr; height: 1fr; }
        & .right { width: 13fr; height: 1fr; }
        & EpochTable { height: 1fr; }
        & ModelPanel { max-height: 60%; }
        &.-short BatchLosses, &.-short ModelPanel { display: none; }
        &.-short RunProgress { border-bottom: none; border-left: none; border-right: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("y-axis", "toggle_log_scale", "Log scale"),
        bind("smoothing", "toggle_smoothing", "Smoothing"),
    ]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.notices = Notices()
        self.curves = Curves()
        self.batch_losses = BatchLosses()
        self.epochs = EpochTable()
        self.model = ModelPanel()
        self.progress = RunProgress()

    def compose(self) -> ComposeResult:
        yield self.notices
        with Horizontal(classes="columns"):
            with Vertical(classes="left"):
                yield self.curves
                yield self.batch_losses
            with Vertical(classes="right"):
                yield self.epochs
                yield self.model
        yield self.progress

    def show(self, history: RunHistory) -> None:
        """Draw this run instead of another."""
        self.curves.show(history)
        self.epochs.show(history)
        self.advance(history)
        layer_table = history.record.model.layer_table if history.record else None
        self.model.show_model(ModelSummary.from_record(layer_table))

    def advance(self, history: RunHistory) -> None:
        """Draw what new events of the same run changed."""
        with self.app.batch_update():
            self.notices.advance(history)
            self.curves.advance(history)
            self.epochs.advance(history)
            self.batch_losses.advance(history)
            self.progress.advance(history, self.epochs.best)

    def show_stopping(self, stopping: bool) -> None:
        """Show whether the user has asked the run to stop, which its history cannot know yet."""
        self.progress.show_stopping(stopping)

    def on_resize(self, event: Resize) -> None:
        # Hide what there is no room for.
        height = event.size.height
        self.set_class(height < _TALL, "-short")
        self.model.set_room(int(height * _MODEL_SHARE))

    def action_toggle_log_scale(self) -> None:
        """Draw the loss on a logarithmic axis, or a linear one again."""
        self.curves.toggle_log_scale()

    def action_toggle_smoothing(self) -> None:
        """Draw the training loss smoothed, or as it is."""
        self.curves.toggle_smoothing()
