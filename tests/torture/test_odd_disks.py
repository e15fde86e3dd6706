"""Real disks that are small, read-only, gone or owned by another user: reported with the path, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mnist_tui.runs import Run
from mnist_tui.training import checkpoint
from tests.native.toolchain import needs_compiler
from tests.small_disks import mount_disk
from tests.torture.faulty_runs import FaultyRuns, in_words
from tests.torture.fork_server import Ended, ForkServer

pytestmark = [
    needs_compiler,
    pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux"),
    pytest.mark.skipif(os.geteuid() != 0, reason="to mount, and to become another user, needs root"),
]

Report = Callable[[str], None]


@pytest.fixture(scope="module")
def fork_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    with ForkServer(tmp_path_factory.mktemp("fork_server")) as fork_server:
        yield fork_server


@pytest.fixture
def faulty_runs(fork_server: ForkServer) -> Iterator[FaultyRuns]:
    """In a folder that every user may read."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield FaultyRuns(folder, fork_server, "--epochs=3", "--batch-size=50")
    shutil.rmtree(folder)


def assert_reported(ended: Ended, path: Path, why: str, *codes: int) -> None:
    assert ended.code in (codes or (1, 4)), ended
    assert "Traceback" not in ended.err, ended.err
    assert ended.err.startswith("error: "), ended.err
    assert str(path) in ended.err, ended.err
    assert why in ended.err, ended.err
    assert "do: " in ended.err, ended.err


def test_small_disks(faulty_runs: FaultyRuns, report: Report) -> None:
    """Room for less than a run, then a page more each time: it ends when the disk is full, and then resumes."""
    rooms = range(4, 160, 4)
    full = 0
    for room in rooms:
        with mount_disk(faulty_runs.runs_dir, f"size={room}k,mode=755"):
            ended = faulty_runs.train("small")
            if ended.code == 0:
                assert room > 60
                continue
            full += 1
            assert_reported(ended, faulty_runs.runs_dir, "No space left on device")
            run = faulty_runs.run("small")
            if run.checkpoint_file.exists():
                checkpoint.load_state(run.checkpoint_file)
            subprocess.run(["mount", "-o", "remount,size=10m", str(faulty_runs.runs_dir)], check=True)
            assert faulty_runs.train("small").code == 0
            assert run.history().status == "finished"
    report(f"{len(rooms)} disks of {rooms[0]} to {rooms[-1]} KiB, of which {full} filled up")
    assert full > 10


def wait_for_a_checkpoint(run: Run) -> None:
    while not run.checkpoint_file.exists():
        time.sleep(0.001)


def test_disks_that_change_while_training(faulty_runs: FaultyRuns, report: Report) -> None:
    """The run's folder is deleted, moved or replaced, or its log deleted: no failure is called a success."""

    def delete_folder(run: Run) -> str:
        shutil.rmtree(run.folder, ignore_errors=True)
        return "No such file or directory"

    def move_folder(run: Run) -> str:
        run.folder.rename(run.folder.with_name("moved"))
        return "No such file or directory"

    def remove_log(run: Run) -> str:
        run.log_file.unlink()
        return "No such file or directory"

    def replace_by_file(run: Run) -> str:
        shutil.rmtree(run.folder, ignore_errors=True)
        run.folder.write_text("")
        return "Not a directory"

    ways: Counter[str] = Counter()
    for change in (delete_folder, move_folder, remove_log, replace_by_file) * 6:
        with mount_disk(faulty_runs.runs_dir, "size=10m,mode=755"):
            run = faulty_runs.run("odd")
            faulty_runs.begin("odd")
            wait_for_a_checkpoint(run)
            try:
                why = change(run)
            finally:
                ended = faulty_runs.wait()
            assert_reported(ended, run.folder, why, 1)
            ways[change.__name__.replace("_", " ")] += 1
            if change is move_folder:
                checkpoint.load_state(faulty_runs.run("moved").checkpoint_file)
    report(f"{sum(ways.values())} changes under a training: {in_words(ways)}")


def test_read_only_disks(faulty_runs: FaultyRuns, report: Report) -> None:
    """Existing runs can be viewed, and nothing else works."""
    with mount_disk(faulty_runs.runs_dir, "size=10m,mode=755"):
        assert faulty_runs.train("mine").code == 0
        run = faulty_runs.run("mine")
        subprocess.run(["mount", "-o", "remount,ro", str(faulty_runs.runs_dir)], check=True)
        for words in (NEW, MORE, ("runs", "delete", "mine", "--yes"), ("runs", "rename", "mine", "yours")):
            assert_reported(faulty_runs.cli(*words), faulty_runs.runs_dir, "Read-only file system", 4)
        for words in (("runs", "list"), ("runs", "show", "mine")):
            assert faulty_runs.cli(*words).code == 0
        assert run.history().status == "finished"
    report("4 refusals on a read-only disk, and 2 looks at what is there")


NEW = ("train", "--headless", "--dataset=synthetic", "--model=linear", "--backend=eager")
MORE = ("train", "--headless", "--resume", "mine", "--more-epochs", "1")


def test_folders_without_permission(faulty_runs: FaultyRuns, report: Report) -> None:
    """A runs folder, a run, a checkpoint, a log and a config without permission to write, or even to read."""
    assert faulty_runs.train("mine").code == 0
    run, denied = faulty_runs.run("mine"), 0

    def refused(place: Path, mode: int, *words: object) -> None:
        nonlocal denied
        before = place.stat().st_mode
        place.chmod(mode)
        try:
            assert_reported(faulty_runs.cli(*words, humble=True), place, "Permission denied", 4)
        finally:
            place.chmod(before)
        denied += 1

    refused(faulty_runs.runs_dir, 0o555, *NEW)
    refused(faulty_runs.runs_dir, 0o555, "runs", "delete", "mine", "--yes")
    refused(run.folder, 0o555, "runs", "delete", "mine", "--yes")
    for file in (run.checkpoint_file, run.log_file, run.config_file):
        refused(file, 0, *MORE)
    refused(run.log_file, 0, "runs", "show", "mine")
    refused(run.log_file, 0o444, *MORE)
    refused(run.config_file, 0, "runs", "show", "mine")
    (run.folder / ".lock").unlink()
    refused(run.folder, 0o555, *MORE)
    assert faulty_runs.cli(*MORE, humble=True).code == 0
    report(f"{denied} refusals by permission")


def test_links_in_a_folders_place(faulty_runs: FaultyRuns, report: Report) -> None:
    """A link to a folder works like the folder, except that it is not deleted; a dangling one is reported."""
    real = faulty_runs.disk / "elsewhere"
    faulty_runs.runs_dir.rename(real)
    faulty_runs.runs_dir.symlink_to(real)
    assert faulty_runs.train("linked").code == 0
    faulty_runs.run("linked").folder.rename(faulty_runs.disk / "away")
    faulty_runs.run("linked").folder.symlink_to(faulty_runs.disk / "away")
    assert_reported(
        faulty_runs.cli("runs", "delete", "linked", "--yes"), faulty_runs.run("linked").folder, "is a link", 4
    )
    assert faulty_runs.exists("linked")
    faulty_runs.run("nowhere").folder.symlink_to(faulty_runs.disk / "nowhere")
    assert_reported(faulty_runs.train("nowhere"), faulty_runs.run("nowhere").folder, "already", 4)
    faulty_runs.runs_dir.unlink()
    faulty_runs.runs_dir.symlink_to(faulty_runs.disk / "nowhere")
    assert_reported(faulty_runs.cli(*NEW), faulty_runs.runs_dir, "Not a directory", 4)
    faulty_runs.runs_dir.unlink()
    faulty_runs.runs_dir.write_text("")
    assert_reported(faulty_runs.cli(*NEW), faulty_runs.runs_dir, "Not a directory", 4)
    report("links to a folder, to nowhere, and a file in the folder's place")
