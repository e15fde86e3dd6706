"""kill -9 at hundreds of moments: the run is listed, opens, resumes, and ends with the undisturbed run's weights."""

from __future__ import annotations

import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mnist_tui import runs
from mnist_tui.data.download.verified_files import find_verified
from mnist_tui.runs import Run
from mnist_tui.runs.history import RunStatus, fold
from tests.cli import program
from tests.data.download.mirror import Mirror
from tests.data.samples import sample
from tests.native.toolchain import needs_compiler
from tests.torture.ground import Ground, in_words
from tests.torture.nursery import KILLS, Fault, Nursery, send
from tests.training.test_exactness import assert_same

pytestmark = [needs_compiler, pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux")]

Report = Callable[[str], None]


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with Nursery(tmp_path_factory.mktemp("nursery")) as nursery:
        yield nursery


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Ground:
    return Ground(tmp_path_factory.mktemp("crash"), nursery, "--epochs=3", "--batch-size=50")


def place_of(struck: str) -> str:
    """What was going on, in a word or two, of an operation on the disk."""
    what, _, path = struck.partition(" ")
    name = Path(path).name
    for file, words in (
        ("last.ckpt", "a checkpoint's writing"),
        ("best.safetensors", "the best weights' writing"),
        ("events.jsonl", "the log"),
        ("config.json", "the config's writing"),
    ):
        if file in name:
            return words
    return "the folder's making" if what in ("make", "rename", "open") else "the folder's sync"


def test_kills_inside_operations_on_the_disk(ground: Ground, report: Report) -> None:
    """Before, halfway through and after one; up to three kills of the same run before it may end."""
    chance, places, kills, number = random.Random(1), Counter[str](), 0, 0
    while kills < 100:
        number += 1
        for _ in range(chance.choice([1, 1, 2, 3])):
            ended = ground.train("killed", Fault(chance.randint(1, ground.operations), chance.choice(KILLS)))
            if ended.code == 0:
                break
            assert ended.code == -signal.SIGKILL, ended.err
            kills += 1
            places[place_of(ended.struck)] += 1
            ground.assert_usable("killed")
            if ground.is_finished("killed"):
                break
        ground.assert_goes_on("killed")
    report(f"{kills} kills of {number} runs: {in_words(places)}")


def phase(run: Run) -> str:
    """What the log says that the run was at when it was killed."""
    status = fold(run.events(progress=True)).status if run.log_file.exists() else RunStatus.EMPTY
    return "the start" if status is RunStatus.EMPTY else str(status)


def test_kills_at_any_moment(ground: Ground, report: Report) -> None:
    """From outside, after a random time: mostly while it computes."""
    chance, places, kills, number = random.Random(2), Counter[str](), 0, 0
    exists = time.monotonic()
    ground.train("killed")
    whole = time.monotonic() - exists
    shutil.rmtree(ground.run("killed").folder)
    while kills < 40:
        number += 1
        for _ in range(chance.choice([1, 2, 3])):
            child = ground.begin("killed")
            time.sleep(chance.uniform(0.1, 0.8) * whole)  # the moment is what is random here
            send(child, signal.SIGKILL)
            ended = ground.wait()
            assert ended.code in (0, -signal.SIGKILL), ended.err
            if ended.code == 0:
                break
            kills += 1
            ground.assert_usable("killed")
            places[phase(ground.run("killed"))] += 1
            if ground.is_finished("killed"):
                break
        ground.assert_goes_on("killed")
    report(f"{kills} kills of {number} runs, in {in_words(places)}")


def test_kills_in_a_deletion(ground: Ground, report: Report) -> None:
    """A run that is being deleted is there whole or not at all, and the next deletion takes what is left of it."""
    assert ground.train("kept").code == 0
    shutil.copytree(ground.run("kept").folder, ground.disk / "copy")
    kept = Counter[str]()
    shutil.copytree(ground.disk / "copy", ground.run("doomed").folder)
    operations = ground.cli("runs", "delete", "doomed", "--yes").operations
    for number in range(24):
        shutil.copytree(ground.disk / "copy", ground.run("doomed").folder)
        fault = Fault(1 + number * operations // 24, KILLS[number % 3])
        ended = ground.cli("runs", "delete", "doomed", "--yes", fault=fault)
        assert ended.code in (0, -signal.SIGKILL), ended.err
        if ground.exists("doomed"):
            kept["whole"] += 1
            assert_same(ground.run("doomed"), ground.undisturbed)
            assert ground.cli("runs", "delete", "doomed", "--yes").code == 0
        else:
            kept["gone" if ended.code else "deleted before the kill could come"] += 1
            shutil.copytree(ground.disk / "copy", ground.run("doomed").folder)
            assert ground.cli("runs", "delete", "doomed", "--yes").code == 0
        assert sorted(entry.name for entry in ground.runs_dir.iterdir()) == ["kept", "undisturbed"]
    assert ground.cli("runs", "delete", "kept", "--yes").code == 0
    report(f"24 deletions, each killed: {in_words(kept)}")


def test_kills_in_a_fetch(nursery: Nursery, tmp_path: Path, report: Report) -> None:
    """A file of the dataset is there whole or not at all, and the next fetch leaves nothing but the dataset."""
    places, chance = Counter[str](), random.Random(3)
    with Mirror(sample().contents) as mirror:
        tiny = sample(mirror.at("good"))

        def fetch(home: Path, fault: Fault) -> tuple[int, int, str]:
            ended = nursery.run(home, mirror.at("good"), under=tmp_path, fault=fault, work="fetch")
            assert "Traceback" not in ended.err, ended.err
            return ended.code, ended.operations, ended.struck

        code, operations, _ = fetch(tmp_path / "whole", Fault())
        assert code == 0
        for number in range(24):
            home = tmp_path / f"fetched-{number}"
            code, _, struck = fetch(home, Fault(chance.randint(1, operations), chance.choice(KILLS)))
            assert code == -signal.SIGKILL
            places[struck.split()[0]] += 1
            for file in tiny.entry.files:
                if (home / file.name).exists():
                    find_verified(tiny.entry, home, file)
            assert fetch(home, Fault())[0] == 0
            left = {entry.name for entry in home.iterdir()} - {".fetch.lock"}
            assert left == set(tiny.contents), f"after a kill at {struck}"
    report(f"24 fetches killed, by operation: {in_words(places)}")


def test_whole_real_processes(tmp_path: Path, report: Report) -> None:
    """The program as a shell starts it, killed at random moments and resumed until it is through."""
    folders = {"MNIST_TUI_RUNS_DIR": str(tmp_path / "runs"), "MNIST_TUI_DATA_DIR": str(tmp_path / "data")}
    training = (*program.QUICK[:-3], "2000", "--epochs", "6", "--batch-size", "20", "--threads", "1")
    whole = program.run(*training, "--name", "undisturbed", **folders)
    assert whole.returncode == 0, whole.stderr
    undisturbed, run = Run(tmp_path / "runs" / "undisturbed"), Run(tmp_path / "runs" / "killed")
    chance, kills, size = random.Random(4), 0, undisturbed.log_file.stat().st_size
    while kills < 12:
        exists = run.config_file.exists()
        words = ("train", "--headless", "--resume", run.name) if exists else (*training, "--name", run.name)
        before = run.log_file.stat().st_size if exists else 0
        wanted = before + chance.randrange(1, size // 2)
        with program.start(*words, **folders) as process:
            while process.process.poll() is None and log_size(run) < wanted:
                time.sleep(0.001)
            process.process.kill()
        kills += process.process.returncode == -signal.SIGKILL
        assert [found.name for found in runs.list_runs(tmp_path / "runs")] == ["undisturbed", "killed"]
        if run.history().status is RunStatus.FINISHED:
            assert_same(run, undisturbed)
            shutil.rmtree(run.folder)
    if run.folder.exists():
        ended = program.run("train", "--headless", "--resume", run.name, **folders)
        assert ended.returncode == 0, ended.stderr
        assert_same(run, undisturbed)
    report(f"{kills} kills of real processes")


def log_size(run: Run) -> int:
    return run.log_file.stat().st_size if run.log_file.exists() else 0


def test_another_moments_checkpoint_is_noticed(ground: Ground) -> None:
    """A control: were the comparison blind, a checkpoint of another moment would pass."""
    ended = ground.train("killed", Fault(100, KILLS[0]))
    assert ended.code == -signal.SIGKILL
    early = ground.run("killed").checkpoint_file.read_bytes()
    ended = ground.train("killed", Fault(40, KILLS[0]))
    assert ended.code == -signal.SIGKILL
    ground.run("killed").checkpoint_file.write_bytes(early)
    ground.run("killed").log_file.write_bytes(b"")
    with pytest.raises(AssertionError):
        ground.assert_goes_on("killed")
    shutil.rmtree(ground.run("killed").folder)
