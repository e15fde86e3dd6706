"""A run's progress: bars while it trains, statistics once it has finished, the error if it failed."""

from __future__ import annotations

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from mnist_tui.events import EpochFinished, Progress, RunFailed
from mnist_tui.render import formatting
from mnist_tui.runs import published_results
from mnist_tui.runs.history import RunHistory, RunStatus
from mnist_tui.tui.widgets.charts.bars import Bar, bar_lines, fact_lines
from mnist_tui.tui.widgets.frame.panel import Panel

STOPPING = "stopping"
_GETTING_READY = "Getting the data and the model ready …"

# A sign and a color for each state: either alone tells them apart.
_SIGNS = {
    RunStatus.EMPTY: ("○", "$muted"),
    RunStatus.TRAINING: ("●", "$text-primary"),
    RunStatus.EVALUATING: ("◉", "$text-warning"),
    RunStatus.PAUSED: ("‖", "$text-warning"),
    STOPPING: ("◌", "$text-warning"),
    RunStatus.STOPPED: ("■", "$text-warning"),
    RunStatus.FINISHED: ("✓", "$text-success"),
    RunStatus.FAILED: ("✗", "$text-error"),
    RunStatus.INTERRUPTED: ("!", "$text-warning"),
}


class RunProgress(Panel):
    """Two lines and a title: of one height in almost every state, so that nothing jumps."""

    DEFAULT_CSS = """
    RunProgress {
        height: auto;
        padding: 0 1;
        & > Static { height: auto; min-height: 2; max-height: 6; }
        &.-evaluating, &.-paused, &.-stopping, &.-stopped, &.-interrupted { border: round $warning; }
        &.-finished { border: round $success; }
        &.-failed { border: heavy $error; }
    }
    """

    def __init__(self) -> None:
        super().__init__("")
        self.text = Static()
        self._history = RunHistory()
        self._best: EpochFinished | None = None
        self._stopping = False
        self._was_open = True
        self._class = ""

    def compose(self) -> ComposeResult:
        yield self.text

    def on_resize(self, _: Resize) -> None:
        self.advance(self._history, self._best)

    def show_stopping(self, stopping: bool) -> None:
        """Show whether the user has asked for the end, and the last step is being finished."""
        self._stopping = stopping
        self.advance(self._history, self._best)

    def advance(self, history: RunHistory, best: EpochFinished | None) -> None:
        """Draw the progress; `best` is the best epoch so far."""
        self._history, self._best = history, best
        width = self.content_size.width
        if not width:
            return
        state = STOPPING if self._stopping and history.status.is_open else str(history.status)
        self._mark(state)
        self.border_title = Content(" · ").join(_title(history, best, state))
        lines = _body(history, width)
        if lines is None and not self._was_open:
            lines = Content(_GETTING_READY)  # it is continued after its end
        self._was_open = history.status.is_open
        if lines is not None:
            self.text.update(lines, layout=False)

    def _mark(self, state: str) -> None:
        if state != self._class:
            self.remove_class(f"-{self._class}").add_class(f"-{state}")
            self._class = state


def _title(history: RunHistory, best: EpochFinished | None, state: str) -> Iterator[Content]:
    sign, style = _SIGNS[state]
    word = "no run yet" if state == RunStatus.EMPTY else state
    yield Content.styled(f"{sign} {word}", f"bold {style}")
    now = history.progress
    if now is not None:
        yield Content(f"loss {formatting.loss(now.loss)}")
        yield Content(f"acc {formatting.percent(now.accuracy)}")
    if best is not None:
        yield Content.styled(f"★ best {formatting.percent(best.test_accuracy)} @ {best.epoch}", "$text-success")
    if now is not None:
        yield Content.styled(f"lr {formatting.rate(now.learning_rate)}", "$muted")


def _body(history: RunHistory, width: int) -> Content | None:
    """None to keep what is on the screen, between two epochs."""
    if history.failed is not None:
        return _failure(history.failed)
    match history.status:
        case RunStatus.EMPTY:
            return Content("Start a run or open one, and it is drawn here.")
        case RunStatus.FINISHED:
            return fact_lines(_statistics(history), width)
        case RunStatus.STOPPED | RunStatus.INTERRUPTED:
            return _early_end(history, width)
    now = history.progress
    if now is not None:
        return bar_lines(list(_bars(history, now)), width)
    return None if history.epochs else Content(_GETTING_READY)


def _failure(failed: RunFailed) -> Content:
    """What happened, and what to do about it."""
    remedy = Content.assemble("\n→ ", failed.remedy) if failed.remedy else Content("")
    return Content.assemble((failed.message, "bold $text-error"), remedy)


def _bars(history: RunHistory, now: Progress) -> Iterator[Bar]:
    left = history.time_left()
    share = now.step / max(now.steps, 1)
    training = now.phase == "training"
    style = "$primary" if training else "$warning"
    epoch_left = f"{formatting.clock(left.epoch)} left" if left and training else "testing"
    yield Bar(f"epoch {now.epoch}/{now.epochs}", share, f"{now.step:,}/{now.steps:,}", epoch_left, style)
    speed = f"{now.images_per_second:,.0f} img/s" if now.images_per_second else ""
    whole = (now.epoch - 1 + (share if training else 1.0)) / max(now.epochs, 1)
    yield Bar("run", whole, speed, f"{formatting.clock(left.run)} left" if left else "", "$success")


def _statistics(history: RunHistory) -> Iterator[tuple[str, str]]:
    finished = history.finished
    if finished is None:
        return
    chosen = "best test accuracy" if finished.selected_on == "test" else "test accuracy of the best epoch"
    yield chosen, f"{formatting.percent(finished.best_test_accuracy)} @ {finished.best_epoch}"
    yield "final", formatting.percent(finished.final_test_accuracy)
    if history.record is not None and history.record.data.name == "mnist":
        yield (
            "published",
            f"{formatting.percent(published_results.BEST_TEST_ACCURACY)} @ {published_results.BEST_EPOCH}",
        )
    yield "per epoch", formatting.duration(finished.mean_epoch_seconds)
    yield "in all", formatting.duration(finished.seconds)
    yield "test loss at best", formatting.loss(finished.best_test_loss)
    yield "train loss at best", formatting.loss(finished.best_train_loss)


def _early_end(history: RunHistory, width: int) -> Content:
    stopped = history.stopped
    why = f"Stopped: {stopped.reason}." if stopped and stopped.reason else ""
    if history.status is RunStatus.INTERRUPTED:
        why = "Its process was killed in the middle of an epoch."
    facts = [("epochs done", str(len(history.epochs)))]
    if history.checkpoint is not None:
        facts.append(("resumes from step", f"{history.checkpoint.step:,}"))
    return Content("\n").join([Content(why), fact_lines(facts, width, lines=1)])
