"""Runs from start to end on disk: what is recorded when, what a resume refuses, and what a full disk leaves."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from mnist_tui import runs
from mnist_tui.config import TrainConfig
from mnist_tui.data import datasets
from mnist_tui.data.loader import DeviceData
from mnist_tui.data.types import Dataset
from mnist_tui.errors import ConfigError, Interrupted, ModelError, RunError
from mnist_tui.events import (
    CheckpointSaved,
    DataProgress,
    EpochFinished,
    Event,
    Notice,
    Preparing,
    Progress,
    RunFailed,
    RunFinished,
    RunStarted,
    RunStopped,
)
from mnist_tui.runs import LogWriter, Run
from mnist_tui.runs.history import RunStatus
from mnist_tui.system import atomic_file
from mnist_tui.training import build, checkpoint, evaluate, hardware, recorder, trainer
from mnist_tui.training.backends.eager import EagerBackend
from mnist_tui.training.run_code import find_code
from tests.engine_fixtures import (
    Lab,
    at_step,
    differences,
    names,
    rows,
    tiny_config,
    tiny_dataset,
    training_state,
)
from tests.patience import PATIENCE
from tests.runs.test_runs import held_elsewhere


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    return Lab(tmp_path, monkeypatch)


@pytest.fixture
def stopped(lab: Lab) -> Run:
    """A run stopped after the third step of its second epoch."""
    run = lab.start(name="mine", watch=lab.stop_at(at_step(10))).run
    lab.events.clear()
    return run


def contents(run: Run) -> dict[str, bytes]:
    """Every file of the run's folder but the lock."""
    return {file.name: file.read_bytes() for file in run.folder.rglob("*") if file.is_file() and file.name != ".lock"}


# The order of things


def test_a_whole_run_is_reported_and_logged_in_order(lab: Lab) -> None:
    outcome = lab.start()
    epoch = ["EpochStarted", "EpochFinished", "CheckpointSaved"]
    assert names(lab.events) == ["RunStarted", *epoch, *epoch, "RunFinished"]
    assert list(outcome.run.events()) == lab.events
    assert outcome.event == lab.events[-1]
    assert not outcome.run.is_locked()


def test_a_stop_saves_a_checkpoint_before_the_last_word(lab: Lab) -> None:
    outcome = lab.start(watch=lab.stop_at(at_step(3)))
    assert names(lab.events) == ["RunStarted", "EpochStarted", "CheckpointSaved", "RunStopped"]
    assert isinstance(outcome.event, RunStopped)
    assert training_state(outcome.run)["position"]["step"] == 3


def test_a_pause_saves_a_checkpoint_while_it_lasts(lab: Lab) -> None:
    saved = threading.Event()

    def watch(event: Event) -> None:
        if at_step(3)(event):
            lab.control.pause()
        if isinstance(event, CheckpointSaved):
            saved.set()

    training = threading.Thread(target=lab.start, kwargs={"watch": watch})
    training.start()
    assert saved.wait(PATIENCE)
    assert type(lab.events[-1]) is CheckpointSaved
    assert training.is_alive()
    lab.control.resume()
    training.join(PATIENCE)
    assert not training.is_alive()
    assert names(lab.events)[:5] == [
        "RunStarted",
        "EpochStarted",
        "RunPaused",
        "CheckpointSaved",
        "RunResumed",
    ]
    assert names(lab.events)[-1] == "RunFinished"


def test_checkpoints_are_saved_by_the_clock_in_long_epochs(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "CHECKPOINT_SECONDS", 0.0)
    lab.start(tiny_config(epochs=1))
    saved = [event.step for event in lab.events if isinstance(event, CheckpointSaved)]
    assert saved == [
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        7,
        7,
    ]  # after each step, at the last progress and at the epoch's end


def test_the_start_says_what_is_trained_on_what(lab: Lab) -> None:
    run = lab.start(tiny_config(validation=40)).run
    started = lab.events[0]
    assert isinstance(started, RunStarted)
    assert started.run == run.name
    assert (started.resumed_step, started.resumed_epoch) == (0, 0)
    assert started.config == run.record().config
    assert started.config["threads"] == 1
    assert started.model["parameters"] == 7850
    assert started.data["fingerprint"] == lab.dataset.fingerprint
    assert [started.data[f"{split}_images"] for split in ("train", "validation", "test")] == [160, 40, 60]
    assert started.machine["backend"] == "eager"
    assert started.versions == hardware.versions()


def test_the_log_says_what_was_used_not_what_was_asked_for(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(_name: str, _folder: Path, *, report: Callable[[Event], None]) -> Dataset:
        report(DataProgress(dataset="mnist", stage="fetching", item="x", done=1, total=2, unit="bytes"))
        report(Notice(message="instead", topic="data"))
        return lab.dataset

    monkeypatch.setattr(datasets, "load_dataset", load)
    run = lab.start(tiny_config(dataset="auto", threads=0, device="auto", epochs=1)).run
    config = run.record().config
    assert (config["dataset"], config["threads"]) == ("synthetic", 1)
    assert config["device"] in ("cpu", "cuda", "mps")
    # Progress has no log to be in yet; a notice waits for it.
    assert names(lab.events)[:3] == ["DataProgress", "RunStarted", "Notice"]
    assert names(run.events())[:2] == ["RunStarted", "Notice"]


def test_a_stop_while_getting_the_data_makes_no_run(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(_name: str, _folder: Path, *, report: Callable[[Event], None]) -> Dataset:
        report(DataProgress(dataset="mnist", stage="fetching", item="x", done=1, total=2, unit="bytes"))
        return lab.dataset

    monkeypatch.setattr(datasets, "load_dataset", load)
    lab.control.stop("interrupted")
    with pytest.raises(Interrupted, match="interrupted, while getting the data") as raised:
        lab.start()
    assert raised.value.exit_code == 130
    assert not lab.runs_dir.exists()


@pytest.mark.parametrize(("changes", "error"), [({"model": "nothing"}, ModelError), ({"validation": 200}, ConfigError)])
def test_what_is_wrong_before_the_start_makes_no_run(lab: Lab, changes: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        lab.start(tiny_config(**changes))
    assert not lab.runs_dir.exists()


def test_best_weights_are_those_of_the_best_epoch_with_their_metadata(lab: Lab) -> None:
    outcome = lab.start(tiny_config(epochs=4, lr=0.05))
    weights, metadata = checkpoint.load_weights(outcome.run.weights_file)
    finished = outcome.event
    assert isinstance(finished, RunFinished)
    assert metadata["metrics"] == {
        "epoch": finished.best_epoch,
        "test_accuracy": finished.best_test_accuracy,
        "test_loss": finished.best_test_loss,
    }
    config = outcome.run.record().config
    without = {name: config.pop(name) for name in ("extra_epochs", "threads", "backend", "teacher")}
    assert metadata["config"] == config
    assert dataclasses.replace(TrainConfig.from_dict(config), **without).to_dict() == config | without
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))
    model[1].load_state_dict({name.removeprefix("fc."): tensor for name, tensor in weights.items()})
    test = lab.dataset.test
    score = evaluate.evaluate(partial(evaluate.compute_logits, model), test.images, test.labels, tiny_config())
    assert score.accuracy == finished.best_test_accuracy
    assert score.loss == pytest.approx(finished.best_test_loss)


# Failures on the way


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


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """A file system of a few kilobytes at `folder`."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("cannot mount a file system here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="mounting needs root")
@pytest.mark.parametrize("room", ["128k", "240k", "300k"])
def test_a_real_disk_that_fills_up(lab: Lab, room: str) -> None:
    with small_disk(lab.runs_dir, room):
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


# Refusing to resume


def refused(lab: Lab, run: Run, message: str) -> RunError:
    """The resume is refused with `message`, and not a byte of the run is changed."""
    before = contents(run)
    with pytest.raises(RunError, match=message) as raised:
        lab.resume(run)
    assert raised.value.exit_code == 4
    assert raised.value.remedy
    assert contents(run) == before
    assert lab.events == []
    assert not run.is_locked()
    return raised.value


def change_record(run: Run, part: str, **changes: Any) -> None:
    record = json.loads(run.config_file.read_text())
    record[part] |= changes
    run.config_file.write_text(json.dumps(record))


def test_a_finished_run_is_not_resumed(lab: Lab) -> None:
    run = lab.start(name="mine").run
    lab.events.clear()
    refused(lab, run, "run mine is finished: nothing is left to resume")


@pytest.mark.usefixtures("impatient")
def test_a_run_of_a_live_process_is_not_resumed(lab: Lab, stopped: Run) -> None:
    before = contents(stopped)
    with held_elsewhere(stopped), pytest.raises(RunError, match="in use by another process") as raised:
        lab.resume(stopped)
    assert raised.value.exit_code == 4
    assert contents(stopped) == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"color": "red"}, "another version of this program: there is no setting 'color'"),
        ({"epochs": 0}, "another version of this program: epochs is 0"),
        ({"lr": None}, "another version of this program: lr is None"),
    ],
)
def test_a_config_of_another_version_is_not_resumed(
    lab: Lab, stopped: Run, changes: dict[str, Any], message: str
) -> None:
    change_record(stopped, "config", **changes)
    refused(lab, stopped, message)


def test_a_model_file_that_has_changed_is_not_resumed_where_the_run_has_no_copy(lab: Lab) -> None:
    spec = lab.small_net()
    run = lab.start(tiny_config(model=spec), name="mine", watch=lab.stop_at(at_step(3))).run
    record = run.record().to_dict()
    del record["model"]["source"]  # as before there were copies
    run.config_file.write_text(json.dumps(record))
    find_code(run).trust()
    lab.events.clear()
    file = Path(spec.rpartition(":")[0])
    source = file.read_text()
    file.write_text(source.replace("0.3", "0.4"))
    refused(lab, run, "is not the code that run mine was trained with")
    file.write_text(source)
    assert isinstance(lab.resume(run).event, RunFinished)


def test_other_data_is_not_trained_on(lab: Lab, stopped: Run) -> None:
    lab.dataset = tiny_dataset(seed=1)
    refused(lab, stopped, "the dataset synthetic is not the one that run mine began with")


def test_a_run_without_its_config_is_not_resumed(lab: Lab, stopped: Run) -> None:
    stopped.config_file.unlink()
    refused(lab, stopped, r"config\.json cannot be read")


@pytest.mark.parametrize("text", ["", "garbage", "[]", '{"config": 3}', '{"config": {}, "model": 3}'])
def test_a_damaged_config_is_not_resumed(lab: Lab, stopped: Run, text: str) -> None:
    stopped.config_file.write_text(text)
    refused(lab, stopped, r"config\.json")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_checkpoint_is_not_resumed(lab: Lab, stopped: Run, share: float) -> None:
    content = stopped.checkpoint_file.read_bytes()
    stopped.checkpoint_file.write_bytes(content[: int(share * len(content))])
    refused(lab, stopped, r"last\.ckpt is not a readable checkpoint")


def test_a_malicious_checkpoint_is_not_resumed_and_runs_no_code(lab: Lab, stopped: Run, tmp_path: Path) -> None:
    class Malicious:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(tmp_path / "canary"),)

    torch.save({"format": checkpoint.FORMAT, "model": Malicious()}, stopped.checkpoint_file)
    refused(lab, stopped, "not a readable checkpoint")
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("part", ["model", "optimizer", "position", "random", "meter"])
@pytest.mark.parametrize("damage", ["missing", "empty", "odd"])
def test_a_checkpoint_that_does_not_fit_is_not_resumed(lab: Lab, stopped: Run, part: str, damage: str) -> None:
    state = checkpoint.load_state(stopped.checkpoint_file)
    if damage == "missing":
        del state[part]
    else:
        state[part] = {} if damage == "empty" else 3
    checkpoint.save_state(stopped.checkpoint_file, state)
    refused(lab, stopped, r"last\.ckpt does not fit this run")


def test_another_models_checkpoint_is_not_resumed(lab: Lab, stopped: Run) -> None:
    other = lab.start(tiny_config(model=lab.small_net(), epochs=1), name="other").run
    lab.events.clear()
    lab.control.stop()
    stopped.checkpoint_file.write_bytes(other.checkpoint_file.read_bytes())
    refused(lab, stopped, r"config\.json and last\.ckpt do not match: model is linear in one and")


def test_a_checkpoint_of_another_shape_is_not_resumed(lab: Lab, stopped: Run) -> None:
    state = checkpoint.load_state(stopped.checkpoint_file)
    state["model"].popitem()
    checkpoint.save_state(stopped.checkpoint_file, state)
    refused(lab, stopped, r"last\.ckpt does not fit this run")


def test_other_versions_are_a_notice(lab: Lab, stopped: Run) -> None:
    change_record(stopped, "versions", torch="1.0")
    assert isinstance(lab.resume(stopped).event, RunFinished)
    notices = [event for event in lab.events if isinstance(event, Notice)]
    assert [notice.topic for notice in notices] == ["machine"]
    assert "other versions" in notices[0].message


def noticed(lab: Lab) -> list[tuple[str, str]]:
    return [(event.topic, event.message) for event in lab.events if isinstance(event, Notice)]


def test_a_run_is_resumed_with_other_threads(lab: Lab, stopped: Run) -> None:
    assert isinstance(lab.resume(stopped, threads=2).event, RunFinished)
    but = "the weights may differ in the last bits"
    assert noticed(lab) == [("machine", f"trained with --threads 1 so far, with 2 from here on: {but}")]
    started = lab.events[0]
    assert isinstance(started, RunStarted)
    assert (started.config["threads"], started.machine["threads"]) == (2, 2)
    assert torch.get_num_threads() == 2
    record = stopped.record()
    assert (record.config["threads"], record.machine.threads) == (2, 2)


def test_a_resume_that_cannot_write_its_config_says_so(
    lab: Lab, stopped: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(path: Path, _content: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(atomic_file, "write_text", full)
    with pytest.raises(RunError, match=f"{stopped.config_file} cannot be written: No space left") as raised:
        lab.resume(stopped, threads=2)
    assert raised.value.remedy == f"Free some space, then: {runs.resume_command(stopped.folder, tmp_path)}"


def test_a_run_resumed_as_it_was_keeps_its_config(lab: Lab, stopped: Run) -> None:
    before = stopped.config_file.read_bytes()
    lab.resume(stopped, threads=1, backend="eager")
    assert noticed(lab) == []
    assert stopped.config_file.read_bytes() == before


def test_a_backend_that_is_gone_is_replaced_with_notices(lab: Lab, stopped: Run) -> None:
    change_record(stopped, "machine", backend="quantum")
    assert isinstance(lab.resume(stopped).event, RunFinished)
    (reason, fallback), (consequence, other) = noticed(lab)
    assert reason == consequence == "backend"
    assert fallback.startswith("eager instead of quantum: ")
    assert other == "trained by quantum so far, by eager from here on: the weights may differ in the last bits"
    assert stopped.record().machine.backend == stopped.record().config["backend"] == "eager"
    assert [event for event in stopped.events() if isinstance(event, Notice)] == lab.events[1:3]


def test_a_backend_asked_for_in_a_resume_is_taken_with_a_notice(lab: Lab, stopped: Run) -> None:
    change_record(stopped, "machine", backend="quantum")
    assert isinstance(lab.resume(stopped, backend="eager").event, RunFinished)
    [(topic, message)] = noticed(lab)
    assert topic == "backend"
    assert message.startswith("trained by quantum so far, by eager from here on")


def test_a_backend_that_is_not_available_is_not_resumed_with(lab: Lab, stopped: Run) -> None:
    before = contents(stopped)
    with pytest.raises(ConfigError, match="--backend graph cannot be used"):
        lab.resume(stopped, backend="graph")
    assert contents(stopped) == before
    assert lab.events == []


def test_what_a_backend_does_first_is_reported_but_not_logged(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def compiling(config: Any, train_state: Any, *_args: Any, report: Any, **_options: Any) -> EagerBackend:
        report(Preparing(what="compiling the step"))
        report(Notice(message="eager instead of native: no compiler", topic="backend"))
        return EagerBackend(config, train_state)

    monkeypatch.setattr(build, "choose_backend", compiling)
    run = lab.start(tiny_config(epochs=1)).run
    assert names(lab.events)[:3] == ["Preparing", "RunStarted", "Notice"]
    assert names(run.events())[:2] == ["RunStarted", "Notice"]


def test_a_resume_says_where_it_goes_on(lab: Lab, stopped: Run) -> None:
    lab.resume(stopped)
    started = lab.events[0]
    assert isinstance(started, RunStarted)
    assert (started.resumed_step, started.resumed_epoch) == (10, 1)
    first = next(event for event in lab.events if isinstance(event, Progress))
    assert (first.epoch, first.step) == (2, 4)


def test_a_resumed_runs_history_is_that_of_an_undisturbed_one(lab: Lab, stopped: Run) -> None:
    lab.resume(stopped)
    undisturbed = lab.start(name="undisturbed").run
    assert rows(stopped) == rows(undisturbed)
    assert stopped.history().batch_losses == undisturbed.history().batch_losses


class KilledError(Exception):
    """The process is gone."""


def test_a_pause_before_a_kill_loses_no_batch_loss(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pause writes a checkpoint, here long before the next Progress is due."""
    monkeypatch.setattr(trainer, "PROGRESS_SECONDS", 1000.0)
    batches = DeviceData.iterate_batches

    def pausing(data: DeviceData, *asked: Any) -> Iterator[tuple[Tensor, Tensor]]:
        for number, batch in enumerate(batches(data, *asked)):
            if number == 4:
                lab.control.pause()
            yield batch

    def killed(event: Event) -> None:
        if isinstance(event, CheckpointSaved):
            raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(DeviceData, "iterate_batches", pausing)
        with pytest.raises(KilledError):
            lab.start(name="mine", watch=killed)
    run = Run(lab.runs_dir / "mine")
    assert training_state(run)["position"]["step"] == 4
    lab.resume(run)
    assert run.history().batch_losses == lab.start(name="undisturbed").run.history().batch_losses


def test_outcomes_carry_plain_values(lab: Lab) -> None:
    lab.start()
    for event in lab.events:
        json.dumps(dataclasses.asdict(event), allow_nan=False)


def test_a_batch_larger_than_the_set_takes_the_room_of_the_set(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    def noting(config: Any, train_state: Any, *_args: Any, **_options: Any) -> EagerBackend:
        sizes.append(config.batch_size)
        return EagerBackend(config, train_state)

    monkeypatch.setattr(build, "choose_backend", noting)
    run = lab.start(tiny_config(batch_size=1_000_000)).run
    assert sizes == [len(lab.dataset.train.images)]
    assert run.record().config["batch_size"] == 1_000_000


def test_a_network_with_nothing_to_train_is_refused(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "nothing.py"
    file.write_text(
        "from torch import nn\n\n\nclass Net(nn.Module):\n"
        "    def forward(self, images):\n        return images.flatten(1)[:, :10]\n"
    )
    with pytest.raises(ModelError, match="has no parameter to train"):
        lab.start(tiny_config(model=f"{file}:Net"))
    assert not lab.runs_dir.exists()
