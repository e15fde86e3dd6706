"""A sweep while it goes: what happens in it, and how everything stands after that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from mnist_tui.events import Event
from mnist_tui.runs.history import RunHistory
from mnist_tui.sweep import plans
from mnist_tui.sweep.plans import Plan, Trial
from mnist_tui.sweep.results import CombinationResult, TrialResult, TrialStatus, rows


@dataclass(frozen=True)
class SweepStarted:
    """Everything is ready, and this is how the trials stand."""

    plan: Plan
    results: Mapping[str, TrialResult]
    jobs: int
    """Side by side."""


@dataclass(frozen=True)
class SweepMessage:
    """A process said something that belongs to no trial: a dataset on its way, a notice."""

    event: Event


@dataclass(frozen=True)
class TrialStarted:
    """A trial begins, or goes on from what its run has already."""

    trial: Trial
    before: RunHistory
    resumed: bool


@dataclass(frozen=True)
class TrialEvent:
    """A trial's run had an event."""

    trial: Trial
    event: Event


@dataclass(frozen=True)
class TrialEnded:
    """A trial has come to an end, for good or for now."""

    result: TrialResult


@dataclass(frozen=True)
class ResultsRead:
    """How all trials stand on disk: other processes may have trained some."""

    results: Mapping[str, TrialResult]


SweepEvent = SweepStarted | SweepMessage | TrialStarted | TrialEvent | TrialEnded | ResultsRead


@dataclass
class SweepProgress:
    """Fed with `apply`; what every view draws."""

    started: SweepStarted | None = None
    results: dict[str, TrialResult] = field(default_factory=dict)
    running: dict[str, tuple[Trial, RunHistory]] = field(default_factory=dict)
    """By the run's name, in the order in which they began."""
    own: set[str] = field(default_factory=set)
    """Those that ended here, of which we know more than the disk does."""

    def apply(self, news: SweepEvent) -> None:
        """Take the next piece of news in."""
        match news:
            case SweepStarted():
                self.started, self.results = news, dict(news.results)
            case TrialStarted():
                self.running[news.trial.name] = news.trial, news.before
                self.results[news.trial.name] = TrialResult(news.trial, TrialStatus.RUNNING)
            case TrialEvent() if news.trial.name in self.running:
                self.running[news.trial.name][1].apply(news.event)
            case TrialEnded():
                self.running.pop(news.result.trial.name, None)
                self.results[news.result.trial.name] = news.result
                self.own.add(news.result.trial.name)
            case ResultsRead():
                kept = {name: self.results[name] for name in self.own}
                self.results = {**news.results, **kept}

    @property
    def rows(self) -> list[CombinationResult]:
        """A row a combination."""
        return rows(self.results.values())

    @property
    def counts(self) -> Counter[TrialStatus]:
        """Trials by how they stand."""
        return Counter(result.status for result in self.results.values())

    @property
    def ended(self) -> int:
        """Trials that will not go on: finished, pruned or failed."""
        counts = self.counts
        return counts[TrialStatus.FINISHED] + counts[TrialStatus.PRUNED] + counts[TrialStatus.FAILED]

    @property
    def total(self) -> int:
        """Trials of the whole sweep."""
        if self.started is None:
            return 0
        return plans.count_trials(self.started.plan)
