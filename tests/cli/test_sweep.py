"""`sweep`: a grid and a search in real processes, interrupted, gone on with, and shared."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mnist_tui import runs
from mnist_tui.sweep import folder as folders
from tests.cli import program
from tests.cli.conftest import Mnist
from tests.patience import PATIENCE, SOON

pytestmark = pytest.mark.early

Swept = tuple[Path, subprocess.CompletedProcess[str]]

TINY = ("--dataset", "synthetic", "--model", "linear", "--backend", "eager", "--train-limit", "300")
GRID = ("sweep", *TINY, "--validation", "100", "--epochs", "1", "--seeds", "2", "--set", "lr=0.001,0.01")
# One that a signal can hit after its first epoch, and that is over soon after it goes on.
LONG = (
    *("sweep", *TINY[:-1], "2000", "--batch-size", "64", "--epochs", "4"),
    *("--set", "lr=0.001,0.01", "--name", "long"),
)
SEARCH = ("sweep", *TINY, "--validation", "100", "--epochs", "2", "--search", "lr=log:1e-4:1e-1")


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(autouse=True)
def _server(trial_server: None) -> None:
    """Sweeps in this process have the easy digits too."""


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Swept:
    """A finished grid of two settings and two seeds, and what it printed."""
    folder = tmp_path_factory.mktemp("swept") / "runs"
    done = program.run(*GRID, "--name", "grid", "--runs-dir", str(folder), COLUMNS="80")
    return folder, done


def test_a_grid_prints_a_line_a_trial_and_its_table(
    swept: Swept,
) -> None:
    _, done = swept
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert sorted(line.split("]")[0] for line in lines[:4]) == [f"[{number}/4" for number in (1, 2, 3, 4)]
    assert sum("validation" in line and "lr=0.01 seed=" in line for line in lines[:4]) == 2
    assert [line.split()[:2] for line in lines if line.split()[1:2] == ["2/2"]] in (
        [["0.001", "2/2"], ["0.01", "2/2"]],
        [["0.01", "2/2"], ["0.001", "2/2"]],
    )
    assert "test %" not in done.stdout
    assert "The test set is not used for choosing" in done.stdout
    assert "4 of 4 trials to do, " in done.stderr


def test_every_trial_is_an_ordinary_run(swept: Swept, mnist: Mnist) -> None:
    folder, _ = swept
    listed = json.loads(mnist("runs", "list", "--json", "--runs-dir", folder).out)
    assert sorted(run["name"] for run in listed) == ["grid-c1-s1", "grid-c1-s2", "grid-c2-s1", "grid-c2-s2"]
    assert {run["status"] for run in listed} == {"finished"}
    config = runs.find(folder, "grid-c2-s1").record().config
    assert (config["lr"], config["seed"], config["threads"]) == (0.01, 1, 1)
    compared = mnist("runs", "compare", "grid-c1-s1", "grid-c2-s1", "--runs-dir", folder, "--json")
    assert [row["setting"] for row in json.loads(compared.out)["differences"]] == ["lr"]


def test_it_is_shown_as_table_csv_and_json(swept: Swept, mnist: Mnist) -> None:
    folder, done = swept
    shown = mnist("sweep", "show", "gr", "--runs-dir", folder)
    assert shown.out == done.stdout[done.stdout.index("sweep grid ·") :]
    rows = list(
        csv.DictReader(io.StringIO(mnist("sweep", "show", "grid", "--format", "csv", "--runs-dir", folder).out))
    )
    assert sorted((row["lr"], row["done"]) for row in rows) == [("0.001", "2"), ("0.01", "2")]
    document = json.loads(mnist("sweep", "show", "latest", "--format", "json", "--runs-dir", folder).out)
    assert document["statuses"]["finished"] == document["trials"] == 4
    assert all(row["validation"]["count"] == 2 and row["test"]["margin"] is not None for row in document["rows"])
    test = mnist("sweep", "show", "grid", "--on", "test", "--runs-dir", folder).out
    assert "test %" in test
    assert "valid %" in test
    assert "Choosing by these figures would be tuning on the test set" in test


def test_it_is_listed(swept: Swept, mnist: Mnist) -> None:
    folder, _ = swept
    assert ["grid", "lr×2,", "seeds×2", "4/4"] in [
        line.split()[:4] for line in mnist("sweep", "list", "--runs-dir", folder).out.splitlines()
    ]
    [entry] = json.loads(mnist("sweep", "list", "--json", "--runs-dir", folder).out)
    assert (entry["name"], entry["kind"], entry["on"]) == ("grid", "grid", "validation")


def test_the_same_again_has_nothing_to_do(swept: Swept, mnist: Mnist) -> None:
    folder, _ = swept
    again = lines_of(mnist(*GRID, "--name", "grid", "--runs-dir", folder, "--json").out)
    assert [line["event"] for line in again] == ["SweepStarted", "SweepEnded"]
    assert again[-1]["statuses"]["finished"] == 4


def test_another_sweep_under_the_same_name_is_refused(swept: Swept, mnist: Mnist) -> None:
    folder, _ = swept
    other = mnist(*GRID, "--weight-decay", "0.1", "--name", "grid", "--runs-dir", folder)
    assert (other.code, other.out) == (4, "")
    assert "there is a sweep 'grid' already, and its settings are others" in other.err
    (folder / "taken-c1-s1").mkdir()
    taken = mnist(*GRID, "--name", "taken", "--runs-dir", folder)
    assert (taken.code, "there is a run 'taken-c1-s1' already" in taken.err) == (4, True)


def test_more_seeds_train_those(swept: Swept, mnist: Mnist, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(swept[0], tmp_path / "runs"))
    more = mnist(*GRID, "--seeds", "3", "--name", "grid", "--runs-dir", folder, "--json")
    events = lines_of(more.out)
    ended = sorted(line["run"] for line in events if line["event"] == "TrialEnded")
    assert ended == ["grid-c1-s3", "grid-c2-s3"]
    assert events[-1]["statuses"]["finished"] == 6


def test_an_interrupted_sweep_goes_on_from_its_checkpoints(mnist: Mnist, runs_dir: Path) -> None:
    with program.start(*LONG, "--json", warm=False) as sweeping:
        sweeping.wait_for('"TrialEpoch"')
        code, seconds, out, err = sweeping.signal(signal.SIGINT)
    assert code == 130
    assert seconds < SOON
    assert "Traceback" not in err
    ended = lines_of(out)[-1]
    assert ended["event"] == "SweepEnded"
    stopped = [run.name for run in runs.list_runs(runs_dir) if run.history().status == "stopped"]
    assert stopped
    assert all(runs.find(runs_dir, name).checkpoint_file.exists() for name in stopped)
    words = shlex.split(err.partition("Continue with: ")[2])
    assert words[:4] == ["mnist-tui", "sweep", "--resume", "long"]
    done = mnist(*words[1:], "--json")
    events = lines_of(done.out)
    assert done.code == 0, done.out + done.err
    assert {line["run"] for line in events if line["event"] == "TrialStarted" and line["resumed"]} == set(stopped)
    assert events[-1]["statuses"]["finished"] == 2


@pytest.mark.slow
def test_a_killed_trial_is_a_failed_one_that_can_go_on(runs_dir: Path) -> None:
    with program.start(*LONG, "--json", warm=False) as sweeping:
        sweeping.wait_for('"TrialEpoch"')
        children = Path(f"/proc/{sweeping.process.pid}/task/{sweeping.process.pid}/children")
        if not children.exists():
            pytest.skip("needs /proc")
        _kill_one_trial(sweeping.process.pid)
        out, err = sweeping.process.communicate(timeout=PATIENCE)
    assert sweeping.process.returncode == 1
    ended = {line["run"]: line for line in lines_of(out) if line["event"] == "TrialEnded"}
    assert sorted(entry["status"] for entry in ended.values()) == ["failed", "finished"]
    assert "its process was ended by SIGKILL" in [entry["reason"] for entry in ended.values()]
    assert "1 of 2 trials failed" in err
    assert program.run("sweep", "--resume", "long", warm=False).returncode == 0  # with the same digits


def _kill_one_trial(sweep: int) -> None:
    """The newest grandchild: the server forks the trials."""
    table = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(pid): int(parent) for pid, parent in (line.split() for line in table.splitlines())}
    trials = [pid for pid, parent in parents.items() if parents.get(parent) == sweep]

    os.kill(max(trials), signal.SIGKILL)


pytest.importorskip("optuna")


def test_two_processes_share_a_search(mnist: Mnist, runs_dir: Path) -> None:
    words = (*SEARCH, "--trials", "6", "--jobs", "1", "--name", "s", "--json")
    with program.start(*words) as other:
        ours = mnist(*words)
        theirs = other.process.communicate(timeout=PATIENCE)
        assert (ours.code, other.process.returncode) == (0, 0), (ours.err, theirs[1])
    outs = [ours.out, theirs[0]]
    began = [line["run"] for out in outs for line in lines_of(out) if line["event"] == "TrialStarted"]
    assert sorted(began) == [f"s-t{number:03}" for number in range(6)]
    listed = runs.list_runs(runs_dir)
    assert {run.history().status.value for run in listed} <= {"finished", "stopped"}
    assert len({run.record().config["lr"] for run in listed}) == 6
    shown = json.loads(mnist("sweep", "show", "s", "--format", "json").out)
    assert shown["statuses"]["finished"] + shown["statuses"]["pruned"] == 6


@pytest.mark.slow
def test_a_killed_search_is_gone_on_with_where_it_was(runs_dir: Path) -> None:
    words = (
        *SEARCH,
        "--epochs",
        "4",
        "--train-limit",
        "2000",
        "--trials",
        "3",
        "--jobs",
        "1",
        "--name",
        "s",
        "--json",
    )
    with program.start(*words, warm=False) as searching:
        searching.wait_for('"TrialEpoch"')
        searching.signal(signal.SIGKILL)
    done = program.run("sweep", "--resume", "s", "--jobs", "1", "--json", warm=False)
    events = lines_of(done.stdout)
    assert done.returncode == 0, done.stderr
    began = [(line["run"], line["resumed"]) for line in events if line["event"] == "TrialStarted"]
    assert began == [("s-t000", True), ("s-t001", False), ("s-t002", False)]
    assert events[-1]["statuses"]["finished"] + events[-1]["statuses"]["pruned"] == 3


BAD = {
    "--set lr=": (2, "--set lr=: '' is not a number"),
    "--set lr=0.1 --lr 0.2": (2, "lr is both fixed, with --lr, and varied"),
    "--search lr=log:1e-3:1e-1": (2, "a search goes by validation images, and none are held out"),
    "--search lr=log:1e-3:1e-1 --validation 50 --seeds 2": (
        2,
        "--search goes with neither --set nor --seeds",
    ),
    "--search lr=log:1e-3:1e-1 --validation 50 --on test": (2, "never by the test set"),
    "--on validation": (2, "--on validation goes by validation images, and none are held out"),
    "--set epochs=0,1": (2, "epochs is 0"),
    "--set recipe=nope": (2, "there is no recipe 'nope'"),
    "--name a/b": (4, "'a/b' cannot be a run's name"),
    "--resume nope": (4, "there is no sweep 'nope'"),
    "--seeds 3 list": (2, "`sweep list` starts no sweep, so --seeds cannot be given"),
    "--model nope": (2, "there is no model 'nope'"),
}


@pytest.mark.parametrize("words", BAD)
def test_what_cannot_be_is_said_before_anything_begins(words: str, mnist: Mnist, runs_dir: Path) -> None:
    code, message = BAD[words]
    done = mnist("sweep", *words.split())
    assert (done.code, done.out) == (code, "")
    assert message in done.err
    assert "do: " in done.err
    assert runs.list_runs(runs_dir) == []
    assert folders.list_sweeps(runs_dir) == []


def test_without_optuna_a_search_says_what_to_install(mnist: Mnist, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    monkeypatch.delitem(sys.modules, "mnist_tui.sweep.optuna_source", raising=False)
    done = mnist("sweep", "--validation", "100", "--search", "lr=log:1e-3:1e-1")
    assert (done.code, done.out) == (1, "")
    assert "a search needs Optuna, which is not installed" in done.err
    assert "pip install 'mnist-tui[search]'" in done.err


def test_a_config_file_has_a_say(mnist: Mnist, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('jobs = 3\nname = "a/b"\n')
    done = mnist("--config", file, "sweep")
    assert (done.code, "'a/b' cannot be a run's name" in done.err) == (4, True)


@pytest.mark.slow
def test_in_a_terminal_the_table_stays() -> None:
    screen = program.in_terminal(*GRID, "--name", "live", warm=False)
    assert screen.code == 0
    assert screen.widest <= 80
    assert screen.cursor_is_visible
    assert "Loading torch and the data" in screen.text
    assert "trials done, " in screen.text
    last = screen.text[screen.text.rfind("sweep live ·") :]
    assert last.count("2/2") == 2
    assert "━" not in last
