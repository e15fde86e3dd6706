"""The layer table of what is, or would be, trained, with its requirements ticked off."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from mnist_tui.events import RunFailed
from mnist_tui.inspection.requirements import check
from mnist_tui.inspection.summary import ModelSummary
from mnist_tui.render.layer_table import layer_table, requirement_table
from mnist_tui.tui.bridge import ModelInspected, inspect_in_background
from mnist_tui.tui.recorded_model import recorded_summary
from mnist_tui.tui.screens.house import HouseScreen
from mnist_tui.tui.session import Session
from mnist_tui.tui.widgets.model_panel import NOT_RECORDED


class ModelScreen(HouseScreen):
    """From the run's own record while there is a run; else the model of the form is looked at, in a thread."""

    TAB = "model"
    DEFAULT_CSS = """
    ModelScreen {
        #layers, #requirements {
            border: round $panel;
            border-title-color: $text-accent;
            padding: 0 1;
        }
        #layers { height: 1fr; }
        #layers Static, #requirements { width: auto; min-width: 100%; height: auto; }
        &.-short #requirements { display: none; }
    }
    """
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012 - as Textual declares it

    def __init__(self) -> None:
        super().__init__()
        self._drawn: object = None

    def body(self) -> ComposeResult:
        """Table above, requirements below."""
        with VerticalScroll(id="layers") as layers:
            layers.border_title = "Model"
            yield Static("Looking at the model …", id="table")
        requirements = Static(id="requirements")
        requirements.border_title = "Requirements"
        yield requirements

    def draw(self, session: Session) -> None:
        """Draw another model only when it is another."""
        spec = self.dashboard.seed.model
        wanted = (session.generation, session.history.started is not None, spec)
        if wanted == self._drawn:
            return
        summary = recorded_summary(session.history)
        if summary is not None:
            self._drawn = wanted
            self._show(summary)
        elif not session.phase.is_busy:
            self._drawn = wanted
            inspect_in_background(spec, self)
        elif session.history.started is not None:
            # Looking at a model would have to wait until the training is over.
            self._drawn = wanted
            self._say(NOT_RECORDED)

    def on_model_inspected(self, message: ModelInspected) -> None:
        """Unless another model is wanted by now, or a run has brought its own table."""
        if message.spec != self.dashboard.seed.model or recorded_summary(self.session.history) is not None:
            return
        if isinstance(message.result, RunFailed):
            self._say(f"{message.result.message}\n{message.result.remedy}")
        else:
            self._show(message.result)

    def _show(self, summary: ModelSummary) -> None:
        self.query_one("#table", Static).update(layer_table(summary, titled=False))
        self.query_one(
            "#layers"
        ).border_title = f"Model · {summary.model} · {summary.parameters:,} parameters"
        self.query_one("#requirements", Static).update(requirement_table(check(summary)))

    def _say(self, text: str) -> None:
        self.query_one("#table", Static).update(Content(text))
        self.query_one("#layers").border_title = "Model"
        self.query_one("#requirements", Static).update("")
