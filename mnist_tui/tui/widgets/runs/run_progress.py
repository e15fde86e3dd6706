"""The row above the charts: a run's accuracy in large figures, the facts beside it, and one bar for the whole run.

At the end it becomes a card: the published figures, the worst mistakes, and what can be done next.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.content import Content
from textual.events import Resize

from mnist_tui.events import EpochFinished
from mnist_tui.render import formatting
from mnist_tui.runs.history import RunHistory, RunStatus
from mnist_tui.tui.widgets.charts.bars import fact_lines
from mnist_tui.tui.widgets.frame.content_lines import ContentLines
from mnist_tui.tui.widgets.frame.panel import Panel
from mnist_tui.tui.widgets.runs import run_figures, worst_mistakes
from mnist_tui.tui.widgets.runs.large_figures import large_figures
from mnist_tui.tui.widgets.runs.run_bar import run_bar
from mnist_tui.tui.widgets.runs.run_figures import STOPPING
from mnist_tui.tui.widgets.runs.worst_mistakes import WorstMistakes

_GETTING_READY = "Getting the data and the model ready …"
_GAP = "   "
_FAINT = "$muted"

# A sign and a color for each state: either alone tells them apart.
_SIGNS = {
    RunStatus.EMPTY: ("○", "$muted"),
    RunStatus.TRAINING: ("●", "$text-primary"),
    RunStatus.EVALUATING: ("◉", "$text-accent"),
    RunStatus.PAUSED: ("‖", "$text-warning"),
    STOPPING: ("◌", "$text-warning"),
    RunStatus.STOPPED: ("■", "$text-warning"),
    RunStatus.FINISHED: ("✓", "$text-success"),
    RunStatus.FAILED: ("✗", "$text-error"),
    RunStatus.INTERRUPTED: ("!", "$text-warning"),
}
_BAR_STYLES = {"training": "$primary", "evaluating": "$accent", "finished": "$success", "empty": "$foreground"}


class RunProgress(Panel):
    """Of one height until the run has finished, so that nothing jumps: four lines, or two in a small terminal."""

    DEFAULT_CSS = """
    RunProgress {
        height: 6;
        padding: 0 1;
        layout: horizontal;
        & > ContentLines { width: 1fr; }
        & > WorstMistakes { display: none; }
        &.-evaluating { border: round $accent; }
        &.-paused, &.-stopping, &.-stopped, &.-interrupted { border: round $warning; }
        &.-finished { border: round $success; }
        &.-failed { border: heavy $error; }
        &.-small { height: 3; border-bottom: none; border-left: none; border-right: none; }
        &.-small.-failed { height: 5; }
        &.-card { height: 9; }
        &.-card.-small { height: 8; }
        &.-card > WorstMistakes { display: block; }
    }
    """

    def __init__(self) -> None:
        super().__init__("")
        self.text = ContentLines()
        self.mistakes = WorstMistakes()
        self.next_keys: tuple[tuple[str, str], ...] = ()
        """What can be done with a finished run: keys and words."""
        self.lead = Content("")
        """How far the run is ahead of another one; "" where there is none."""
        self._history = RunHistory()
        self._best: EpochFinished | None = None
        self._stopping = False
        self._class = ""

    def compose(self) -> ComposeResult:
        yield self.text
        yield self.mistakes

    @property
    def is_card(self) -> bool:
        """Whether it shows the end of a run."""
        return self.has_class("-card")

    @property
    def lines(self) -> int:
        """How high it is, in cells."""
        is_small = self.has_class("-small")
        if self.is_card:
            return 8 if is_small else 9
        return (5 if self.has_class("-failed") else 3) if is_small else 6

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
        self.set_class(history.status is RunStatus.FINISHED, "-card")
        if not width:
            return
        width -= (worst_mistakes.WIDTH + 2) if self.is_card else 0
        state = STOPPING if self._stopping and history.status.is_open else str(history.status)
        self._mark(state)
        self.border_title = _title(history, state)
        self.border_subtitle = run_figures.best_text(best) if history.status.is_open else ""
        if self.is_card:
            self.text.show_lines(_card_lines(history, width, self.lead, self.next_keys))
            return
        lines = _short_lines if self.has_class("-small") else _tall_lines
        self.text.show_lines(lines(history, state, width, self.lead))

    def _mark(self, state: str) -> None:
        if state != self._class:
            self.remove_class(f"-{self._class}").add_class(f"-{state}")
            self._class = state


def _title(history: RunHistory, state: str) -> Content:
    """Which epoch runs, or how the run ended: the title bar has the state itself."""
    sign, style = _SIGNS[state]
    match state:
        case RunStatus.EMPTY:
            words = "no run yet"
        case RunStatus.FAILED if history.failed is not None:
            words = run_figures.failure_title(history.failed)
        case RunStatus.STOPPED | RunStatus.INTERRUPTED:
            words = run_figures.end_reason(history)
        case RunStatus.FINISHED:
            epochs = len(history.epochs)
            words = f"{epochs} {'epoch' if epochs == 1 else 'epochs'} in {formatting.duration(history.seconds)}"
        case _:
            words = run_figures.epoch_title(history) or "starting"
            now = history.progress
            if now is not None and now.phase == "training":
                words = f"{words} · step {now.step:,}/{now.steps:,}"
    return Content.styled(f"{sign} {words}", f"bold {style}")


def _tall_lines(history: RunHistory, state: str, width: int, lead: Content) -> list[Content]:
    """Three rows with the number in large figures, and the bar."""
    if history.failed is not None:
        return _failure_lines(history, width)
    if state == RunStatus.EMPTY:
        return [Content(""), Content("Start a run or open one, and it is drawn here."), Content(""), Content("")]
    number = run_figures.main_number(history)
    figures = large_figures("–" if number.value is None else formatting.percent(number.value))
    blocks = [
        [Content.styled(row, f"bold {number.style}") for row in figures],
        [Content.styled(number.label, "bold"), run_figures.change(history), _third_line(history, state, lead)],
        *_fact_blocks(history, state),
    ]
    return [*_side_by_side(blocks, width), _bar(history, state, width)]


def _third_line(history: RunHistory, state: str, lead: Content) -> Content:
    """Where a run that ended early goes on; otherwise how far it is ahead of another one."""
    if state in (RunStatus.STOPPED, RunStatus.INTERRUPTED):
        return Content.styled(run_figures.resume_point(history), "bold")
    return lead


def _card_lines(history: RunHistory, width: int, lead: Content, next_keys: Sequence[tuple[str, str]]) -> list[Content]:
    """The end of a run: its final accuracy, how it compares, and what can be done next."""
    number = run_figures.main_number(history)
    figures = large_figures(formatting.percent(number.value or 0.0))
    facts = run_figures.statistics(history)
    beside = [Content.styled(number.label, "bold"), run_figures.short_fact(*facts[0]), lead]
    top = _side_by_side([[Content.styled(row, f"bold {number.style}") for row in figures], beside], width)
    if width >= len(figures[0]) + len(_GAP) + beside[1].cell_length:
        facts = facts[1:]
    keys = _key_lines(next_keys, width)
    lines = fact_lines(facts, width, lines=4 - len(keys)).split(allow_blank=True)
    lines += [Content("")] * (4 - len(keys) - len(lines))
    return [*top, *lines, *keys]


def _key_lines(next_keys: Sequence[tuple[str, str]], width: int) -> list[Content]:
    """Keys with words, on one line or on two."""
    keys = [
        Content.assemble((f" {key} ", "bold $text-accent on $panel"), (f" {words}", "bold")) for key, words in next_keys
    ]
    whole = Content("  ").join(keys)
    if whole.cell_length <= width:
        return [whole] if keys else []
    half = (len(keys) + 1) // 2
    return [_as_fits(keys[:half], width, "  "), _as_fits(keys[half:], width, "  ")]


def _short_lines(history: RunHistory, state: str, width: int, lead: Content) -> list[Content]:
    """The number in a row with the facts, and the bar."""
    if history.failed is not None:
        return _failure_lines(history, width)
    if state == RunStatus.EMPTY:
        return [Content("Start a run or open one, and it is drawn here."), Content("")]
    number = run_figures.main_number(history)
    value = "–" if number.value is None else formatting.percent(number.value)
    parts = [Content.assemble((value, f"bold {number.style}"), f" {number.label}")]
    if state in (RunStatus.STOPPED, RunStatus.INTERRUPTED):
        parts.append(_third_line(history, state, lead))
    parts += [run_figures.change(history)] if history.epochs else []
    parts += [lead] if lead else []
    parts += [run_figures.short_fact(*fact) for fact in run_figures.training_facts(history)]
    times = [value for _, value in run_figures.time_facts(history, state) if value not in ("", "…")]
    note = " · ".join(times) if history.status.is_open else ""
    return [_as_fits(parts, width, "  "), _bar(history, state, width, note)]


def _fact_blocks(history: RunHistory, state: str) -> list[list[Content]]:
    """Two blocks of three facts, that about time first: it stays where there is room for one."""
    if state in (RunStatus.STOPPED, RunStatus.INTERRUPTED):
        done = (("epochs done", str(len(history.epochs))), ("so far", formatting.duration(history.seconds)))
        return [_aligned(done), _aligned(run_figures.training_facts(history))]
    return [_aligned(run_figures.time_facts(history, state)), _aligned(run_figures.training_facts(history))]


def _aligned(pairs: Sequence[tuple[str, str]]) -> list[Content]:
    """Facts below one another: labels in one column, values in the next."""
    labels = max((len(label) for label, _ in pairs), default=0)
    return [
        Content.assemble((f"{label:<{labels}}  ", _FAINT), (value, "bold")) if value else Content("")
        for label, value in pairs
    ]


def _side_by_side(blocks: Sequence[Sequence[Content]], width: int) -> list[Content]:
    """Blocks of three lines, those that fit."""
    lines = [Content("")] * 3
    used = 0
    for block in blocks:
        padded = [*block, *[Content("")] * (3 - len(block))]
        wide = max(line.cell_length for line in padded)
        gap = len(_GAP) if used else 0
        if used and used + gap + wide > width:
            break
        lines = [
            Content.assemble(line.pad_right(used - line.cell_length + gap), part)
            for line, part in zip(lines, padded, strict=True)
        ]
        used += gap + wide
    return lines


def _as_fits(parts: Sequence[Content], width: int, gap: str) -> Content:
    """The parts in one line; the last ones are left out where there is no room."""
    shown: list[Content] = []
    for part in parts:
        if sum(one.cell_length + len(gap) for one in shown) + part.cell_length > width:
            break
        shown.append(part)
    return Content(gap).join(shown)


def _bar(history: RunHistory, state: str, width: int, note: str = "") -> Content:
    """The whole run, and how much of it is done."""
    done, epochs = run_figures.epochs_done(history)
    tail = f" {100 * done / max(epochs, 1):>3.0f} %" + (f" · {note}" if note and len(note) < width // 2 else "")
    style = _BAR_STYLES.get(state, "$warning")
    return Content.assemble(run_bar(done, epochs, width - len(tail), style), (tail, "bold"))


def _failure_lines(history: RunHistory, width: int) -> list[Content]:
    """What happened, and what to do about it."""
    failed = history.failed
    assert failed is not None  # the caller has checked
    lines = Content.styled(failed.message, "bold $text-error").wrap(width)[:2]
    if failed.remedy:
        lines += Content.assemble("→ ", failed.remedy).wrap(width)[:2]
    return [*lines, *[Content("")] * (4 - len(lines))]
