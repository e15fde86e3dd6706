"""What to train, as something both faces can run: the engine, and torch with it, is loaded only then."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mnist_tui import collector, runs
from mnist_tui.config import BackendName, TrainConfig
from mnist_tui.control import Control
from mnist_tui.events import Event

if TYPE_CHECKING:
    from mnist_tui.runner import Outcome

Report = Callable[[Event], None]


@dataclass(frozen=True)
class Folders:
    """Where data and runs live."""

    data: Path
    runs: Path


@dataclass(frozen=True)
class NewRun:
    """Train `config` in a new folder."""

    config: TrainConfig
    folders: Folders
    name: str = ""

    def __call__(self, control: Control, report: Report) -> Outcome:
        """See `runner.start`; a teacher that is named by its recipe is found or trained first."""
        with self._drawing():
            return self._train(control, report)

    def _drawing(self) -> AbstractContextManager[None]:
        """Digits that are to be drawn are, while torch is being loaded."""
        if self.config.dataset != "synthetic":
            return nullcontext()
        from mnist_tui.data.synthetic import ahead

        return ahead.drawing()

    def _train(self, control: Control, report: Report) -> Outcome:
        with collector.importing():
            from mnist_tui import runner
            from mnist_tui.teachers import with_teacher

        data_dir, runs_dir = self.folders.data, self.folders.runs
        runs.check_place(runs_dir, self.name)  # before minutes go into a teacher
        config = with_teacher(
            self.config, data_dir=data_dir, runs_dir=runs_dir, control=control, report=report
        )
        return runner.start(
            config, data_dir=data_dir, runs_dir=runs_dir, name=self.name, control=control, report=report
        )


@dataclass(frozen=True)
class ResumedRun:
    """Go on with the run that `query` (name, prefix, path or `latest`) means, perhaps past its end.

    `threads` and `backend` are those it has had so far where they are None.
    """

    query: str
    folders: Folders
    more_epochs: int = 0
    threads: int | None = None
    backend: BackendName | None = None

    def __call__(self, control: Control, report: Report) -> Outcome:
        """See `runner.resume`."""
        with collector.importing():
            from mnist_tui import runner

        return runner.resume(
            runs.find(self.folders.runs, self.query),
            data_dir=self.folders.data,
            more_epochs=self.more_epochs,
            threads=self.threads,
            backend=self.backend,
            control=control,
            report=report,
        )


Job = NewRun | ResumedRun
