"""Real disks that are small, read-only, gone or somebody else's: told with the path, and nothing lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mnist_tui import checkpoint
from mnist_tui.runs import Run
from tests.backends.native.toolchain import needs_compiler
from tests.torture.ground import Ground, in_words
from tests.torture.nursery import Ended, Nursery

pytestmark = [
    needs_compiler,
    pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux"),
    pytest.mark.skipif(os.geteuid() != 0, reason="to mount, and to become somebody else, takes root"),
]

NOBODY = 65534

Report = Callable[[str], None]


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with Nursery(tmp_path_factory.mktemp("nursery")) as nursery:
        yield nursery


@pytest.fixture
def ground(nursery: Nursery) -> Iterator[Ground]:
    """In a folder that anybody may look into."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield Ground(folder, nursery, "--epochs=3", "--batch-size=50")
    shutil.rmtree(folder)


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a file system here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def assert_told(ended: Ended, path: Path, why: str, *codes: int) -> None:
    assert ended.code in (codes or (1, 4)), ended
    assert "Traceback" not in ended.err, ended.err
    assert ended.err.startswith("error: "), ended.err
    assert str(path) in ended.err, ended.err
    assert why in ended.err, ended.err
    assert "do: " in ended.err, ended.err


def test_small_disks(ground: Ground, report: Report) -> None:
    """Room for less than a run, a page more at a time: it ends when the disk is full, and goes on once it is not."""
    rooms = range(4, 160, 4)
    full = 0
    for room in rooms:
        with mounted(ground.runs_dir, f"size={room}k,mode=755"):
            ended = ground.train("small")
            if ended.code == 0:
                assert room > 60
                continue
            full += 1
            assert_told(ended, ground.runs_dir, "No space left on device")
            run = ground.run("small")
            if run.checkpoint_file.exists():
                checkpoint.load_state(run.checkpoint_file)
            subprocess.run(["mount", "-o", "remount,size=10m", str(ground.runs_dir)], check=True)
            assert ground.train("small").code == 0
            assert run.history().status == "finished"
    report(f"{len(rooms)} disks of {rooms[0]} to {rooms[-1]} KiB, of which {full} filled up")
    assert full > 10


def wait_for_a_checkpoint(run: Run) -> None:
    while not run.checkpoint_file.exists():
        time.sleep(0.001)


def test_disks_that_change_while_training(ground: Ground, report: Report) -> None:
    """The runs folder is deleted, moved away, made read-only, or its log is: never a success that was none."""

    def deleted(run: Run) -> str:
        shutil.rmtree(run.folder, ignore_errors=True)
        return "No such file or directory"

    def moved(run: Run) -> str:
        run.folder.rename(run.folder.with_name("moved"))
        return "No such file or directory"

    def log_removed(run: Run) -> str:
        run.log_file.unlink()
        return "No such file or directory"

    def read_only(run: Run) -> str:
        subprocess.run(["mount", "-o", "remount,ro", str(run.folder.parent)], check=True)
        return "Read-only file system"

    def replaced_by_a_file(run: Run) -> str:
        shutil.rmtree(run.folder, ignore_errors=True)
        run.folder.write_text("")
        return "Not a directory"

    ways: Counter[str] = Counter()
    for change in (deleted, moved, log_removed, replaced_by_a_file, read_only) * 6:
        with mounted(ground.runs_dir, "size=10m,mode=755"):
            run = ground.run("odd")
            ground.begin("odd")
            wait_for_a_checkpoint(run)
            try:
                why = change(run)
            finally:
                ended = ground.wait()
            if "Directory not empty" in ended.err or (change is read_only and ended.code == 0):
                continue
            assert_told(ended, run.folder, why, 1)
            ways[change.__name__.replace("_", " ")] += 1
            if change in (moved, read_only):
                kept = Run(ground.runs_dir / ("moved" if change is moved else "odd"))
                checkpoint.load_state(kept.checkpoint_file)
    report(f"{sum(ways.values())} changes under a training: {in_words(ways)}")


def test_folders_of_somebody_else(ground: Ground, nursery: Nursery, report: Report) -> None:
    """As nobody: a runs folder, a run, a checkpoint and a log that may not be written or read."""
    assert ground.train("theirs").code == 0

    def as_nobody(*words: object) -> Ended:
        arguments = (*words, "--runs-dir", ground.runs_dir)
        return nursery.run(*arguments, under=ground.disk, user=NOBODY)

    new = ("train", "--headless", "--dataset=synthetic", "--model=linear", "--backend=eager")
    assert_told(as_nobody(*new), ground.runs_dir, "Permission denied", 4)
    more = ("train", "--headless", "--resume", "theirs", "--more-epochs", "1")
    assert_told(as_nobody(*more), ground.run("theirs").folder, "Permission denied", 4)
    assert_told(
        as_nobody("runs", "delete", "theirs", "--yes"), ground.run("theirs").folder, "Permission denied", 4
    )
    assert as_nobody("runs", "list", "--json").code == 0
    ground.run("theirs").log_file.chmod(0)
    assert_told(as_nobody("runs", "show", "theirs"), ground.run("theirs").log_file, "Permission denied", 4)
    ground.run("theirs").log_file.chmod(0o644)
    for file in (*ground.run("theirs").folder.iterdir(), ground.run("theirs").folder):
        os.chown(file, NOBODY, NOBODY)
    ground.run("theirs").checkpoint_file.chmod(0)
    assert_told(as_nobody(*more), ground.run("theirs").checkpoint_file, "Permission denied", 4)
    ground.run("theirs").checkpoint_file.chmod(0o644)
    assert as_nobody("runs", "show", "theirs").code == 0
    ground.runs_dir.chmod(0)
    assert_told(as_nobody("runs", "list"), ground.runs_dir, "Permission denied", 4)
    ground.runs_dir.chmod(0o755)
    report("7 ways of a folder or a file that is somebody else's")


def test_links_in_a_folders_place(ground: Ground, report: Report) -> None:
    """To a folder it is as good as one, but for a deletion; to nowhere it is told."""
    real = ground.disk / "elsewhere"
    ground.runs_dir.rename(real)
    ground.runs_dir.symlink_to(real)
    assert ground.train("linked").code == 0
    ground.run("linked").folder.rename(ground.disk / "away")
    ground.run("linked").folder.symlink_to(ground.disk / "away")
    assert_told(ground.cli("runs", "delete", "linked", "--yes"), ground.run("linked").folder, "is a link", 4)
    assert ground.begun("linked")
    ground.run("nowhere").folder.symlink_to(ground.disk / "nowhere")
    assert_told(ground.train("nowhere"), ground.run("nowhere").folder, "already", 4)
    ground.runs_dir.unlink()
    ground.runs_dir.symlink_to(ground.disk / "nowhere")
    assert_told(ground.train("linked"), ground.runs_dir, "Not a directory", 4)
    ground.runs_dir.unlink()
    ground.runs_dir.write_text("")
    assert_told(ground.train("linked"), ground.runs_dir, "", 4)
    report("links to a folder, to nowhere, and a file in the folder's place")
