"""A disk that can fail, an undisturbed run, and whether another one ended with the same weights."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from mnist_tui import runs
from mnist_tui.events import CheckpointSaved
from mnist_tui.runs import Run
from mnist_tui.runs.history import RunStatus
from mnist_tui.runs.summary import summarize
from mnist_tui.training import checkpoint
from tests.engine_fixtures import SMALL_NET
from tests.torture.fork_server import Ended, Fault, ForkServer
from tests.training.test_exactness import assert_same

NONE = Fault()


class FaultyRuns:
    """Runs of one and the same training, in children of a fork server."""

    def __init__(self, folder: Path, fork_server: ForkServer, *settings: str) -> None:
        self.disk, self.runs_dir = folder / "disk", folder / "disk" / "runs"
        self.disk.mkdir()
        model = folder / "net.py"
        model.write_text(SMALL_NET)
        self._fork_server = fork_server
        self._folders = ("--runs-dir", self.runs_dir, "--data-dir", folder / "data")
        self._settings = (
            *("--dataset=synthetic", f"--model={model}:Net", "--backend=eager", "--threads=1"),
            *("--rotation=10", "--ema=0.9", *settings),
        )
        whole = self.train("undisturbed")
        assert whole.code == 0, whole.err
        self.undisturbed, self.operations = self.run("undisturbed"), whole.operations

    def run(self, name: str) -> Run:
        return Run(self.runs_dir / name)

    def begin(self, name: str, fault: Fault = NONE) -> int:
        """Start or resume the run, and return the process's number."""
        words = ["--resume", name] if self.exists(name) else ["--name", name, *self._settings]
        return self._fork_server.start("train", "--headless", *words, *self._folders, under=self.disk, fault=fault)

    def wait(self) -> Ended:
        """Wait for what `begin` started."""
        return self._fork_server.wait()

    def train(self, name: str, fault: Fault = NONE) -> Ended:
        """`begin`, and wait."""
        self.begin(name, fault)
        return self.wait()

    def exists(self, name: str) -> bool:
        """Whether the run is in the list of all runs."""
        return name in [run.name for run in runs.list_runs(self.runs_dir)]

    def cli(self, *words: object, fault: Fault = NONE, humble: bool = False) -> Ended:
        """Another command on these runs."""
        arguments = (*words, "--runs-dir", self.runs_dir)
        return self._fork_server.run(*arguments, under=self.disk, fault=fault, humble=humble)

    def is_finished(self, name: str) -> bool:
        """Whether the run has finished: a kill may strike just after the last line of its log."""
        return self.exists(name) and self.run(name).history().status is RunStatus.FINISHED

    def assert_usable(self, name: str) -> None:
        """Check that what is left can be listed and opened, and is as far as its log says."""
        if not self.exists(name):
            return
        run = self.run(name)
        assert summarize(run).status != "unreadable"
        saved = [event for event in run.events() if isinstance(event, CheckpointSaved)]
        if saved:
            position = checkpoint.load_state(run.checkpoint_file)["position"]
            assert (position["epoch"], position["step"]) >= (1, 0)
        if run.weights_file.exists():
            checkpoint.load_weights(run.weights_file)

    def assert_goes_on(self, name: str) -> None:
        """Check that the run finishes now, with the weights and rows of the undisturbed one."""
        self.assert_usable(name)
        run = self.run(name)
        if not self.is_finished(name):
            ended = self.train(name)
            assert ended.code == 0, ended.err
        assert_same(run, self.undisturbed)
        assert names_of_files(run.folder) - {".lock"} == names_of_files(self.undisturbed.folder) - {".lock"}
        shutil.rmtree(run.folder)
        # A kill while a run is created leaves a hidden folder, which a start an hour later removes.
        for find_temporary_files in self.runs_dir.glob(".new-*"):
            shutil.rmtree(find_temporary_files)
        assert [entry.name for entry in self.runs_dir.iterdir()] == ["undisturbed"]


def names_of_files(folder: Path) -> set[str]:
    """With those of the folders in it."""
    return {str(entry.relative_to(folder)) for entry in folder.rglob("*") if not entry.is_dir()}


def in_words(counts: dict[Any, int]) -> str:
    """`3 of this, 2 of that`, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{count} {what}" for what, count in ordered)
