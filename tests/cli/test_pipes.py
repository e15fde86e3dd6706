"""Output that cannot be written: a reader that has gone, a full disk."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from mnist_tui import runs
from tests.cli import program


def pipe_to_closed_reader(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The program writes to a pipe whose reader is gone already."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        return write_to(writing, *arguments)
    finally:
        os.close(writing)


def write_to(stdout: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    return program.run(*arguments, streams={"stdout": stdout})


@pytest.mark.parametrize("words", [("inspect-model",), ("runs", "list", "--json")])
def test_a_reader_that_has_gone_is_no_traceback(words: tuple[str, ...]) -> None:
    done = pipe_to_closed_reader(*words)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_run_that_nobody_reads_stops_with_a_checkpoint(runs_dir: Path) -> None:
    done = pipe_to_closed_reader(*program.LONG)
    [run] = runs.list_runs(runs_dir)
    assert done.returncode == 130
    assert "the output cannot be written: Broken pipe" in done.stderr
    assert "Continue with: " in done.stderr
    assert "Traceback" not in done.stderr
    assert run.history().status == "stopped"
    assert run.checkpoint_file.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_under_the_output_is_not_taken_for_the_runs() -> None:
    with Path("/dev/full").open("w") as full:
        done = write_to(full.fileno(), *program.LONG, "--json")
    assert done.returncode == 130
    assert "the output cannot be written: No space left on device" in done.stderr
    assert "Exception ignored" not in done.stderr
