"""One run, live or from its log: its number, curves, epoch table, and what the network makes of ten digits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Resize
from textual.widget import Widget

from mnist_tui.events import RunFailed
from mnist_tui.inspection.summary import ModelSummary
from mnist_tui.runs.history import RunHistory, RunStatus
from mnist_tui.runs.lead import describe_lead, find_lead
from mnist_tui.runs.reference import Reference
from mnist_tui.system import paths
from mnist_tui.tui.keys import bind
from mnist_tui.tui.widgets.charts.batch_losses import BatchLosses
from mnist_tui.tui.widgets.charts.curves import Curves
from mnist_tui.tui.widgets.frame.notices import Notices
from mnist_tui.tui.widgets.frame.panel import Panel
from mnist_tui.tui.widgets.model.model_panel import ModelPanel
from mnist_tui.tui.widgets.runs.confusions_panel import ConfusionsPanel
from mnist_tui.tui.widgets.runs.digits_panel import Digits, DigitsPanel
from mnist_tui.tui.widgets.runs.first_filters_panel import FirstFiltersPanel
from mnist_tui.tui.widgets.runs.learning_feed import LearningFeed
from mnist_tui.tui.widgets.runs.projector import ProjectorFigures
from mnist_tui.tui.widgets.runs.run_layout import RunLayout, arrange
from mnist_tui.tui.widgets.runs.run_progress import RunProgress
from mnist_tui.tui.widgets.tables.epoch_table import EpochTable
from mnist_tui.tui.workers.learning_viewer import LearningSeen, LearningView
from mnist_tui.tui.workers.networks import NetworkSource

# From this height on, in cells, the row with the number has a frame.
_TALL = 28
# From this height on, there is room for two charts.
_TWO_CHARTS = 15


def _no_network() -> NetworkSource | None:
    return None


class RunView(Widget):
    """Draws one `RunHistory`; the owner says when it has changed."""

    DEFAULT_CSS = """
    RunView {
        height: 1fr;
        layout: vertical;
        & .columns { height: 1fr; }
        & .left { width: 1fr; height: 1fr; }
        & .right { height: 1fr; }
        & .strip { height: 1fr; }
        & .tables { width: 6fr; height: 1fr; }
        & .aside { width: 5fr; height: 1fr; }
        & .box > Panel, & .aside > Panel { height: 1fr; }
        & > ProjectorFigures, & > #row { display: none; }
        & > #row { height: 6; }

        &.-crowded #loss { display: none; }
        &.-projector {
            & > RunProgress, & > Notices, & .right, & #loss { display: none; }
            & > ProjectorFigures, & > #row { display: block; }
        }
        & .box > ModelPanel { max-height: 100%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("y-axis", "toggle_log_scale", "Log scale"),
        bind("smoothing", "toggle_smoothing", "Smoothing"),
        bind("back", "hide_notices", "Hide the notice"),
    ]

    def __init__(
        self,
        network: Callable[[], NetworkSource | None] = _no_network,
        data_dir: Path | None = None,
        *,
        next_keys: tuple[tuple[str, str], ...] = (),
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """`network` returns what to look at while its panels are seen; its test images are under `data_dir`.

        `next_keys` are what can be done with a finished run: keys and words.
        """
        super().__init__(id=id, classes=classes)
        self.notices = Notices()
        self.progress = RunProgress()
        self.progress.next_keys = next_keys
        self.curves = Curves()
        self.batch_losses = BatchLosses()
        self.digits = DigitsPanel()
        self.filters = FirstFiltersPanel()
        self.confusions = ConfusionsPanel()
        self.epochs = EpochTable()
        self.model = ModelPanel()
        self._learning = LearningFeed(self, data_dir or paths.data_dir(), network)
        self._boxes: dict[Panel, Vertical] = {}
        self._history = RunHistory()
        self._reference: Reference | None = None
        self._row: Digits | None = None
        self._figures: ProjectorFigures | None = None
        self._layout: RunLayout | None = None

    def compose(self) -> ComposeResult:
        yield self.notices
        yield self.progress
        with Horizontal(classes="columns"):
            with Vertical(classes="left"):
                yield self.curves
                for panel in (self.batch_losses, self.confusions):
                    yield self._box(panel)
            with Vertical(classes="right"):
                yield self._box(self.digits)
                with Horizontal(classes="strip"):
                    with Vertical(classes="tables"):
                        yield self._box(self.epochs)
                        yield self._box(self.model)
                    with Vertical(classes="aside"):
                        yield self.filters

    def _box(self, panel: Panel) -> Vertical:
        """The panel in a container that has its height: zoomed, the panel itself has another."""
        box = self._boxes[panel] = Vertical(panel, classes="box")
        return box

    def on_unmount(self) -> None:
        self._learning.close()

    def show(self, history: RunHistory) -> None:
        """Draw this run instead of another."""
        self._learning.forget()
        self.digits.show_text("Waiting for the first steps …")
        self.curves.show(history)
        self.epochs.show(history)
        self.advance(history)
        layer_table = history.record.model.layer_table if history.record else None
        self.model.show_model(ModelSummary.from_record(layer_table))

    @property
    def has_run(self) -> bool:
        """Whether there is a run to show."""
        return self._history.started is not None

    def advance(self, history: RunHistory) -> None:
        """Draw what new events of the same run changed."""
        self._history = history
        self._learning.is_whole = history.status is RunStatus.FINISHED
        with self.app.batch_update():
            self.notices.advance(history)
            self.curves.advance(history)
            self.epochs.advance(history)
            self.batch_losses.advance(history)
            self.progress.lead = self._describe_lead()
            self.progress.advance(history, self.epochs.best)
            if self._figures is not None and self.has_class("-projector"):
                self._figures.advance(history, self.size.height)
            self._arrange()
        self.look()

    def look(self) -> None:
        """Look at the network again, if any of the panels that show it is seen."""
        panels = (self.digits, self.filters, self.confusions, self.progress.mistakes, self._row)
        if self.screen.is_active and any(panel is not None and panel.is_on_screen for panel in panels):
            self._learning.refresh()

    def on_learning_seen(self, message: LearningSeen) -> None:
        """Draw what was seen; by now there may be something newer."""
        if not self._learning.receive(message) or not self.is_running:
            return
        with self.app.batch_update():
            if isinstance(message.result, RunFailed):
                self.digits.show_text(message.result.message)
            else:
                self._show_learning(message.result)
        self.look()

    def _show_learning(self, view: LearningView) -> None:
        self.digits.show_answers(view.answers)
        self.filters.show_filters(view.first_filters, view.filters)
        at = view.confusions_at
        when = f"epoch {at.epoch + 1}, step {at.step:,}" if at.step else f"after epoch {at.epoch}"
        self.confusions.show_confusions(view.confusions, view.classes, f"{view.confusion_images:,} · {when}")
        self.progress.mistakes.show(view.mistakes, view.classes)
        if self._row is not None:
            self._row.show(view.answers)

    async def show_projector(self, projecting: bool) -> None:
        """Large figures, the accuracy and one row of digits, for a lecture hall; or everything."""
        if self._figures is None or self._row is None:
            self._figures, self._row = ProjectorFigures(), Digits(rows=1, id="row")
            await self.mount(self._figures, before=0)
            await self.mount(self._row)
        self.set_class(projecting, "-projector")
        self._layout = None
        if projecting:
            self.curves.accuracy.take_focus()
        self._row.show(self.digits.answers)
        self.call_after_refresh(self.advance, self._history)

    def show_reference(self, reference: Reference | None) -> None:
        """Compare with this run: as a faint curve, and in words; None for no comparison."""
        self._reference = reference
        name, history = (reference.name, reference.history) if reference else ("", None)
        self.curves.show_reference(name, history)
        self.advance(self._history)

    def _describe_lead(self) -> Content:
        """How far the run is ahead of the one that it is compared with; "" before there is anything to compare."""
        if self._reference is None or (lead := find_lead(self._history, self._reference.history)) is None:
            return Content("")
        accuracy = lead.accuracy or 0.0
        style = "$text-success" if accuracy >= 0 else "$text-warning"
        return Content.assemble((describe_lead(lead), style), (f" · vs {self._reference.name}", "$muted"))

    def show_stopping(self, stopping: bool) -> None:
        """Show whether the user has asked the run to stop, which its history cannot know yet."""
        self.progress.show_stopping(stopping)

    def on_resize(self, event: Resize) -> None:
        # Hide what there is no room for.
        self.progress.set_class(event.size.height < _TALL, "-small")
        self._layout = None
        self._arrange()
        self.call_after_refresh(self.look)

    def _arrange(self) -> None:
        """Give each panel its room."""
        width, height = self.size
        if not height:
            return
        layout = arrange(width, height - self.progress.lines, table=self.epochs.lines)
        if layout == self._layout:
            return
        self._layout = layout
        # Two charts of a few lines each would say less than one.
        self.set_class(height - self.progress.lines < _TWO_CHARTS, "-crowded")
        self.query_one(".right").styles.width = layout.right
        heights = {
            self.digits: layout.digits,
            self.epochs: layout.table,
            self.batch_losses: layout.batches,
            self.confusions: layout.confusions,
            self.model: layout.model,
        }
        for panel, lines in heights.items():
            box = self._boxes[panel]
            box.display = bool(lines) and not self.has_class("-projector")
            box.styles.height = lines or 1
        self.query_one(".aside").display = layout.filters
        self.model.set_room(layout.model)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is a notice to hide only while one is shown."""
        return action != "hide_notices" or (self.notices.is_shown and self.notices.is_on_screen)

    def action_hide_notices(self) -> None:
        """Until there is a new one; the list keeps them."""
        self.notices.hide()
        self.refresh_bindings()

    def action_toggle_log_scale(self) -> None:
        """Draw the loss on a logarithmic axis, or a linear one again."""
        self.curves.toggle_log_scale()

    def action_toggle_smoothing(self) -> None:
        """Draw the training loss smoothed, or as it is."""
        self.curves.toggle_smoothing()
