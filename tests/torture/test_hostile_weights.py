"""Checkpoints and weights from anywhere: read, or refused with a message; no code runs, no memory leaks."""

from __future__ import annotations

import json
import os
import pickle
import resource
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch

from mnist_tui.errors import MnistTuiError, RunError
from mnist_tui.events import RunFailed, RunFinished
from mnist_tui.inference.network import load_trained
from mnist_tui.runs import Run
from mnist_tui.training import checkpoint
from tests import trained_runs
from tests.engine_fixtures import Lab, at_step, differences, tiny_config, training_state
from tests.torture.hostile_states import strange
from tests.torture.mutations import damaged

Report = Callable[[str], None]

SECONDS, MEGABYTES = 5.0, 300
"""What one file may cost at most, and all of them together."""


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


class Tally:
    """How many files were read, and how many were refused with a message; anything else fails the test."""

    def __init__(self) -> None:
        self.read = self.refused = 0
        self.slowest = 0.0
        self._before = _peak()

    def try_out(self, use: Callable[[], Any], what: str) -> Any:
        started_at = time.thread_time()
        result = None
        try:
            result = use()
            self.read += 1
        except MnistTuiError as error:
            assert str(error).strip(), what
            assert error.remedy, what
            self.refused += 1
        except Exception as error:
            raise AssertionError(what) from error
        self.slowest = max(self.slowest, time.thread_time() - started_at)
        assert self.slowest < SECONDS, what
        return result

    def __str__(self) -> str:
        grown = _peak() - self._before
        assert grown < MEGABYTES
        both = self.read + self.refused
        return (
            f"{both:,} files: {self.refused:,} refused in words, {self.read:,} read; "
            f"the slowest {self.slowest:.2f} s, peak memory {grown} MB more"
        )


def _end_of(lab: Lab, run: Run) -> dict[str, Any]:
    assert isinstance(lab.resume(run).event, RunFinished)
    return training_state(run)


@pytest.fixture
def stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Lab, Run]:
    """A run that was stopped in its second epoch, and the lab to resume it in."""
    lab = Lab(tmp_path, monkeypatch)
    outcome = lab.start(tiny_config(ema=0.9), watch=lab.stop_at(at_step(9)))
    return lab, outcome.run


def test_a_damaged_checkpoint_is_refused_or_resumed_to_the_same_end(stopped: tuple[Lab, Run], report: Report) -> None:
    lab, run = stopped
    whole, log = run.checkpoint_file.read_bytes(), run.log_file.read_bytes()
    tally = Tally()
    expected = _end_of(lab, run)
    for number, content in enumerate(damaged(whole, 2000, seed=1)):
        run.checkpoint_file.write_bytes(content)
        run.log_file.write_bytes(log)
        outcome = tally.try_out(lambda: lab.resume(run), f"damage {number}")
        if outcome is not None:
            assert isinstance(outcome.event, RunFinished)
            assert not differences(training_state(run), expected), f"damage {number}"
    report(f"{tally}, and resumed to the very weights of the undamaged one")
    assert tally.refused > 100


def test_a_checkpoint_of_strange_things_is_refused_or_resumed_to_an_end(
    stopped: tuple[Lab, Run], report: Report
) -> None:
    lab, run = stopped
    whole, log = checkpoint.load_state(run.checkpoint_file), run.log_file.read_bytes()
    tally, failed = Tally(), 0
    for number in range(600):
        state = strange(whole, Random(number))
        checkpoint.save_state(run.checkpoint_file, state)
        run.log_file.write_bytes(log)
        outcome = tally.try_out(lambda: lab.resume(run), f"state {number}")
        if outcome is not None and isinstance(outcome.event, RunFailed):
            assert not outcome.event.traceback, f"state {number}: {outcome.event.traceback}"
            failed += 1
    report(f"{tally}; {failed} of these diverged and reported it")
    assert tally.refused > 200


def test_a_checkpoint_cut_off_at_any_byte_is_refused(stopped: tuple[Lab, Run], report: Report) -> None:
    _, run = stopped
    whole = run.checkpoint_file.read_bytes()
    tally = Tally()
    for size in [*range(0, len(whole), 97), *range(len(whole) - 600, len(whole))]:
        run.checkpoint_file.write_bytes(whole[:size])
        tally.try_out(lambda: checkpoint.load_state(run.checkpoint_file), f"{size} bytes")
    report(str(tally))
    assert tally.read == 0


def _with_header(header: object, body: bytes = bytes(16)) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def _lying_weights() -> Iterator[bytes]:
    entry = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}
    for length in (0, 1, 2**20, 2**31, 2**32, 2**62, 2**63, 2**64 - 1):
        yield struct.pack("<Q", length) + b"{}"
    for field, values in {
        "dtype": ("F64", "I8", "F8_E4M3", "BF16", "BOOL", "C64", "F4", "nonsense", 3, None),
        "shape": ([2**62, 2**62], [-4], [4, 0], [], [2**63], ["4"], [0.5], None),
        "data_offsets": ([0, 2**62], [16, 0], [-1, 3], [0], [8, 24], [0, 15], "x"),
    }.items():
        for value in values:
            yield _with_header({"a": entry | {field: value}})
    for text in ("[" * 100_000, "9" * 10_000, "NaN", "", "null", "{}", '"', '{"epoch": 1e999}', "\ud800"):
        yield _with_header({"__metadata__": {"config": text, "metrics": text}, "a": entry})
    yield _with_header({"__metadata__": {f"{number}": "1" for number in range(200_000)}})
    yield _with_header(b"{" * 100_000)
    yield _with_header(b'{"a":' * 50_000)
    yield _with_header({str(number): entry for number in range(1000)})


def test_weights_of_lies_are_refused_or_harmless(tmp_path: Path, report: Report) -> None:
    run = trained_runs.write(tmp_path)
    whole = run.weights_file.read_bytes()
    header = 8 + int.from_bytes(whole[:8], "little")
    tally = Tally()
    cut = [whole[:size] for size in range(header + 9)]
    flipped = [
        whole[:byte] + bytes([whole[byte] ^ 1 << bit]) + whole[byte + 1 :]
        for byte in range(header)
        for bit in range(0, 8, 3)
    ]
    for number, content in enumerate([*cut, *flipped, *_lying_weights(), *damaged(whole, 1000, seed=2)]):
        run.weights_file.write_bytes(content)
        tally.try_out(lambda: load_trained(run), f"weights {number}")
    report(str(tally))
    assert tally.refused > len(cut)


class Canary:
    """Would make a folder when unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


def test_no_file_of_a_run_runs_code(stopped: tuple[Lab, Run], tmp_path: Path, report: Report) -> None:
    lab, run = stopped
    canary = tmp_path / "canary"
    state = checkpoint.load_state(run.checkpoint_file)
    plain = pickle.dumps(Canary(canary))
    pickle.loads(plain)
    canary.rmdir()  # it does sing
    sources = []
    for key in (*state, "format"):
        torch.save({**state, "format": checkpoint.FORMAT, key: Canary(canary)}, tmp_path / "evil")
        sources.append((tmp_path / "evil").read_bytes())
        torch.save({**state, key: Canary(canary)}, tmp_path / "evil", _use_new_zipfile_serialization=False)
        sources.append((tmp_path / "evil").read_bytes())
    log = run.log_file.read_bytes()
    for content in [plain, *sources]:
        for file in (run.checkpoint_file, run.weights_file, run.teacher_file):
            file.write_bytes(content)
        run.log_file.write_bytes(log)
        uses: tuple[Callable[[], Any], ...] = (
            lambda: lab.resume(run),
            lambda: load_trained(run, "last"),
            lambda: load_trained(run, "best"),
            lambda: lab.start(tiny_config(teacher=run.name)),
        )
        for use in uses:
            with pytest.raises(RunError):
                use()
            assert not canary.exists()
    report(f"{1 + len(sources)} pickles in 3 files and 4 uses of each: the canary stayed silent")
