"""`GridSource`: the trials of a grid that are not finished yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mnist_tui.events import Event
from mnist_tui.sweep.plans import Trial
from mnist_tui.sweep.results import TrialResult, TrialStatus


class GridSource:
    """The trials in the plan's order. Those that were stopped, have failed or have not begun are trained."""

    def __init__(self, trials: Iterable[Trial], results: Mapping[str, TrialResult]) -> None:
        self._left = iter(
            [trial for trial in trials if results[trial.name].status is not TrialStatus.FINISHED]
        )

    def next(self) -> Trial | None:
        return next(self._left, None)

    def on_event(self, trial: Trial, event: Event) -> str:
        """A grid never stops a trial."""
        return ""

    def on_end(self, result: TrialResult) -> None:
        """Nothing to do: the result is in the run's own log."""
