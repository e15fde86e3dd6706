"""Untrusted runs folders, and places where nothing can be written, with whole processes and commands."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shlex
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests import odd_files, sample_runs, trained_runs
from tests.cli import program
from tests.cli.conftest import Mnist
from tests.sample_runs import epoch


@pytest.mark.parametrize("kind", ["pipe", "link to a device"])
def test_an_odd_log_keeps_nothing_else_from_working(runs_dir: Path, kind: str) -> None:
    """As processes, since a read that waits or never ends would hold up this one."""
    run = sample_runs.write_finished(runs_dir, "odd", 0.9)
    sample_runs.write_finished(runs_dir, "sound", 0.9)
    odd_files.put(kind, run.log_file)
    listed = program.run("runs", "list", COLUMNS="80")
    assert listed.returncode == 0
    statuses = [line.split()[:2] for line in listed.stdout.splitlines()]
    assert ["sound", "finished"] in statuses
    assert ["odd", "unreadable"] in statuses
    assert f"odd: {run.log_file} cannot be read: it is a " in listed.stderr
    for words in (
        ("watch", "odd", "--once"),
        ("train", "--headless", "--resume", "odd"),
        ("runs", "show", "odd"),
    ):
        refused = program.run(*words)
        assert refused.returncode == 4, words
        assert f"{run.log_file} cannot be " in refused.stderr
        assert "do: " in refused.stderr


def test_the_reason_is_in_the_json_too(mnist: Mnist, runs_dir: Path) -> None:
    run = sample_runs.write_finished(runs_dir, "odd", 0.9)
    odd_files.put("pipe", run.config_file)
    (listed,) = json.loads(mnist("runs", "list", "--json").out)
    assert listed["status"] == "unreadable"
    assert listed["reason"] == f"{run.config_file} cannot be read: it is a named pipe, not a regular file"


def test_an_odd_checkpoint_is_not_waited_for(runs_dir: Path) -> None:
    run = sample_runs.write(runs_dir, "odd", epoch(1))
    odd_files.put("pipe", run.checkpoint_file)
    refused = program.run("train", "--headless", "--resume", "odd")
    assert refused.returncode == 4
    assert "last.ckpt cannot be read: it is a named pipe" in refused.stderr


def test_odd_weights_are_named(mnist: Mnist, runs_dir: Path) -> None:
    run = trained_runs.write(runs_dir)
    for file, words in ((run.weights_file, ()), (run.checkpoint_file, ("--weights", "last"))):
        odd_files.put("pipe", file)
        refused = mnist("predict", "reader", "nothing.png", *words)
        assert refused.code == 4
        assert f"{file.name} " in refused.err
        assert "it is a named pipe, not a regular file" in refused.err


def test_remedies_say_where_the_runs_are(mnist: Mnist, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for words in (("runs", "show", "x"), ("sweep", "show", "x")):
        refused = mnist(*words, "--runs-dir", other)
        assert refused.err.endswith(f"do: See `mnist-tui {words[0]} list --runs-dir {other}`.\n")
    assert f"mnist-tui train --runs-dir {other}\n" in mnist("runs", "list", "--runs-dir", other).err


def test_show_says_how_to_resume_from_anywhere(mnist: Mnist, tmp_path: Path) -> None:
    sample_runs.write(tmp_path / "other", "mine", epoch(1))
    shown = mnist("runs", "show", "mine", "--runs-dir", tmp_path / "other").out
    words = shlex.split(" ".join(shown.partition("resume with")[2].split("started")[0].split()))
    assert words[:4] == ["mnist-tui", "train", "--resume", "mine"]
    assert words[4] == "--runs-dir"


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("nowhere/x", os.strerror(errno.ENOENT)),
        ("file/x", os.strerror(errno.ENOTDIR)),
        ("", os.strerror(errno.EISDIR)),
    ],
)
def test_an_export_to_where_nothing_can_be_is_refused_before_anything_is_evaluated(
    mnist: Mnist, runs_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, why: str
) -> None:
    from mnist_tui.data import datasets

    def evaluated(*_args: object, **_options: object) -> None:
        raise AssertionError

    monkeypatch.setattr(datasets, "load_test_set", evaluated)
    (tmp_path / "file").touch()
    trained_runs.write(runs_dir)
    refused = mnist("export", "reader", "--format", "safetensors", "-o", tmp_path / place)
    assert (refused.code, refused.out) == (1, "")
    assert f"{tmp_path / place} cannot be written: {why}" in refused.err


@pytest.mark.skipif(not Path("/proc").exists(), reason="elsewhere a folder in use may not be deletable")
@pytest.mark.parametrize("words", ["runs list", "eval latest", "dashboard"])
def test_a_working_folder_that_was_deleted_is_said(words: str) -> None:
    gone = Path(tempfile.mkdtemp())
    command = f"rmdir {shlex.quote(str(gone))} && exec {shlex.join(program.command(*words.split()))}"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=gone,
        env=program.environment(),
        capture_output=True,
        text=True,
        timeout=program.PATIENCE,
        check=False,
    )
    assert done.returncode == 1, done
    assert done.stderr == "error: the working folder has been deleted\n   do: Change to another folder: cd\n"


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EIO])
def test_a_sweep_where_there_are_no_locks_is_refused_in_words(
    mnist: Mnist, trial_server: None, runs_dir: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def broken(_descriptor: int, _kind: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", broken)
    tiny = ("--dataset", "synthetic", "--model", "linear", "--backend", "eager", "--train-limit", "200")
    refused = mnist("sweep", *tiny, "--epochs", "1", "--set", "lr=0.1,0.2", "--name", "locked")
    assert refused.code == 4, refused.err
    assert f"no sweep can be written in {runs_dir / 'sweeps' / 'locked'}: " in refused.err
    assert "Traceback" not in refused.err
    assert not (runs_dir / "sweeps" / "locked").exists()


def test_a_sweep_folder_with_user_files_in_it_is_left_when_there_is_no_plan(
    mnist: Mnist, trial_server: None, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = runs_dir / "sweeps" / "mine"
    home.mkdir(parents=True)
    (home / "notes.txt").write_text("mine")
    monkeypatch.setattr(fcntl, "flock", lambda *_: (_ for _ in ()).throw(OSError(errno.EIO, "broken")))
    tiny = ("--dataset", "synthetic", "--model", "linear", "--backend", "eager", "--train-limit", "200")
    assert mnist("sweep", *tiny, "--epochs", "1", "--set", "lr=0.1,0.2", "--name", "mine").code == 4
    assert [path.name for path in home.iterdir()] == ["notes.txt"]


def test_an_odd_plan_is_no_sweep(mnist: Mnist, runs_dir: Path) -> None:
    home = runs_dir / "sweeps" / "odd"
    home.mkdir(parents=True)
    odd_files.put("pipe", home / "plan.json")
    assert mnist("sweep", "list").code == 0
    assert "there is no sweep 'odd'" in mnist("sweep", "show", "odd").err


def test_a_giant_plan_is_refused_in_words(mnist: Mnist, runs_dir: Path) -> None:
    home = runs_dir / "sweeps" / "odd"
    home.mkdir(parents=True)
    odd_files.put("hole", home / "plan.json")
    refused = mnist("sweep", "show", "odd")
    assert refused.code == 4
    assert "plan.json cannot be read: it is larger than" in refused.err
