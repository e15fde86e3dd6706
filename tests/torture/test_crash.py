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
from tests.torture.faulty_runs import FaultyRuns, in_words
from tests.torture.fork_server import KILLS, Fault, ForkServer, send
from tests.training.test_exactness import assert_same

pytestmark = [needs_compiler, pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux")]

Report = Callable[[str], None]


@pytest.fixture(scope="module")
def fork_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    with ForkServer(tmp_path_factory.mktemp("fork_server")) as fork_server:
        yield fork_server


@pytest.fixture(scope="module")
def faulty_runs(tmp_path_factory: pytest.TempPathFactory, fork_server: ForkServer) -> FaultyRuns:
    return FaultyRuns(tmp_path_factory.mktemp("crash"), fork_server, "--epochs=3", "--batch-size=50")


def place_of(struck: str) -> str:
    """What an operation on the disk was for, in a word or two."""
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


def test_kills_inside_operations_on_the_disk(faulty_runs: FaultyRuns, report: Report) -> None:
    """Before, halfway through and after one; up to three kills of the same run before it may end."""
    chance, places, kills, number = random.Random(1), Counter[str](), 0, 0
    while kills < 100:
        number += 1
        for _ in range(chance.choice([1, 1, 2, 3])):
            ended = faulty_runs.train("killed", Fault(chance.randint(1, faulty_runs.operations), chance.choice(KILLS)))
            if ended.code == 0:
                break
            assert ended.code == -signal.SIGKILL, ended.err
            kills += 1
            places[place_of(ended.struck)] += 1
            faulty_runs.assert_usable("killed")
            if faulty_runs.is_finished("killed"):
                break
        faulty_runs.assert_goes_on("killed")
    report(f"{kills} kills of {number} runs: {in_words(places)}")


def phase(run: Run) -> str:
    """What the run was doing when it was killed, by its log."""
    status = fold(run.events(progress=True)).status if run.log_file.exists() else RunStatus.EMPTY
    return "the start" if status is RunStatus.EMPTY else str(status)


def test_kills_at_any_moment(faulty_runs: FaultyRuns, report: Report) -> None:
    """From outside, after a random time: mostly while it computes."""
    chance, places, kills, number = random.Random(2), Counter[str](), 0, 0
    exists = time.monotonic()
    faulty_runs.train("killed")
    whole = time.monotonic() - exists
    shutil.rmtree(faulty_runs.run("killed").folder)
    while kills < 40:
        number += 1
        for _ in range(chance.choice([1, 2, 3])):
            child = faulty_runs.begin("killed")
            time.sleep(chance.uniform(0.1, 0.8) * whole)  # the moment is what is random here
            send(child, signal.SIGKILL)
            ended = faulty_runs.wait()
            assert ended.code in (0, -signal.SIGKILL), ended.err
            if ended.code == 0:
                break
            kills += 1
            faulty_runs.assert_usable("killed")
            places[phase(faulty_runs.run("killed"))] += 1
            if faulty_runs.is_finished("killed"):
                break
        faulty_runs.assert_goes_on("killed")
    report(f"{kills} kills of {number} runs, in {in_words(places)}")


def test_kills_in_a_deletion(faulty_runs: FaultyRuns, report: Report) -> None:
    """A run that is being deleted is complete or gone, and the next deletion removes what is left of it."""
    assert faulty_runs.train("kept").code == 0
    shutil.copytree(faulty_runs.run("kept").folder, faulty_runs.disk / "copy")
    kept = Counter[str]()
    shutil.copytree(faulty_runs.disk / "copy", faulty_runs.run("doomed").folder)
    operations = faulty_runs.cli("runs", "delete", "doomed", "--yes").operations
    for number in range(24):
        shutil.copytree(faulty_runs.disk / "copy", faulty_runs.run("doomed").folder)
        fault = Fault(1 + number * operations // 24, KILLS[number % 3])
        ended = faulty_runs.cli("runs", "delete", "doomed", "--yes", fault=fault)
        assert ended.code in (0, -signal.SIGKILL), ended.err
        if faulty_runs.exists("doomed"):
            kept["whole"] += 1
            assert_same(faulty_runs.run("doomed"), faulty_runs.undisturbed)
            assert faulty_runs.cli("runs", "delete", "doomed", "--yes").code == 0
        else:
            kept["gone" if ended.code else "deleted before the kill could come"] += 1
            shutil.copytree(faulty_runs.disk / "copy", faulty_runs.run("doomed").folder)
            assert faulty_runs.cli("runs", "delete", "doomed", "--yes").code == 0
        assert sorted(entry.name for entry in faulty_runs.runs_dir.iterdir()) == ["kept", "undisturbed"]
    assert faulty_runs.cli("runs", "delete", "kept", "--yes").code == 0
    report(f"24 deletions, each killed: {in_words(kept)}")


def test_kills_in_a_fetch(fork_server: ForkServer, tmp_path: Path, report: Report) -> None:
    """A file of the dataset is complete or missing, and the next fetch leaves nothing but the dataset."""
    places, chance = Counter[str](), random.Random(3)
    with Mirror(sample().contents) as mirror:
        tiny = sample(mirror.at("good"))

        def fetch(home: Path, fault: Fault) -> tuple[int, int, str]:
            ended = fork_server.run(home, mirror.at("good"), under=tmp_path, fault=fault, work="fetch")
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
    """The program as a shell starts it, killed at random moments and resumed until it finishes."""
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


def test_another_moments_checkpoint_is_noticed(faulty_runs: FaultyRuns) -> None:
    """A control: the comparison notices a checkpoint of another moment."""
    ended = faulty_runs.train("killed", Fault(100, KILLS[0]))
    assert ended.code == -signal.SIGKILL
    early = faulty_runs.run("killed").checkpoint_file.read_bytes()
    ended = faulty_runs.train("killed", Fault(40, KILLS[0]))
    assert ended.code == -signal.SIGKILL
    faulty_runs.run("killed").checkpoint_file.write_bytes(early)
    faulty_runs.run("killed").log_file.write_bytes(b"")
    with pytest.raises(AssertionError):
        faulty_runs.assert_goes_on("killed")
    shutil.rmtree(faulty_runs.run("killed").folder)
