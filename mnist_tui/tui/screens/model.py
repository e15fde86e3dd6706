"""Model: a network's layers and how training moves them, its filters, its feature maps, and a saliency map."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical

from mnist_tui.events import RunFailed, WeightsMoved
from mnist_tui.inspection.summary import ModelSummary
from mnist_tui.tui.keys import bind
from mnist_tui.tui.screens.model_finder import ModelFinder
from mnist_tui.tui.screens.network_screen import NetworkScreen
from mnist_tui.tui.session import Session
from mnist_tui.tui.widgets.model.explanation_panels import FeatureMapsPanel, FiltersPanel, SaliencyPanel
from mnist_tui.tui.widgets.model.layers_panel import LayersPanel, RequirementsPanel
from mnist_tui.tui.widgets.tables.layers_table import LayersTable
from mnist_tui.tui.workers.explainer import (
    SALIENCY_METHODS,
    Explainer,
    ExplainRequest,
    Explanation,
    ImageChoice,
    ImageExplained,
)
from mnist_tui.tui.workers.latest_worker import LatestWorker
from mnist_tui.tui.workers.model_inspector import ModelInspected
from mnist_tui.tui.workspace import Workspace

_CLASSES = 10
# Beside a training an explanation costs it time: a small share of it at most. But the first, which loads much, and
# those on a slow machine must not delay the next one for long.
_LEAST_PAUSE, _MOST_PAUSE, _PAUSE_PER_SECOND = 0.5, 5.0, 8


class ModelScreen(NetworkScreen):
    """The layers are from the run's own record while there is a run; else the model of the form is inspected.

    The images are of the newest snapshot while a run is in training here, else of the weights of that run, or of the
    newest run of this model.
    """

    TAB = "model"
    CSS_PATH = "model.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("next-image", "image(1)", "Next image"),
        bind("previous-image", "image(-1)", "Previous image", show=False),
        bind("next-class", "digit(1)", "Next class"),
        bind("previous-class", "digit(-1)", "Previous class", show=False),
        bind("images", "drawing", "Your drawing"),
        bind("attribution", "method", "Attribution"),
        bind("network", "network", "Network"),
        bind("view", "movement", "Shapes / training"),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (112, "-wide"), (160, "-vast")]  # noqa: RUF012 - declared so by Textual
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self.summary: ModelSummary | None = None
        self.explanation: Explanation | None = None
        self._request: ExplainRequest | None = None
        self._pace = _Pace()
        self._choice = ImageChoice()
        self._shows_drawing = False
        explain = Explainer(workspace.folders.data).explain
        self._explainer: LatestWorker[ExplainRequest] = LatestWorker(
            partial(ImageExplained.compute, explain), self, name="explainer"
        )
        self._finder = ModelFinder(self)
        self.layers_panel, self.requirements = LayersPanel(), RequirementsPanel()
        self.filters, self.saliency, self.maps = FiltersPanel(), SaliencyPanel(), FeatureMapsPanel()

    def body(self) -> ComposeResult:
        with Horizontal(id="inside"):
            with Vertical(id="left"):
                yield self.layers_panel
                yield self.filters
                yield self.requirements
            with Vertical(id="right"):
                yield self.saliency
                yield self.maps

    def on_unmount(self) -> None:
        self._explainer.close()
        self._finder.close()

    def draw(self, session: Session) -> None:
        """Show the model, and explain the image again where there is something else to see."""
        self._show_model(self._finder.find(session, self.chosen, self.workspace.form_config.model))
        self.layers_panel.show_model(self.summary, self._weight_updates())
        self._explain(session)

    def network_chosen(self) -> None:
        self._request = None
        self._finder.reset()
        super().network_chosen()

    def on_model_inspected(self, message: ModelInspected) -> None:
        self._show_model(self._finder.receive(message))

    def _show_model(self, found: ModelSummary | str | None) -> None:
        """Show the layers, or why there are none; nothing new for None."""
        if found is not None:
            self.summary = found if isinstance(found, ModelSummary) else None
            self.layers_panel.show_model(self.summary, self._weight_updates())
            self.requirements.show(found)

    def _weight_updates(self) -> Sequence[WeightsMoved]:
        """Of the run in training here, or else of the one whose weights are explained."""
        if self.session.history.started is not None and self.chosen is None:
            return self.session.history.weight_updates
        return self.explanation.weight_updates if self.explanation else ()

    def _explain(self, session: Session) -> None:
        """Ask for what is wanted now, unless that is what there is; one explanation at a time."""
        if self._pace.is_busy:
            return
        request = self._build_request(session)
        if request is None:
            if self.explanation is None:
                self.saliency.show_text("Image", "The first steps are on their way.")
            return
        if request == self._request or (request.is_same_choice(self._request) and not self._pace.is_due):
            return
        self._request = request
        self._pace.start()
        if self.explanation is None:
            self.saliency.show_text("Image", "Computing …")
        self._explainer.ask(request)

    def _build_request(self, session: Session) -> ExplainRequest | None:
        """None while the run in training has no snapshot yet."""
        choice = replace(self._choice, drawing=self.workspace.drawing if self._shows_drawing else None)
        if session.phase.is_busy and self.chosen is None:
            snapshot = session.snapshot()
            return ExplainRequest(snapshot, choice) if snapshot is not None else None
        network = self.saved_network(session.run, model=self.workspace.form_config.model)
        return ExplainRequest(network, choice)

    def on_image_explained(self, message: ImageExplained) -> None:
        """Show the explanation; something else may be wanted by now."""
        self._pace.stop()
        if isinstance(message.result, RunFailed):
            self.explanation = None
            self.layers_panel.border_subtitle = ""
            for panel in (self.saliency, self.filters, self.maps):
                panel.show_failure(message.result)
            self.ask_for_trust(message.result)
        else:
            self.explanation = message.result
            self._show_explanation(message.result)
        if self.is_current:
            self._explain(self.session)

    def _show_explanation(self, explanation: Explanation) -> None:
        self.layers_panel.border_subtitle = explanation.label
        self.layers_panel.show_model(self.summary, self._weight_updates())
        self.saliency.show_explanation(explanation)
        self.filters.show_explanation(explanation)
        self.maps.show_explanation(explanation, self.layers_panel.table.current)

    def on_selectable_table_highlighted(self) -> None:
        if self.explanation is not None:
            self.maps.show_explanation(self.explanation, self.layers_panel.table.current)

    def action_image(self, step: int) -> None:
        """Explain the next image, or the one before."""
        self._set_choice(place=max(0, self._choice.place + step))

    def action_digit(self, step: int) -> None:
        """Only images of one class, then of the next, then all again."""
        choices = [None, *range(_CLASSES)]
        index = choices.index(self._choice.digit) + step
        self._set_choice(digit=choices[index % len(choices)], place=0)

    def action_method(self) -> None:
        """Switch to the other method for saliency maps."""
        index = SALIENCY_METHODS.index(self._choice.method) + 1
        self._set_choice(method=SALIENCY_METHODS[index % len(SALIENCY_METHODS)])

    def action_drawing(self) -> None:
        """Explain what is on the Draw screen, or the test image again."""
        if self.workspace.drawing is None and not self._shows_drawing:
            self.notify("There is no drawing yet: draw a digit on screen 4.")
            return
        self._shows_drawing = not self._shows_drawing
        self._set_choice()

    def _set_choice(self, **changes: Any) -> None:
        self._choice = replace(self._choice, **changes)
        self._explain(self.session)

    def action_movement(self) -> None:
        """Show the movement in the sizes' place, where there is not room for both."""
        self.query_one(LayersTable).toggle_movement()


class _Pace:
    """When the next explanation of a network in training may begin."""

    def __init__(self) -> None:
        self.is_busy = False
        self._started = self._not_before = 0.0

    @property
    def is_due(self) -> bool:
        return time.monotonic() >= self._not_before

    def start(self) -> None:
        self.is_busy, self._started = True, time.monotonic()

    def stop(self) -> None:
        now = time.monotonic()
        pause = _PAUSE_PER_SECOND * (now - self._started)
        self.is_busy, self._not_before = False, now + min(max(_LEAST_PAUSE, pause), _MOST_PAUSE)
