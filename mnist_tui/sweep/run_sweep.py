"""`SweepRunner`: runs a sweep: prepare, write the plan, train what is not done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from mnist_tui import runs
from mnist_tui.config import TrainConfig
from mnist_tui.errors import RunError
from mnist_tui.sweep import plans, results
from mnist_tui.sweep.folder import SweepFolder
from mnist_tui.sweep.plans import Grid, Search, SweepPlan
from mnist_tui.sweep.prepare import PreparationJob
from mnist_tui.sweep.process_pool import ProcessPool
from mnist_tui.sweep.progress import ResultsRead, SweepEvent, SweepStarted
from mnist_tui.sweep.scheduler import GridSource, TrialSource, choose_jobs, prepare, run_trials
from mnist_tui.training.control import Control
from mnist_tui.training.jobs import Folders


@dataclass(frozen=True)
class SweepRunner:
    """Runs one plan in its folder."""

    plan: SweepPlan
    folder: SweepFolder
    data_dir: Path
    jobs: int = 0
    """How many trials are trained at the same time; 0 is automatic."""

    def check(self) -> None:
        """Raise a MnistTuiError for what can be refused before anything is started."""
        plans.check_metric(self.plan)
        runs.check_can_create(self.folder.runs_dir)
        for trial_name in self._trial_names():
            runs.check_name(trial_name)
            if not self.folder.exists() and (self.folder.runs_dir / trial_name).exists():
                raise RunError(f"there is a run {trial_name!r} already", remedy="Choose another --name for the sweep.")
        self._complete_results()

    def run(self, control: Control, report: Callable[[SweepEvent], None]) -> None:
        """Train every trial that is not done; `report` gets the events.

        Raises a MnistTuiError if something is wrong before the first trial, and Interrupted if it is stopped before.
        """
        plan, done = self.plan, self._complete_results()
        if done is not None:
            report(SweepStarted(plan, done, 0))
            return
        with self.folder.create(), ProcessPool(self.folder.errors_file) as pool:
            prepared = prepare(pool, PreparationJob(_first_config(plan), self.data_dir), control, report)
            plan = _with_dataset(plan, prepared.dataset)
            jobs = self.jobs or choose_jobs(prepared.device, _first_config(plan).threads)
            with self._write_plan(plan) as (merged, source):
                jobs = min(jobs, plans.count_trials(merged))
                standing = results.read(merged, self.folder.runs_dir)
                report(SweepStarted(replace(merged, on=plan.on), standing, jobs))
                folders = Folders(self.data_dir, self.folder.runs_dir)
                run_trials(source, pool, jobs=jobs, folders=folders, control=control, report=report)
                report(ResultsRead(results.read(merged, self.folder.runs_dir)))

    @contextmanager
    def _write_plan(self, plan: SweepPlan) -> Iterator[tuple[SweepPlan, TrialSource]]:
        """Write the plan, and yield it as it is on disk, with the source of its trials. A grid is locked meanwhile."""
        if isinstance(plan, Grid):
            with self.folder.lock():
                merged = self._merge_with_disk(plan)
                assert isinstance(merged, Grid)
                yield merged, GridSource(merged.trials(), results.read(merged, self.folder.runs_dir))
        else:
            from mnist_tui.sweep.optuna_source import OptunaSource, register_worker

            with register_worker(self.folder) as worker:
                with self.folder.lock("study", wait=True):
                    merged = self._merge_with_disk(plan)
                assert isinstance(merged, Search)
                yield merged, OptunaSource(self.folder, merged, worker)

    def _merge_with_disk(self, plan: SweepPlan) -> SweepPlan:
        before = self.folder.plan() if self.folder.exists() else None
        merged = plan if before is None else plans.merge(before, plan)
        if merged != before:
            self.folder.write(merged)
        return merged

    def _complete_results(self) -> dict[str, results.TrialResult] | None:
        """The results if there is nothing left to do, else None. Raises RunError for another sweep of this name."""
        if not self.folder.exists():
            return None
        before = self.folder.plan()
        merged = plans.merge(before, _with_dataset(self.plan, _first_config(before).dataset))
        standing = results.read(merged, self.folder.runs_dir)
        over = sum(result.status in results.DONE for result in standing.values())
        return standing if over == plans.count_trials(merged) and merged == replace(before, on=merged.on) else None

    def _trial_names(self) -> list[str]:
        if isinstance(self.plan, Search):
            return [self.plan.trial_name(number) for number in range(self.plan.count)]
        return [trial.name for trial in self.plan.trials()]


def _first_config(plan: SweepPlan) -> TrainConfig:
    return plan.combinations[0].config if isinstance(plan, Grid) else plan.config


def _with_dataset(plan: SweepPlan, dataset: str) -> SweepPlan:
    """Replace the dataset `auto` by the one that it is here: all trials, also later ones, use the same images."""

    def settle(config: TrainConfig) -> TrainConfig:
        return config.replace(dataset=dataset) if config.dataset == "auto" else config

    if isinstance(plan, Search):
        return replace(plan, config=settle(plan.config))
    return replace(plan, combinations=tuple(replace(row, config=settle(row.config)) for row in plan.combinations))
