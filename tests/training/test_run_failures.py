"""What a failure on the way leaves of a run: in its network, on its disk, in its log."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from mnist_tui.events import (
    EpochFinished,
    Event,
    RunFailed,
    RunFinished,
)
from mnist_tui.runs import LogWriter, Run
from mnist_tui.runs.history import RunStatus
from mnist_tui.system import atomic_file
from mnist_tui.training import checkpoint, recorder
from tests.engine_fixtures import (
    Lab,
    at_step,
    differences,
    tiny_config,
    training_state,
)
from tests.small_disks import mount_disk


def failing_net(folder: Path, body: str) -> str:
    """A model file whose forward runs `body` with the number of its training steps in `self.n`."""
    file = folder / "failing.py"
    file.write_text(
        "import torch\nfrom torch import nn\n\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n"
        "        self.fc = nn.Linear(784, 10)\n        self.n = 0\n"
        "    def forward(self, x):\n        self.n += self.training\n"
        f"        y = self.fc(x.flatten(1))\n        {body}\n        return y\n"
    )
    return f"{file}:Net"


def test_a_failure_in_the_model_keeps_the_last_good_checkpoint(lab: Lab, tmp_path: Path) -> None:
    outcome = lab.start(tiny_config(model=failing_net(tmp_path, "if self.n == 10: raise OSError('no such thing')")))
    failed = outcome.event
    assert isinstance(failed, RunFailed)
    said = "the network's own code raised OSError: no such thing (line 12 of failing.py)"
    assert (failed.error, failed.message, failed.exit_code) == ("NetworkCodeError", said, 1)
    assert failed.traceback == ""
    assert outcome.run.history().status is RunStatus.FAILED
    assert training_state(outcome.run)["position"]["epoch"] == 2
    assert not outcome.run.is_locked()


def test_a_failed_run_can_be_resumed_once_its_cause_is_gone(lab: Lab, tmp_path: Path) -> None:
    """The cause here is a file, as a full disk or too little memory would be."""
    obstacle = tmp_path / "obstacle"
    body = f"if self.n > 9 and __import__('os').path.exists({str(obstacle)!r}): raise RuntimeError('in the way')"
    config = tiny_config(model=failing_net(tmp_path, body))
    undisturbed = lab.start(config, name="undisturbed").run
    obstacle.touch()
    failed = lab.start(config, name="failed").run
    assert failed.history().status is RunStatus.FAILED
    obstacle.unlink()
    assert isinstance(lab.resume(failed).event, RunFinished)
    assert differences(training_state(failed), training_state(undisturbed)) == []
    assert failed.history().status is RunStatus.FINISHED


@pytest.mark.parametrize(
    "body",
    ["if self.n == 10: y = y * float('nan')", "if self.n == 10: y = y * float('inf')"],
)
def test_divergence_keeps_the_last_good_checkpoint(lab: Lab, tmp_path: Path, body: str) -> None:
    outcome = lab.start(tiny_config(model=failing_net(tmp_path, body)))
    failed = outcome.event
    assert isinstance(failed, RunFailed)
    assert (failed.error, failed.exit_code) == ("DivergedError", 1)
    assert "diverged" in failed.message
    assert "--lr" in failed.remedy
    state = training_state(outcome.run)
    assert state["position"]["epoch"] == 2
    assert all(tensor.isfinite().all() for tensor in state["model"].values())


def test_weights_that_overflow_are_never_saved(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loss is of the weights before its step, so the last step's damage shows in the weights alone."""
    monkeypatch.setattr(recorder, "CHECKPOINT_SECONDS", 0.0)
    outcome = lab.start(tiny_config(optimizer="sgd", lr=100, weight_decay=10, schedule="constant", epochs=30))
    assert isinstance(outcome.event, RunFailed)
    assert outcome.event.error == "DivergedError"
    state = training_state(outcome.run)
    assert all(tensor.isfinite().all() for tensor in state["model"].values())
    assert list(outcome.run.events())[-1] == outcome.event


def test_an_error_of_the_listener_is_its_own(lab: Lab) -> None:
    """A closed pipe is an OSError too, but no trouble of the run's folder."""

    def broken(event: Event) -> None:
        if isinstance(event, EpochFinished):
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    with pytest.raises(BrokenPipeError):
        lab.start(name="mine", watch=broken)
    run = Run(lab.runs_dir / "mine")
    assert not run.is_locked()
    assert run.history().status is RunStatus.INTERRUPTED
    assert isinstance(lab.resume(run).event, RunFinished)


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), OSError(errno.EIO, "I/O error")])
def test_a_checkpoint_that_cannot_be_written_ends_the_run_with_the_last_one_intact(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    fsync, broken = os.fsync, False

    def failing(handle: int) -> None:
        if broken:
            raise error
        fsync(handle)

    def breaks(event: Event) -> None:
        nonlocal broken
        broken = at_step(9)(event) or broken

    monkeypatch.setattr(os, "fsync", failing)
    outcome = lab.start(watch=breaks)
    failed = outcome.event
    assert isinstance(failed, RunFailed)
    assert failed.exit_code == 1
    assert str(outcome.run.folder) in failed.message
    assert str(error.strerror) in failed.message
    assert f"--resume {outcome.run.name}" in failed.remedy
    assert failed.remedy.startswith("Free some space" if error.errno == errno.ENOSPC else "Check the disk")
    assert training_state(outcome.run)["position"]["epoch"] == 2
    assert not list(outcome.run.folder.glob("*.tmp"))
    broken = False
    assert isinstance(lab.resume(outcome.run).event, RunFinished)


def test_trouble_with_one_file_is_told_with_its_path(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    write = atomic_file.write_bytes

    def full(path: Path, content: bytes) -> None:
        if path.suffix == ".safetensors":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write(path, content)

    monkeypatch.setattr(atomic_file, "write_bytes", full)
    outcome = lab.start()
    assert isinstance(outcome.event, RunFailed)
    assert outcome.event.message == f"{outcome.run.weights_file} cannot be written: No space left on device"
    assert list(outcome.run.events())[-1] == outcome.event


def test_a_log_that_cannot_be_written_is_reported(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    append = LogWriter.append

    def full(self: LogWriter, event: Event, *, durable: bool = False) -> None:
        if lab.events and isinstance(lab.events[-1], EpochFinished):
            raise OSError(errno.ENOSPC, "No space left on device")
        append(self, event, durable=durable)

    monkeypatch.setattr(LogWriter, "append", full)
    outcome = lab.start()
    assert isinstance(outcome.event, RunFailed)
    assert f"{outcome.run.log_file} cannot be written: No space left on device" in outcome.event.message
    assert "nor could the log be written" in outcome.event.message


def test_an_unforeseen_failure_of_the_recording_is_an_event_too(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_args: object) -> None:
        raise ValueError("odd weights")

    monkeypatch.setattr(checkpoint, "save_weights", break_down)
    outcome = lab.start()
    assert isinstance(outcome.event, RunFailed)
    assert outcome.event.message == "odd weights"
    assert "break_down" in outcome.event.traceback


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="mounting needs root")
@pytest.mark.parametrize("room", ["128k", "240k", "300k"])
def test_a_real_disk_that_fills_up(lab: Lab, room: str) -> None:
    with mount_disk(lab.runs_dir, f"size={room}"):
        outcome = lab.start(tiny_config(epochs=400))
        failed = outcome.event
        assert isinstance(failed, RunFailed)
        assert failed.exit_code == 1
        assert str(outcome.run.folder) in failed.message
        assert "No space left on device" in failed.message
        if outcome.run.checkpoint_file.exists():
            checkpoint.load_state(outcome.run.checkpoint_file)
        assert not list(outcome.run.folder.glob(".*.tmp"))
        assert len(list(outcome.run.events())) >= len(outcome.run.log_file.read_bytes().splitlines()) > 3
