"""Model: a network's layers and how training moves them, its filters, its feature maps, and saliency maps."""

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
from mnist_tui.runs import Run
from mnist_tui.tui.keys import bind
from mnist_tui.tui.picked_image import PickedImage, Question
from mnist_tui.tui.screens.dialogs.inspect import ClassDialog, Drawing, ImageDialog
from mnist_tui.tui.screens.model_finder import ModelFinder
from mnist_tui.tui.screens.network_screen import NetworkScreen
from mnist_tui.tui.session import Session
from mnist_tui.tui.widgets.frame.panel import Panel
from mnist_tui.tui.widgets.model.explanation_panels import (
    ExplanationColumn,
    FeatureMapsPanel,
    FiltersPanel,
    SaliencyPanel,
)
from mnist_tui.tui.widgets.model.layers_panel import LayersPanel, RequirementsPanel
from mnist_tui.tui.widgets.tables.layers_table import LayersTable
from mnist_tui.tui.workers.explainer import (
    SALIENCY_METHODS,
    Explainer,
    ExplainRequest,
    Explanation,
    ImageChoice,
    ImageExplained,
    UntrainedNetwork,
)
from mnist_tui.tui.workers.latest_worker import LatestWorker
from mnist_tui.tui.workers.model_inspector import ModelInspected
from mnist_tui.tui.workers.networks import SavedNetwork
from mnist_tui.tui.workers.test_images import ImageQuery
from mnist_tui.tui.workspace import Workspace

_CLASSES = 10
_DRAWING = "Your drawing"
# Beside a training an explanation costs it time: a small share of it at most. But the first, which loads much, and
# those on a slow machine must not delay the next one for long.
_LEAST_PAUSE, _MOST_PAUSE, _PAUSE_PER_SECOND = 0.5, 5.0, 8


class ModelScreen(NetworkScreen):
    """The layers are from the run's own record while there is a run; else the model of the form is inspected.

    The images are of the newest snapshot while a run is in training here, else of the weights of that run, or of the
    newest run of this model; before any, its first filters are drawn as a training would begin with them.
    """

    TAB = "model"
    CSS_PATH = "model.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("next-image", "image(1)", "Next image"),
        bind("previous-image", "image(-1)", "Previous image", show=False),
        bind("why", "why", "Why not …?"),
        bind("images", "choose_image", "Image"),
        bind("draw-it", "draw_it", "Draw it"),
        bind("attribution", "method", "Attribution"),
        bind("view", "movement", "Shapes / training"),
        bind("next-class", "digit(1)", "Next class"),
        bind("previous-class", "digit(-1)", "Previous class", show=False),
        bind("network", "network", "Network"),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (112, "-wide"), (160, "-vast")]  # noqa: RUF012 - declared so by Textual
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall"), (38, "-high")]  # noqa: RUF012

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self.summary: ModelSummary | None = None
        self.explanation: Explanation | None = None
        self._request: ExplainRequest | None = None
        self._pace = _Pace()
        self._choice = ImageChoice()
        self._shows_drawing = False
        self._asked_run: Run | None = None
        self._asked_generation = 0
        explain = Explainer(workspace.folders.data).explain
        self._explainer: LatestWorker[ExplainRequest] = LatestWorker(
            partial(ImageExplained.compute, explain), self, name="explainer"
        )
        self._finder = ModelFinder(self)
        self.layers_panel, self.requirements = LayersPanel(), RequirementsPanel()
        self.filters, self.saliency, self.maps = FiltersPanel(), SaliencyPanel(), FeatureMapsPanel()

    @property
    def chosen(self) -> Run | None:
        """The run of the question that is answered, until another network is chosen or trained."""
        if self._asked_generation != self.session.generation:
            self._asked_run = None
        return self._asked_run or super().chosen

    def body(self) -> ComposeResult:
        with Horizontal(id="inside"):
            with Vertical(id="left"):
                yield self.layers_panel
                yield self.filters
                yield self.requirements
            yield ExplanationColumn(self.saliency, self.maps)

    def on_unmount(self) -> None:
        self._explainer.close()
        self._finder.close()

    def draw(self, session: Session) -> None:
        """Show the model, and explain the image again where there is something else to see."""
        if self.workspace.question is not None:
            self._answer(self.workspace.question)
            self.workspace.question = None
        self._show_model(self._finder.find(session, self.chosen, self.workspace.form_config.model))
        self.layers_panel.show_model(self.summary, self._weight_updates())
        self._explain(session)

    def _answer(self, question: Question) -> None:
        """Take a question from another screen: its image, its network, and the other class."""
        image = question.image
        self._asked_run, self._asked_generation = question.run, self.session.generation
        self._shows_drawing = image is None
        is_known = image is not None and image.number is not None
        self._choice = replace(
            self._choice,
            digit=None,
            place=image.number if image is not None and image.number is not None else 0,
            given=None if is_known else image,
            other=question.other,
        )

    def network_chosen(self) -> None:
        self._asked_run = self._request = None
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
            self.layers_panel.fit_rows(is_limited=self.maximized is None)

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
                self.saliency.show_text("Image", "Waiting for the first steps …")
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
        choice, drawing = self._choice, self.workspace.drawing
        if self._shows_drawing and drawing is not None:
            choice = replace(choice, given=PickedImage(drawing, _DRAWING))
        if session.phase.is_busy and self.chosen is None:
            snapshot = self.live_network()
            return ExplainRequest(snapshot, choice) if snapshot is not None else None
        return ExplainRequest(self.saved_network(), choice)

    def saved_network(self) -> SavedNetwork:
        """Also of a run that has ended within its first epoch, as its layers are shown; else of the form's model."""
        run = self.chosen or self.session.run
        if run is not None and run.saved_weights is not None:
            return SavedNetwork(self.workspace.folders.runs, run, generation=self._generation)
        return replace(super().saved_network(), untrained=self.workspace.form_config)

    def on_image_explained(self, message: ImageExplained) -> None:
        """Show the explanation; something else may be wanted by now."""
        self._pace.stop()
        if isinstance(message.result, RunFailed):
            self._clear_explanation("")
            for panel in (self.saliency, self.filters, self.maps):
                panel.show_failure(message.result)
            self.ask_for_trust(message.result)
        elif isinstance(message.result, UntrainedNetwork):
            self._clear_explanation(message.result.label)
            self.filters.show_filters(message.result.filters, "before training")
            self.saliency.show_text("Image", "This network has not been trained yet.\n\nTrain it: press n.")
            self.maps.show_text("Feature maps", "They are drawn for each image once the network has been trained.")
        else:
            self.explanation = message.result
            self._show_explanation(message.result)
        self.refresh_bindings()
        if self.is_current:
            self._explain(self.session)

    def _clear_explanation(self, label: str) -> None:
        self.explanation = None
        self.layers_panel.border_subtitle = label

    def _show_explanation(self, explanation: Explanation) -> None:
        self.set_class(len(explanation.saliencies) > 1, "-compared")
        self.layers_panel.border_subtitle = explanation.label
        self.layers_panel.show_model(self.summary, self._weight_updates())
        self.saliency.show_explanation(explanation)
        self.filters.show_filters(explanation.inspection.filters)
        self.maps.show_explanation(explanation, self.layers_panel.table.current)

    def on_selectable_table_highlighted(self) -> None:
        self.layers_panel.fit_rows(is_limited=self.maximized is None)
        if self.explanation is not None:
            self.maps.show_explanation(self.explanation, self.layers_panel.table.current)
        self.refresh_bindings()

    def action_image(self, step: int) -> None:
        """Explain the next image, or the one before."""
        self._choose_image(place=max(0, self._choice.place + step))

    def action_digit(self, step: int) -> None:
        """Only images of one class, then of the next, then all again."""
        choices = [None, *range(_CLASSES)]
        index = choices.index(self._choice.digit) + step
        self._choose_image(digit=choices[index % len(choices)], place=0)

    def action_method(self) -> None:
        """Switch to the other attribution method."""
        index = SALIENCY_METHODS.index(self._choice.method) + 1
        self._set_choice(method=SALIENCY_METHODS[index % len(SALIENCY_METHODS)])

    def action_choose_image(self) -> None:
        """Ask which image to explain."""
        dialog = ImageDialog(offers_drawing=True, has_drawing=self.workspace.drawing is not None)
        self.app.push_screen(dialog, self._take_image)

    def _take_image(self, answer: ImageQuery | Drawing | None) -> None:
        if answer is Drawing.MINE:
            self._shows_drawing = True
            self._set_choice(given=None, other=None)
        elif isinstance(answer, ImageQuery) and answer.number is not None:
            self._choose_image(digit=None, place=answer.number)
        elif isinstance(answer, ImageQuery):
            self._choose_image(digit=answer.digit, place=0)

    def action_why(self) -> None:
        """Ask for the evidence for another class."""
        explanation = self.explanation
        if explanation is None:
            return
        prediction, label = explanation.inspection.prediction, explanation.image.label
        dialog = ClassDialog(explanation.classes, prediction.probabilities, prediction.best.index, label)
        self.app.push_screen(dialog, lambda other: None if other is None else self._set_choice(other=other))

    async def action_draw_it(self) -> None:
        """Lay the image on the Draw screen."""
        if self.explanation is not None:
            image, classes = self.explanation.image, self.explanation.classes
            label_name = "" if image.label is None else classes[image.label]
            pixels = image.pixels.numpy().tobytes()
            await self.lay_on_canvas(PickedImage(pixels, image.name, image.label, label_name, image.number))

    def _choose_image(self, **changes: Any) -> None:
        """A test image, and nothing asked about it yet."""
        self._shows_drawing = False
        self._set_choice(given=None, other=None, **changes)

    def _set_choice(self, **changes: Any) -> None:
        self._choice = replace(self._choice, **changes)
        self._explain(self.session)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing to ask without an explanation."""
        if action in ("why", "draw_it", "method", "image", "digit", "choose_image"):
            return self.explanation is not None
        return super().check_action(action, parameters)

    def zoom(self, panel: Panel | None) -> None:
        """Also take back the limits that the panels have beside each other."""
        super().zoom(panel)
        self.layers_panel.fit_rows(is_limited=panel is None)
        self.query_one(ExplanationColumn).divide_room()

    def action_movement(self) -> None:
        """Show the training dynamics in the shapes' place, where there is not room for both."""
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
