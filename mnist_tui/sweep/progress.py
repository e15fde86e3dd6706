"""`SweepProgress`: the state of a sweep, folded from its events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from mnist_tui.events import Event
from mnist_tui.runs.history import RunHistory
from mnist_tui.sweep import plans
from mnist_tui.sweep.plans import SweepPlan, Trial
from mnist_tui.sweep.results import TrialResult, TrialStatus


@dataclass(frozen=True)
class SweepStarted:
    """Everything is prepared; `results` are those of earlier processes."""

    plan: SweepPlan
    results: Mapping[str, TrialResult]
    jobs: int
    """How many trials are trained at the same time."""


@dataclass(frozen=True)
class SweepMessage:
    """An event that belongs to no trial, such as the progress of a dataset or a notice."""

    event: Event


@dataclass(frozen=True)
class TrialStarted:
    """A trial begins, or continues after what its run has already."""

    trial: Trial
    before: RunHistory
    is_resumed: bool


@dataclass(frozen=True)
class TrialEvent:
    """A trial's run had an event."""

    trial: Trial
    event: Event


@dataclass(frozen=True)
class TrialEnded:
    """A trial has ended, or has been stopped to be resumed later."""

    result: TrialResult


@dataclass(frozen=True)
class ResultsRead:
    """The results on disk: other processes may have trained some trials."""

    results: Mapping[str, TrialResult]


SweepEvent = SweepStarted | SweepMessage | TrialStarted | TrialEvent | TrialEnded | ResultsRead


@dataclass
class SweepProgress:
    """The state of a sweep, from which every view is drawn; `apply` takes its events one by one."""

    started: SweepStarted | None = None
    results: dict[str, TrialResult] = field(default_factory=dict)
    running: dict[str, tuple[Trial, RunHistory]] = field(default_factory=dict)
    """By the run's name, in the order in which they began."""
    ended_here: set[str] = field(default_factory=set)
    """The trials that ended in this process, whose results are newer than those on disk."""

    def apply(self, event: SweepEvent) -> None:
        match event:
            case SweepStarted():
                self.started, self.results = event, dict(event.results)
            case TrialStarted():
                self.running[event.trial.name] = event.trial, event.before
                self.results[event.trial.name] = TrialResult(event.trial, TrialStatus.RUNNING)
            case TrialEvent() if event.trial.name in self.running:
                self.running[event.trial.name][1].apply(event.event)
            case TrialEnded():
                self.running.pop(event.result.trial.name, None)
                self.results[event.result.trial.name] = event.result
                self.ended_here.add(event.result.trial.name)
            case ResultsRead():
                own_results = {name: self.results[name] for name in self.ended_here}
                self.results = {**event.results, **own_results}

    @property
    def counts(self) -> Counter[TrialStatus]:
        return Counter(result.status for result in self.results.values())

    @property
    def ended(self) -> int:
        """How many trials are finished, pruned or failed."""
        counts = self.counts
        return counts[TrialStatus.FINISHED] + counts[TrialStatus.PRUNED] + counts[TrialStatus.FAILED]

    @property
    def total(self) -> int:
        """How many trials the whole sweep has."""
        return 0 if self.started is None else plans.count_trials(self.started.plan)
