"""Before the first step: torch is loaded, data downloaded, a step compiled; or it failed before there was a run."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from textual.app import ComposeResult
from textual.containers import Center, Middle, Vertical
from textual.content import Content
from textual.widgets import ProgressBar, Static

from mnist_tui.events import DataProgress, Preparing, RunFailed
from mnist_tui.render import formatting
from mnist_tui.tui.session import Session, SessionPhase
from mnist_tui.tui.widgets.frame.panel import update_text

_TRACEBACK_LINES = 5


# The steps until training begins, as the user reads them.
_STEPS = {
    SessionPhase.LOADING: "load torch",
    SessionPhase.FETCHING: "get the data",
    SessionPhase.BUILDING: "create the network",
    SessionPhase.COMPILING: "prepare the training step",
}
_STEP_WIDTH = 28


class LoadingPanel(Middle):
    """A panel in the middle: which steps are done, how far the running one is, and how long it will take."""

    DEFAULT_CSS = """
    LoadingPanel {
        #panel {
            width: 64;
            max-width: 94%;
            height: auto;
            border: round $primary;
            padding: 1 2;
            &.-failed { border: round $error; border-title-color: $text-error; }
        }
        #steps { margin-bottom: 1; }
        ProgressBar { width: 100%; margin-top: 1; }
        ProgressBar.-unknown PercentageStatus { display: none; }
        Bar { width: 1fr; & > .bar--indeterminate { color: $primary; } }
    }
    """

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._item, self._since, self._from = "", 0.0, 0
        self._begun: dict[SessionPhase, float] = {}
        self._generation = -1

    def compose(self) -> ComposeResult:
        with Center(), Vertical(id="panel"):
            yield Static(id="steps")
            yield Static(id="what")
            yield ProgressBar(total=1, show_eta=False, id="bar")

    def on_hide(self) -> None:
        # An indeterminate bar is drawn 15 times per second, also where it is not visible.
        self.query_one("#bar", ProgressBar).update(total=1)

    def show(self, session: Session) -> None:
        """Draw what is being waited for, or the failure."""
        panel, bar = self.query_one("#panel"), self.query_one("#bar", ProgressBar)
        failed, waiting = session.failed, session.waiting
        panel.set_class(failed is not None, "-failed")
        self._show_steps(session)
        panel.border_title = session.phase.value.capitalize()
        bar.display = failed is None and session.phase is not SessionPhase.STOPPING
        bar.set_class(waiting is None or waiting.total is None, "-unknown")
        text: str | Content
        if failed is not None:
            text = _failure_text(failed)
        elif session.phase is SessionPhase.STOPPING:
            text = "Stopping …"
        elif isinstance(waiting, DataProgress):
            text = self._data_text(waiting)
            bar.update(total=waiting.total, progress=waiting.done)
        elif isinstance(waiting, Preparing):
            text = f"{formatting.capitalize(waiting.what)} …{self._time_left('', waiting)}"
            bar.update(total=waiting.total, progress=waiting.done)
        else:
            text = "Loading torch, which takes a second or two."
            bar.update(total=None)
        self.query_one("#what", Static).update(text if isinstance(text, Content) else Content(text))

    def _show_steps(self, session: Session) -> None:
        """The list of steps; none of it once it has failed, as there is a longer text."""
        steps = self.query_one("#steps", Static)
        steps.display = session.phase in _STEPS
        if not steps.display:
            return
        if session.generation != self._generation:
            self._generation, self._begun = session.generation, {}
        self._begun.setdefault(session.phase, time.monotonic())
        update_text(steps, Content("\n").join(_step_lines(session.phase, self._begun)))

    def _data_text(self, data: DataProgress) -> str:
        amount = formatting.amount(data.done, data.total, data.unit)
        return f"{data.stage.capitalize()} {data.dataset}: {data.item}\n{amount}{self._time_left(data.item, data)}"

    def _time_left(self, item: str, waiting: DataProgress | Preparing) -> str:
        """By the speed since this item began; "" in its first half second."""
        now = time.monotonic()
        if item != self._item or waiting.done < self._from:
            self._item, self._since, self._from = item, now, waiting.done
        elapsed, done = now - self._since, waiting.done - self._from
        if waiting.total is None or elapsed < 0.5 or done <= 0:
            return ""
        return f" · {formatting.clock((waiting.total - waiting.done) * elapsed / done)} left"


def _step_lines(current: SessionPhase, begun: Mapping[SessionPhase, float]) -> Iterator[Content]:
    """Each step with a sign: done, with the seconds it took; running; or still to come."""
    phases = list(_STEPS)
    at = phases.index(current)
    for number, phase in enumerate(phases):
        name = f"{_STEPS[phase]:<{_STEP_WIDTH}}"
        if number < at:
            later = [begun[next_phase] for next_phase in phases[number + 1 :] if next_phase in begun]
            took = f"{min(later) - begun[phase]:.1f} s" if phase in begun and later else ""
            yield Content.assemble(("✓ ", "$text-success"), name, (took, "$muted"))
        elif number == at:
            yield Content.styled(f"● {name}", "bold $text-primary")
        else:
            yield Content.styled(f"○ {name}", "$muted")


def _failure_text(failed: RunFailed) -> Content:
    """What happened and what to do, with the end of a traceback: all of it would fill the screen."""
    lines = failed.traceback.strip().splitlines()
    end = lines[-_TRACEBACK_LINES:-1]
    # The message of an unexpected error may mean nothing without its name.
    what = lines[-1] if lines else failed.message
    leaving = " leaves and prints the whole traceback." if end else " leaves."
    key = "bold $text-accent"
    parts = (
        Content.styled(what, "bold $text-error"),
        Content.styled("\n".join(end), "$muted"),
        Content(failed.remedy),
        Content.assemble("Press ", ("n", key), " for another run; ", ("q", key), leaving),
    )
    return Content("\n\n").join(part for part in parts if part)
