"""Evaluate: what a trained network gets right and wrong, and each mistake it makes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from mnist_tui.data.types import MY_DIGITS
from mnist_tui.events import RunFailed
from mnist_tui.render import formatting
from mnist_tui.render.evaluation import (
    calibration_bins,
    calibration_error,
    confidence_interval,
    per_class_table,
)
from mnist_tui.training.snapshot import Snapshot
from mnist_tui.tui.keys import bind
from mnist_tui.tui.picked_image import PickedImage, Question
from mnist_tui.tui.screens.base import is_on_top
from mnist_tui.tui.screens.network_screen import NetworkScreen
from mnist_tui.tui.session import Session, SessionPhase
from mnist_tui.tui.widgets.drawing.prediction_view import ProbabilityBars
from mnist_tui.tui.widgets.frame.panel import Panel, update_text
from mnist_tui.tui.widgets.model.mistake_panel import MistakePanel, mistake_text
from mnist_tui.tui.widgets.model.mistakes_wall import MistakesWall
from mnist_tui.tui.widgets.tables.confusion_matrix import Cell, ConfusionMatrix
from mnist_tui.tui.workers.evaluator import EvaluateRequest, EvaluateResult, EvaluationDone, Evaluator
from mnist_tui.tui.workers.latest_worker import LatestWorker
from mnist_tui.tui.workers.networks import NetworkSource
from mnist_tui.tui.workspace import Workspace

if TYPE_CHECKING:
    from mnist_tui.inference.evaluation import Evaluation, Mistake

_WAITING = "The network in training is evaluated after each epoch and whenever it is paused; e does it now."
_WORKING = "Evaluating …"


class EvaluateScreen(NetworkScreen):
    """The best weights of a run; or the network in training, at the end of each epoch and while it is paused."""

    TAB = "evaluate"
    CSS_PATH = "evaluate.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-tight"), (100, "-roomy")]  # noqa: RUF012 - declared so by Textual
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall"), (56, "-high")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("enter", "why", "Why"),
        bind("why", "why", "Why", show=False),
        bind("draw-it", "draw_it", "Draw it"),
        bind("view", "table", "Classes / calibration"),
        bind("network", "network", "Network"),
        bind("images", "dataset", "Dataset"),
        bind("evaluate", "evaluate", "Evaluate now"),
        bind("back", "all", "All errors"),
    ]

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self.dataset = ""
        """"" for the test images of what the network was trained on."""
        self.result: EvaluateResult | None = None
        self._is_working = False
        self._request: EvaluateRequest | None = None
        self._key: object = None
        evaluate = Evaluator(workspace.folders.data).evaluate
        self._worker: LatestWorker[EvaluateRequest] = LatestWorker(
            partial(EvaluationDone.compute, evaluate), self, name="evaluation"
        )

    def body(self) -> ComposeResult:
        with Container(id="panes"):
            with VerticalScroll(id="figures", can_focus=False):
                yield Static(id="summary")
                with Panel("Confusion", jump="C", id="confusion") as panel:
                    panel.border_subtitle = "true ↓ predicted →"
                    yield ConfusionMatrix()
                with Panel("Scores, in %", jump="S", id="classes"):
                    yield Static(id="class-table")
                with Panel("Accuracy by confidence", jump="A", id="calibration"):
                    yield Static(id="calibration-table")
                with Vertical(id="brief"):
                    yield Static(id="caption")
                    yield ProbabilityBars()
            with Vertical(id="errors"):
                with Panel("Errors", jump="E", id="mistakes"):
                    yield MistakesWall()
                yield MistakePanel()
        nothing = Static(_WORKING, id="nothing")
        nothing.border_title = "Evaluate"
        yield nothing

    def on_mount(self) -> None:
        self.add_class("-empty")
        self.query_one(MistakesWall).focus()

    def on_unmount(self) -> None:
        self._worker.close()

    def draw(self, session: Session) -> None:
        """Evaluate where there is a newer network."""
        if is_on_top(self):
            self._evaluate(session)
            self._draw_summary()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer all errors only while they are filtered, and what needs an error only where there is one."""
        if action == "all":
            return self.is_mounted and self.query_one(ConfusionMatrix).picked is not None
        if action in ("why", "draw_it"):
            return self.is_mounted and self._current is not None
        if action == "table":
            return self.result is not None
        return super().check_action(action, parameters)

    def network_chosen(self) -> None:
        self.action_evaluate()

    def action_table(self) -> None:
        """Show the classes, then the calibration; on a short screen then the matrix again."""
        is_matrix = not (self.has_class("-listed") or self.has_class("-calibrated"))
        listed = self.has_class("-short") and is_matrix
        calibrated = not listed and not self.has_class("-calibrated")
        self.set_class(listed, "-listed")
        self.set_class(calibrated, "-calibrated")

    def action_dataset(self) -> None:
        """Switch between the network's own test images and the user's drawings."""
        self.dataset = "" if self.dataset else MY_DIGITS
        self.action_evaluate()

    def action_evaluate(self) -> None:
        """Evaluate now, also in the middle of an epoch."""
        self._key = None
        self._evaluate(self.session, now=True)
        self._draw_summary()

    def action_all(self) -> None:
        """Show all errors."""
        self.query_one(ConfusionMatrix).picked = None

    async def action_why(self) -> None:
        """Open the Model screen: why this prediction, and why not the label?"""
        if self.result is not None and self._current is not None:
            run = None if self._is_live else self.result.run
            await self.explain(Question(self._picked_image(self._current), run, self._current.truth))

    async def action_draw_it(self) -> None:
        """Lay the image under the cursor on the Draw screen."""
        if self._current is not None:
            await self.lay_on_canvas(self._picked_image(self._current))

    def on_evaluation_done(self, message: EvaluationDone) -> None:
        """Show the result of the newest request."""
        if message.request is not self._request or not self.is_running:
            return
        self._is_working = False
        if isinstance(message.result, RunFailed):
            self._show_text(f"{message.result.message}\n\n{message.result.remedy}".strip())
            self.ask_for_trust(message.result)
        else:
            self._show(message.result)

    @on(ConfusionMatrix.Picked)
    def _filter_mistakes(self, message: ConfusionMatrix.Picked) -> None:
        self._draw_mistakes(message.cell)

    @on(ConfusionMatrix.Opened)
    def _enter_wall(self) -> None:
        self.query_one(MistakesWall).focus()

    @on(MistakesWall.Opened)
    async def _open_mistake(self) -> None:
        await self.action_why()

    @on(MistakesWall.Moved)
    def _draw_current(self) -> None:
        """The error under the cursor, in large where there is room and in words elsewhere."""
        mistake, wall = self._current, self.query_one(MistakesWall)
        self.set_class(mistake is None, "-faultless")
        place = ""
        if mistake is not None and self.result is not None:
            result, classes = self.result, self.result.evaluation.classes
            probabilities = result.probabilities[mistake.index]
            self.query_one(MistakePanel).show(mistake, result.images[mistake.index, 0], probabilities, classes)
            self.query_one("#brief ProbabilityBars", ProbabilityBars).show_mistake(
                classes, probabilities, mistake.truth
            )
            update_text(self.query_one("#caption", Static), mistake_text(mistake, classes), layout=False)
            place = f"{wall.cursor + 1} of {len(wall.shown)}"
        self.query_one("#mistakes", Panel).border_subtitle = place
        self.refresh_bindings()

    @property
    def _current(self) -> Mistake | None:
        """The error under the cursor."""
        return self.query_one(MistakesWall).current if self.result is not None else None

    @property
    def _is_live(self) -> bool:
        """Whether what was evaluated is still in training."""
        result, session = self.result, self.session
        return result is not None and result.is_snapshot and session.phase.is_busy and result.run == session.run

    def _picked_image(self, mistake: Mistake) -> PickedImage:
        assert self.result is not None  # there are no mistakes without it
        own = self.result.is_own_dataset
        return PickedImage(
            self.result.images[mistake.index, 0].numpy().tobytes(),
            f"Test image {mistake.index:,}" if own else f"{self.result.dataset} {mistake.index:,}",
            mistake.truth,
            self.result.evaluation.classes[mistake.truth],
            mistake.index if own else None,
        )

    def _evaluate(self, session: Session, *, now: bool = False) -> None:
        network = self.live_network() or self.saved_network()
        key = self._key_of(network, session)
        if key is None and not now:
            if self.result is None and not self._is_working:
                self._show_text(_WAITING)
            return
        if key == self._key and not now:
            return
        self._key = key
        self._request, self._is_working = EvaluateRequest(network, self.dataset), True
        self._worker.ask(self._request)
        if self.result is None:
            self._show_text(_WORKING)

    def _key_of(self, network: NetworkSource, session: Session) -> object:
        """Identifies what to evaluate without a key press; None where that is nothing yet."""
        if isinstance(network, Snapshot):
            paused = session.phase is SessionPhase.PAUSED and (network.epoch, network.step)
            epochs = len(session.history.epochs)
            return ("live", session.generation, epochs, paused) if epochs or paused else None
        return network

    def _show_text(self, text: str) -> None:
        self.result = None
        self.add_class("-empty")
        self.query_one("#nothing", Static).update(Content(text))
        self.refresh_bindings()

    def _show(self, result: EvaluateResult) -> None:
        self.result = result
        evaluation = result.evaluation
        self.remove_class("-empty")
        self._draw_summary()
        matrix = self.query_one(ConfusionMatrix)
        matrix.show(evaluation)
        self.query_one("#class-table", Static).update(per_class_table(evaluation, title=None))
        self.query_one("#calibration-table", Static).update(calibration_bins(evaluation.calibration))
        self.query_one("#calibration", Panel).border_subtitle = calibration_error(evaluation.calibration)
        self._draw_mistakes(matrix.picked)

    def _draw_summary(self) -> None:
        if self.result is not None:
            summary = _summary(self.result, is_live=self._is_live, note=self._note())
            update_text(self.query_one("#summary", Static), summary, layout=False)

    def _note(self) -> str:
        """What is going on, in one line."""
        if self._is_working:
            return _WORKING
        if self._is_live:
            return "In training: evaluated after each epoch and when paused; e now."
        if self.session.phase.is_busy and self.chosen is None:
            return "Another run is in training: shown after its first epoch; e now."
        return ""

    def _draw_mistakes(self, cell: Cell | None) -> None:
        if self.result is None:
            return
        evaluation = self.result.evaluation
        mistakes = _mistakes_in(evaluation, cell)
        is_tight = self.has_class("-tight")
        self.query_one("#mistakes", Panel).border_title = _title(evaluation, cell, len(mistakes), is_tight=is_tight)
        self.query_one(MistakesWall).show(mistakes, self.result.images, evaluation.classes)


def _mistakes_in(evaluation: Evaluation, cell: Cell | None) -> Sequence[Mistake]:
    """Those of a cell; of one on the diagonal, which has none, those with its class as label or prediction."""
    if cell is None:
        return evaluation.mistakes
    truth, answer = cell
    if truth != answer:
        return evaluation.mistakes_in(truth, answer)
    return [mistake for mistake in evaluation.mistakes if truth in (mistake.truth, mistake.predicted)]


def _title(evaluation: Evaluation, cell: Cell | None, count: int, *, is_tight: bool) -> Content:
    if cell is None:
        return Content(f"Errors {count:,}" if is_tight else f"Errors {count:,} · most confident first")
    truth, answer = (evaluation.classes[index] for index in cell)
    which = f"True {truth}, predicted {answer}" if truth != answer else f"True or predicted {truth}"
    return Content(f"{which} · {count:,} of {len(evaluation.mistakes):,}")


def _summary(result: EvaluateResult, *, is_live: bool, note: str) -> Content:
    found, quiet = result.evaluation, "$muted"
    return Content.assemble(
        (result.label, "bold"),
        (" · live" if is_live else "", "bold $text-primary"),
        ("\naccuracy ", quiet),
        (formatting.percent(found.accuracy), "bold $text-success"),
        (f"  {confidence_interval(found)}", quiet),
        ("\nerrors ", quiet),
        (f"{found.images - found.correct:,}", "bold"),
        (f" of {found.images:,} · loss {formatting.loss(found.loss)} · {result.dataset}", quiet),
        (f"\n{note}", quiet),
    )
