"""`OptunaSource`: the trials of a search, chosen by Optuna; several processes or machines can share its study.

The study is a journal, a file that is only ever appended to under a lock made of a link, which holds on network
file systems too, where SQLite's locks may not (Optuna's documentation of JournalFileBackend says so).
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from mnist_tui.errors import MnistTuiError, RunError, explain_os_error
from mnist_tui.events import EpochFinished, Event
from mnist_tui.sweep.folder import SweepFolder
from mnist_tui.sweep.plans import Search, Trial
from mnist_tui.sweep.results import PRUNED, TrialResult, TrialStatus, read_result
from mnist_tui.sweep.search_space import Categorical, Domain, Value
from mnist_tui.system import regular_file

try:
    import optuna
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
except ImportError as error:
    raise MnistTuiError(
        "a search needs Optuna, which is not installed", remedy="Install it: pip install 'mnist-tui[search]'"
    ) from error

# Pruning compares neither the first percent of a schedule, when all learning rates look alike, nor the first trials.
_TOO_EARLY = 30
_UNCOMPARED = 5

_WORKER = "worker"
_ENDED = (TrialStatus.FINISHED, TrialStatus.PRUNED, TrialStatus.FAILED)


class OptunaSource:
    """A `TrialSource` whose trials are chosen and recorded by an Optuna study."""

    def __init__(self, folder: SweepFolder, search: Search, worker: str) -> None:
        """`worker` is this process's name, from `register_worker`."""
        self._folder, self._search, self._worker = folder, search, worker
        self._chosen: dict[str, optuna.trial.Trial] = {}
        self._reported: dict[str, set[int]] = {}
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        with folder.lock("study", wait=True):
            self._study = optuna.create_study(
                study_name=search.name,
                storage=_storage(folder),
                direction="maximize",
                load_if_exists=True,
                pruner=optuna.pruners.MedianPruner(_UNCOMPARED, _TOO_EARLY),
            )

    def next(self) -> Trial | None:
        """A trial that a dead process left unfinished, or else a new one; None if the study is complete."""
        while True:
            with self._folder.lock("study", wait=True):
                chosen = self._adopt() or self._ask()
            if chosen is None:
                return None
            values = tuple((name, _suggest(chosen, name, domain)) for name, domain in self._search.space.items())
            trial = self._search.trial(chosen.number, values)
            self._chosen[trial.name] = chosen
            result = read_result(trial, self._folder.runs_dir)
            if result.status not in _ENDED:
                return trial
            self.on_end(result)  # the process that left it did not get to that

    def on_event(self, trial: Trial, event: Event) -> str:
        """Report each epoch to the study; a reason to stop if the trial does worse than most."""
        if not isinstance(event, EpochFinished) or event.validation_accuracy is None:
            return ""
        chosen = self._chosen[trial.name]
        reported = self._reported.setdefault(trial.name, set())
        # Of the schedule, as the fifth epoch of five does not compare to the fifth of fifteen.
        percent = round(100 * event.epoch / event.epochs)
        if percent not in reported:
            reported.add(percent)
            chosen.report(event.validation_accuracy, percent)
        if self._search.prune and event.epoch < event.epochs and chosen.should_prune():
            return f"{PRUNED}worse than the median after {percent} % of its epochs"
        return ""

    def on_end(self, result: TrialResult) -> None:
        """Record the result in the study, unless the trial was stopped and will be resumed."""
        chosen, states = self._chosen[result.trial.name], optuna.trial.TrialState
        match result.status:
            case TrialStatus.FINISHED:
                self._study.tell(chosen.number, result.validation_accuracy, skip_if_finished=True)
            case TrialStatus.PRUNED:
                self._study.tell(chosen.number, state=states.PRUNED, skip_if_finished=True)
            case TrialStatus.FAILED:
                self._study.tell(chosen.number, state=states.FAIL, skip_if_finished=True)

    def _adopt(self) -> optuna.trial.Trial | None:
        """Take over a trial that its process has left unfinished."""
        for left in self._study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
            worker = left.user_attrs.get(_WORKER)
            # A trial without a worker was created a moment ago by a process that has not named itself yet.
            if worker and worker != self._worker and not self._folder.is_locked(worker):
                chosen = optuna.trial.Trial(self._study, left._trial_id)
                chosen.set_user_attr(_WORKER, self._worker)
                self._reported[self._search.trial_name(left.number)] = set(left.intermediate_values)
                return chosen
        return None

    def _ask(self) -> optuna.trial.Trial | None:
        """A new trial, unless the study has all of them."""
        count = len(self._study.get_trials(deepcopy=False))
        if count >= self._search.count:
            return None
        # A sampler for each trial: with the same seed and the same results so far the next trial is the same,
        # also after an interruption, and two processes do not begin with the same ones.
        self._study.sampler = optuna.samplers.TPESampler(seed=self._search.config.seed + count, constant_liar=True)
        chosen = self._study.ask()
        chosen.set_user_attr(_WORKER, self._worker)
        return chosen


@contextmanager
def register_worker(folder: SweepFolder) -> Iterator[str]:
    """Yield this process's name in the study; its lock shows other processes that it is alive."""
    worker = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
    with folder.lock(worker):
        yield worker
    folder.remove_lock(worker)


def _storage(folder: SweepFolder) -> optuna.storages.BaseStorage:
    """The study's journal. Raises RunError if it is not a regular file, which Optuna would open nevertheless."""
    file = str(folder.study_file)
    with (
        explain_os_error(RunError, f"{file} cannot be read", remedy="Choose another --name."),
        suppress(FileNotFoundError),
    ):
        os.close(regular_file.open_descriptor(folder.study_file))
    lock = JournalFileOpenLock(file) if os.name == "nt" else None  # links need a privilege there
    return optuna.storages.JournalStorage(JournalFileBackend(file, lock))


def _suggest(chosen: optuna.trial.Trial, name: str, domain: Domain) -> Value:
    """The value of a setting in this trial, chosen now if it has none yet."""
    if isinstance(domain, Categorical):
        value = chosen.suggest_categorical(name, domain.values)
        assert value is not None  # Optuna's choices could be
        return value
    if domain.whole:
        return chosen.suggest_int(name, int(domain.low), int(domain.high), log=domain.log)
    return chosen.suggest_float(name, domain.low, domain.high, log=domain.log)
