"""The trials of a grid, in the plan's order, without those that are done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mnist_tui.events import Event
from mnist_tui.sweep.plans import Trial
from mnist_tui.sweep.results import TrialResult, TrialStatus


class GridSource:
    """What is finished is kept; what was stopped, failed or never begun is trained."""

    def __init__(self, trials: Iterable[Trial], results: Mapping[str, TrialResult]) -> None:
        self._left = iter(
            [trial for trial in trials if results[trial.name].status is not TrialStatus.FINISHED]
        )

    def next(self) -> Trial | None:
        """The next one that is not finished."""
        return next(self._left, None)

    def on_event(self, trial: Trial, event: Event) -> str:
        """Never a reason to stop."""
        return ""

    def on_end(self, result: TrialResult) -> None:
        """Nothing to do: the run's own log has it."""
