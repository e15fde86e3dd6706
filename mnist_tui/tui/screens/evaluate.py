"""Evaluate: what a trained network gets right and wrong, and each mistake it makes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from mnist_tui.data.types import MY_DIGITS
from mnist_tui.events import RunFailed
from mnist_tui.render import formatting
from mnist_tui.render.evaluation import calibration_table, per_class_table
from mnist_tui.training.snapshot import Snapshot
from mnist_tui.tui.keys import bind
from mnist_tui.tui.screens.base import is_on_top
from mnist_tui.tui.screens.network_screen import NetworkScreen
from mnist_tui.tui.session import Session, SessionPhase
from mnist_tui.tui.widgets.frame.panel import Panel
from mnist_tui.tui.widgets.model.mistakes_gallery import MistakesGallery
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
        bind("network", "network", "Network"),
        bind("view", "table", "Classes / calibration"),
        bind("images", "dataset", "Dataset"),
        bind("evaluate", "evaluate", "Evaluate now"),
        bind("back", "all", "All mistakes"),
    ]

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self.dataset = ""
        """"" for the test images of what the network was trained on."""
        self.result: EvaluateResult | None = None
        self._request: EvaluateRequest | None = None
        self._key: object = None
        evaluate = Evaluator(workspace.folders.data).evaluate
        self._worker: LatestWorker[EvaluateRequest] = LatestWorker(
            partial(EvaluationDone.compute, evaluate), self, name="evaluation"
        )

    def body(self) -> ComposeResult:
        with Container(id="panes"):
            with VerticalScroll(id="figures", can_focus=False):
                yield Static(_WORKING, id="summary")
                with Panel("Confusion", jump="C") as panel:
                    panel.id, panel.border_subtitle = "confusion", "label ↓  predicted →"
                    yield ConfusionMatrix()
                yield Static(id="classes")
                yield Static(id="calibration")
            with Panel("Mistakes", jump="M") as panel:
                panel.id = "mistakes"
                yield MistakesGallery()
        nothing = Static(_WORKING, id="nothing")
        nothing.border_title = "Evaluate"
        yield nothing

    def on_mount(self) -> None:
        self.add_class("-empty")
        self.query_one(ConfusionMatrix).focus()

    def on_unmount(self) -> None:
        self._worker.close()

    def draw(self, session: Session) -> None:
        """Evaluate where there is a newer network."""
        if is_on_top(self):
            self._evaluate(session)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer all mistakes only while they are filtered."""
        if action == "all":
            return self.is_mounted and self.query_one(ConfusionMatrix).picked is not None
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

    def action_all(self) -> None:
        """Show all mistakes."""
        self.query_one(ConfusionMatrix).picked = None

    def on_evaluation_done(self, message: EvaluationDone) -> None:
        """Show the result of the newest request."""
        if message.request is not self._request or not self.is_running:
            return
        if isinstance(message.result, RunFailed):
            self._show_text(f"{message.result.message}\n\n{message.result.remedy}".strip())
            self.ask_for_trust(message.result)
        else:
            self._show(message.result)

    @on(ConfusionMatrix.Picked)
    def _filter_mistakes(self, message: ConfusionMatrix.Picked) -> None:
        self._draw_mistakes(message.cell)
        self.refresh_bindings()

    def _evaluate(self, session: Session, *, now: bool = False) -> None:
        network = self._network(session)
        key = self._key_of(network, session)
        if key is None and not now:
            if self.result is None:
                self._show_text(_WAITING)
            return
        if key == self._key and not now:
            return
        self._key = key
        self._request = EvaluateRequest(network, self.dataset)
        self._worker.ask(self._request)
        if self.result is None:
            self._show_text(_WORKING)
        else:
            self.query_one("#summary", Static).update(Content(_WORKING))

    def _network(self, session: Session) -> NetworkSource:
        snapshot = session.snapshot() if self.chosen is None else None
        return snapshot or self.saved_network()

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

    def _show(self, result: EvaluateResult) -> None:
        self.result = result
        evaluation = result.evaluation
        self.remove_class("-empty")
        self.query_one("#summary", Static).update(_summary(result))
        matrix = self.query_one(ConfusionMatrix)
        matrix.show(evaluation)
        self.query_one("#classes", Static).update(per_class_table(evaluation))
        self.query_one("#calibration", Static).update(calibration_table(evaluation.calibration))
        self._draw_mistakes(matrix.picked)

    def _draw_mistakes(self, cell: Cell | None) -> None:
        if self.result is None:
            return
        evaluation = self.result.evaluation
        mistakes = _mistakes_in(evaluation, cell)
        panel = self.query_one("#mistakes", Panel)
        panel.border_title = _title(evaluation, cell)
        panel.border_subtitle = f"{len(mistakes)} of {len(evaluation.mistakes)}"
        self.query_one(MistakesGallery).show(mistakes, self.result.images, evaluation.classes)


def _mistakes_in(evaluation: Evaluation, cell: Cell | None) -> Sequence[Mistake]:
    """Those of a cell; of one on the diagonal, which has none, those with its class as truth or answer."""
    if cell is None:
        return evaluation.mistakes
    truth, answer = cell
    if truth != answer:
        return evaluation.mistakes_in(truth, answer)
    return [mistake for mistake in evaluation.mistakes if truth in (mistake.truth, mistake.predicted)]


def _title(evaluation: Evaluation, cell: Cell | None) -> str:
    if cell is None:
        return "Mistakes · most confident first"
    truth, answer = (evaluation.classes[index] for index in cell)
    return f"Is {truth}, taken for {answer}" if truth != answer else f"Is {truth}, or taken for {truth}"


def _summary(result: EvaluateResult) -> Content:
    found = result.evaluation
    low, high = found.interval
    return Content.assemble(
        (f"{result.network} · {result.dataset}\n", "bold"),
        ("accuracy ", "$muted"),
        (formatting.percent(found.accuracy), "bold"),
        (f"  95 %: {formatting.bare_percent(low)} to {formatting.bare_percent(high)}\n", "$muted"),
        ("loss ", "$muted"),
        (formatting.loss(found.loss), "bold"),
        ("  wrong ", "$muted"),
        (f"{found.images - found.correct:,}", "bold"),
        (f" of {found.images:,}", "$muted"),
    )
