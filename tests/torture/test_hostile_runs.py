"""Runs folders from anywhere: logs, records and names. Every command ends with an answer or a message."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnist_tui import runs
from mnist_tui.errors import RunError
from mnist_tui.runs import Run, RunRecord
from tests import sample_runs
from tests.torture.in_process import Ended, mnist
from tests.torture.mutations import damage

Report = Callable[[str], None]

COMMANDS: tuple[tuple[str, ...], ...] = (
    ("runs", "list"),
    ("runs", "list", "--json", "--sort", "best"),
    ("runs", "show", "odd"),
    ("runs", "show", "odd", "--json"),
    ("runs", "compare", "odd", "sound"),
    ("runs", "compare", "odd", "sound", "--json"),
    ("runs", "export", "odd"),
    ("runs", "export", "odd", "--format", "json"),
    ("runs", "export", "odd", "--format", "markdown"),
    ("watch", "odd", "--once"),
    ("inspect-model", "--run", "odd"),
    ("eval", "odd"),
    ("predict", "odd", "nothing.png"),
    ("train", "--resume", "odd"),
)
SECONDS = 5.0


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The run to damage, beside a sound one, in the runs folder of the commands."""
    for name in ("DATA", "RUNS", "CACHE", "STATE"):
        monkeypatch.setenv(f"MNIST_TUI_{name}_DIR", str(tmp_path / name.lower()))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")
    sample_runs.write_finished(tmp_path / "runs", "sound", 0.9, 0.95)
    return sample_runs.write_finished(tmp_path / "runs", "odd", 0.90, 0.98, 0.97)


def check(ended: Ended, what: str) -> None:
    """No traceback, no control code of the file on the screen, and a message on stderr for every failure."""
    assert "Traceback" not in ended.out + ended.err, what
    assert "\x1b" not in ended.out + ended.err, what
    assert (ended.code == 0) or "error: " in ended.err, what
    assert ended.code in (0, 1, 2, 3, 4), what


def try_commands(what: str) -> dict[int, int]:
    """Run every command; returns how often each exit code occurred."""
    codes: dict[int, int] = {}
    for words in COMMANDS:
        started_at = time.thread_time()
        try:
            ended = mnist(*words)
        except Exception as error:
            raise AssertionError(f"{' '.join(words)}: {what}") from error
        check(ended, f"{' '.join(words)}: {what}: {ended}")
        assert time.thread_time() - started_at < SECONDS
        codes[ended.code] = codes.get(ended.code, 0) + 1
    return codes


def test_no_log_and_no_record_breaks_a_command(odd: Run, report: Report) -> None:
    log, record = odd.log_file.read_text(), odd.config_file.read_text()
    totals: dict[int, int] = {}
    count = 60
    for number in range(count):
        odd.log_file.write_text(log)
        odd.config_file.write_text(record)
        damage(odd, number)
        for code, times in try_commands(f"damage {number}").items():
            totals[code] = totals.get(code, 0) + times
    report(f"{count} damaged runs, {len(COMMANDS)} commands on each; exit codes {totals}")
    assert totals[0] > count
    assert totals[4] > count


@settings(max_examples=500, deadline=None)
@given(name=st.text(min_size=1) | st.from_regex(r"[./~\\\[\]\x1b\w-]{1,300}", fullmatch=True))
def test_a_name_is_a_folder_in_the_runs_folder_or_none(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside", numbered=True)
    folder = outside / "runs"
    try:
        run = runs.create(folder, RunRecord.from_dict(sample_runs.record()), name=name)
    except RunError as error:
        assert "\x1b" not in str(error)
        assert list(outside.iterdir()) == []
    else:
        assert list(folder.iterdir()) == [run.folder]
        assert list(outside.iterdir()) == [folder]
        assert runs.find(folder, name) == run


@settings(max_examples=500, deadline=None)
@given(query=st.text() | st.from_regex(r"[./~\\\[\]\x1b\w-]{1,300}", fullmatch=True))
def test_a_query_finds_a_run_or_says_so(query: str) -> None:
    try:
        runs.find(Path(__file__).parent, query)
    except RunError as error:
        assert "\x1b" not in str(error)
    else:
        raise AssertionError("there are no runs here")
