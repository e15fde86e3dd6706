"""Inside a network: its layers and how training moves them, its filters, its feature maps, and where it looked."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from mnist_tui.errors import RunError
from mnist_tui.events import RunFailed, WeightsMoved
from mnist_tui.inspection.requirements import check
from mnist_tui.inspection.summary import ModelSummary
from mnist_tui.render import formatting
from mnist_tui.render.gallery import Gallery, Room
from mnist_tui.render.layer_table import requirement_list, requirement_table
from mnist_tui.render.pixels import gray_image, heat_image
from mnist_tui.tui.recorded_model import recorded_summary, summary_in
from mnist_tui.tui.screens.network_screen import NetworkScreen
from mnist_tui.tui.session import Session
from mnist_tui.tui.widgets.frame.panel import Panel
from mnist_tui.tui.widgets.model.image_panel import ImagePanel
from mnist_tui.tui.widgets.model.model_panel import NOT_RECORDED
from mnist_tui.tui.widgets.tables.layers_table import LayersTable
from mnist_tui.tui.widgets.tables.table import AdaptiveTable
from mnist_tui.tui.workers.explainer import Explainer, ExplainRequest, Explanation, Method
from mnist_tui.tui.workers.training import (
    LookedInside,
    ModelInspected,
    inspect_in_background,
    look_in_background,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

    from mnist_tui.runs import Run

CLASSES = 10
# Beside a training a look costs it time: a small share of it at most, though the first look, which loads much, and
# those on a slow machine are not waited for so long.
_LEAST_PAUSE, _MOST_PAUSE, _PAUSE_PER_LOOK = 0.5, 5.0, 8
_METHODS: tuple[Method, ...] = ("occlusion", "gradient")
_TWO_PICTURES = 58


class ModelScreen(NetworkScreen):
    """The table is from the run's own record while there is a run; else the model of the form is looked at.

    The pictures are of the newest snapshot while a run is trained here, else of the best weights of that run, or of
    the newest run of this model.
    """

    TAB = "model"
    CSS_PATH = "model.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("full_stop", "image(1)", "Next image", key_display="."),
        Binding("comma", "image(-1)", "Previous image", key_display=",", show=False),
        Binding("f", "filters", "Layers / filters"),
        Binding("d", "digit(1)", "Digit"),
        Binding("D", "digit(-1)", "Digit before", show=False),
        Binding("y", "drawing", "Your drawing"),
        Binding("w", "method", "Where it looked"),
        Binding("n", "network", "Network"),
        Binding("m", "movement", "Sizes / movement"),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (112, "-wide"), (160, "-vast")]  # noqa: RUF012 - as Textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self._drawn: object = None
        self._summary: ModelSummary | None = None
        self._looker: Explainer | None = None
        self._asked: ExplainRequest | None = None
        self._is_looking = False
        self._looked_at = self._not_before = 0.0
        self._seen: Explanation | None = None
        self._digit: int | None = None
        self._place = 0
        self._method: Method = "occlusion"
        self._shows_drawing = False
        self._inspected = ""

    def body(self) -> ComposeResult:
        """Two columns of panels."""
        with Horizontal(id="inside"):
            with Vertical(id="left"):
                with Panel("Model") as table:
                    table.id = "table"
                    yield LayersTable()
                yield ImagePanel("Filters", id="filters")
                with Panel("Requirements") as requirements:
                    requirements.id = "requirements"
                    yield Static(id="ticks")
            with Vertical(id="right"):
                yield ImagePanel("Image", id="image")
                yield ImagePanel("Feature maps", id="maps")

    def draw(self, session: Session) -> None:
        """What is new of the layers; another look where there is something else to see."""
        self._find_model(session)
        self.query_one(LayersTable).show_model(self._summary, self._movements())
        self._look(session)

    # The layers

    def _find_model(self, session: Session) -> None:
        if self.chosen is not None:
            self._find_model_of(self.chosen)
            return
        spec = self.dashboard.seed.model
        wanted = (session.generation, session.history.started is not None, spec)
        if wanted == self._drawn:
            return
        summary = recorded_summary(session.history)
        if summary is not None:
            self._drawn = wanted
            self._show_model(summary)
        elif not session.phase.is_busy:
            self._drawn = wanted
            self._inspect(spec, session.run)
        elif session.history.started is not None:
            # Looking at a model would have to wait until the training is over.
            self._drawn = wanted
            self._say(NOT_RECORDED)

    def _find_model_of(self, run: Run) -> None:
        if run == self._drawn:
            return
        self._drawn = run
        try:
            record = run.record()
        except RunError as error:
            self._say(f"{error}\n{error.remedy}")
            return
        summary = summary_in(record.model.layer_table)
        if summary is not None:
            self._show_model(summary)
        elif self.session.phase.is_busy:
            self._say(NOT_RECORDED)
        else:
            self._inspect(record.model.code.spec, run)

    def _inspect(self, spec: str, run: Run | None = None) -> None:
        self._say("Looking at the model …")
        self._inspected = spec
        inspect_in_background(spec, self, run)

    def network_chosen(self) -> None:
        """Also for the same run, which may be opened now."""
        self._asked = self._drawn = None
        super().network_chosen()

    def on_model_inspected(self, message: ModelInspected) -> None:
        """Unless another model is wanted by now, or a run has brought its own table."""
        if message.spec != self._inspected or self._summary is not None:
            return
        if isinstance(message.result, RunFailed):
            self._say(f"{message.result.message}\n{message.result.remedy}")
        else:
            self._show_model(message.result)

    def _show_model(self, summary: ModelSummary) -> None:
        self._summary, self._inspected = summary, ""
        count = f"{summary.parameters:,} parameters · {formatting.millions(summary.macs)} MACs"
        self.query_one("#table").border_title = f"Model · {summary.model} · {count}"
        self._show_ticks()
        self.query_one(LayersTable).show_model(summary, self._movements())

    def _show_ticks(self) -> None:
        """The requirements, in full where there is room; and what the table does not know."""
        if self._summary is None:
            return
        requirements, ticks = check(self._summary), Table.grid()
        is_vast = self.has_class("-vast")
        ticks.add_row(requirement_table(requirements) if is_vast else requirement_list(requirements))
        for note in self._summary.notes:
            ticks.add_row(Text(f"note: {note}", style="yellow"))
        self.query_one("#ticks", Static).update(ticks)

    def on_resize(self, event: Resize) -> None:
        """There may be more room, or less."""
        self.refresh_bindings()
        self.call_after_refresh(self._show_ticks)

    def _movements(self) -> Sequence[WeightsMoved]:
        """Of the run here, or else of the one whose weights are looked at."""
        if self.session.history.started is not None and self.chosen is None:
            return self.session.history.weight_updates
        return self._seen.weight_updates if self._seen else ()

    def _say(self, text: str) -> None:
        self._summary = None
        self.query_one("#table").border_title = "Model"
        self.query_one(LayersTable).show_model(None, ())
        self.query_one("#ticks", Static).update(Content(text))

    # The pictures

    def _look(self, session: Session) -> None:
        """Ask for what is wanted now, unless that is what there is; one look at a time."""
        if self._is_looking:
            return
        wish = self._wish(session)
        if wish is None:
            if self._seen is None:
                self.query_one("#image", ImagePanel).say("Image", "The first steps are on their way.")
            return
        same = self._asked is not None and wish.but_for_the_moment() == self._asked.but_for_the_moment()
        if wish == self._asked or (same and time.monotonic() < self._not_before):
            return
        self._asked, self._is_looking, self._looked_at = wish, True, time.monotonic()
        self._looker = self._looker or Explainer(self.dashboard.folders)
        if self._seen is None:
            self.query_one("#image", ImagePanel).say("Image", "Looking …")
        look_in_background(self._looker, wish, self)

    def _wish(self, session: Session) -> ExplainRequest | None:
        is_live = session.phase.is_busy and self.chosen is None
        snapshot = session.snapshot() if is_live else None
        if is_live and snapshot is None:
            return None
        drawing = self.dashboard.drawing if self._shows_drawing else None
        spec, run = self.dashboard.seed.model, self.chosen or session.run
        return ExplainRequest(spec, run, snapshot, self._digit, self._place, self._method, drawing)

    def on_looked_inside(self, message: LookedInside) -> None:
        """Draw it; then perhaps something else is wanted."""
        now = time.monotonic()
        self._is_looking = False
        took = now - self._looked_at
        self._not_before = now + min(max(_LEAST_PAUSE, _PAUSE_PER_LOOK * took), _MOST_PAUSE)
        if isinstance(message.result, RunFailed):
            self._show_nothing(message.result)
        else:
            self._seen = message.result
            self._show_seen(message.result)
        if self.is_current:
            self._look(self.session)

    def _show_nothing(self, failed: RunFailed) -> None:
        self._seen = None
        self.query_one("#table").border_subtitle = ""
        self.query_one("#image", ImagePanel).say("Image", f"{failed.message}\n\n{failed.remedy}")
        self.query_one("#filters", ImagePanel).say("Filters", "")
        self.query_one("#maps", ImagePanel).say("Feature maps", "")
        self.ask_for_trust(failed)

    def _show_seen(self, seen: Explanation) -> None:
        self.query_one("#table").border_subtitle = seen.label
        self.query_one(LayersTable).show_model(self._summary, self._movements())
        self._show_image(seen)
        self._show_filters(seen)
        self._show_maps(seen)

    def _show_image(self, seen: Explanation) -> None:
        best = seen.insight.prediction.best
        title = f"{seen.image.name} read as {best.name} {formatting.percent(best.probability)}"
        note = f"what speaks for {best.name}, and against · by {seen.looked.method}"
        pixels, heat = seen.insight.pixels.tolist(), seen.looked.heat.tolist()

        def draw(room: Room, plain: bool) -> RenderableType:
            over = heat_image(pixels, heat, plain=plain)
            if room.columns < _TWO_PICTURES:
                return over
            pair = Table.grid(padding=(0, 2))
            pair.add_row(gray_image(pixels, plain=plain), over)
            return pair

        self.query_one("#image", ImagePanel).show(title, draw, note)

    def _show_filters(self, seen: Explanation) -> None:
        filters, panel = seen.insight.filters, self.query_one("#filters", ImagePanel)
        if filters is None:
            panel.say("Filters", "The first layer's weights are no pictures.")
            return
        grids = filters.weights.tolist()
        signs = "shades +, stripes −" if self.app.no_color else "orange +, blue −"
        title = f"Filters of {filters.path or filters.type} · {signs}"
        panel.show(title, lambda room, plain: Gallery(grids, Room(room.columns, 10), plain=plain))

    def _show_maps(self, seen: Explanation) -> None:
        row, panel = self.query_one(LayersTable).current, self.query_one("#maps", ImagePanel)
        path = row.layer.path if row else ""
        maps = None if row is None or row.layer.functional else seen.insight.maps.get(path)
        if maps is None:
            panel.say(f"Feature maps · {path}", "Of this row there are none: choose a layer in the table.")
            return
        grids = maps.tolist()
        size = "×".join(map(str, maps.shape))
        panel.show(f"Feature maps · {path} · {size}", lambda room, plain: Gallery(grids, room, plain=plain))

    def on_folding_table_highlighted(self, message: AdaptiveTable.Highlighted) -> None:
        """Another layer's maps."""
        if self._seen is not None:
            self._show_maps(self._seen)

    # The keys

    def action_image(self, step: int) -> None:
        """The next image, or the one before."""
        self._place = max(0, self._place + step)
        self._look(self.session)

    def action_digit(self, step: int) -> None:
        """Only images of one class, then of the next, then all again."""
        choices = [None, *range(CLASSES)]
        self._digit = choices[(choices.index(self._digit) + step) % len(choices)]
        self._place = 0
        self._look(self.session)

    def action_drawing(self) -> None:
        """What is on the Draw screen, or the test image again."""
        if self.dashboard.drawing is None and not self._shows_drawing:
            self.notify("There is no drawing yet: draw a digit on screen 4.")
            return
        self._shows_drawing = not self._shows_drawing
        self._look(self.session)

    def action_method(self) -> None:
        """The other way of finding out."""
        self._method = _METHODS[(_METHODS.index(self._method) + 1) % len(_METHODS)]
        self._look(self.session)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing to fold away where there is room for all."""
        return action != "filters" or self.has_class("-narrow") or self.has_class("-short")

    def action_filters(self) -> None:
        """Filters and requirements in the layers' place, where there is not room for all."""
        self.toggle_class("-filters")

    def action_movement(self) -> None:
        """What the table shows where there is not room for all."""
        self.query_one(LayersTable).turn()
