"""What a resume refuses, what it reports, and that it goes on where the run stopped."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from mnist_tui import runs
from mnist_tui.data.loader import DeviceData
from mnist_tui.errors import ConfigError, RunError
from mnist_tui.events import (
    CheckpointSaved,
    Event,
    Notice,
    Preparing,
    Progress,
    RunFinished,
    RunStarted,
)
from mnist_tui.runs import Run
from mnist_tui.system import atomic_file
from mnist_tui.training import build, checkpoint, trainer
from mnist_tui.training.backends.eager import EagerBackend
from mnist_tui.training.run_code import find_code
from tests.engine_fixtures import (
    Lab,
    at_step,
    names,
    rows,
    tiny_config,
    tiny_dataset,
    training_state,
)
from tests.runs.samples import hold_elsewhere


def contents(run: Run) -> dict[str, bytes]:
    """Every file of the run's folder but the lock."""
    return {file.name: file.read_bytes() for file in run.folder.rglob("*") if file.is_file() and file.name != ".lock"}


def assert_refused(lab: Lab, run: Run, message: str) -> RunError:
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
    assert_refused(lab, run, "run mine is finished: nothing is left to resume")


@pytest.mark.usefixtures("impatient")
def test_a_run_of_a_live_process_is_not_resumed(lab: Lab, stopped: Run) -> None:
    before = contents(stopped)
    with hold_elsewhere(stopped), pytest.raises(RunError, match="in use by another process") as raised:
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
    assert_refused(lab, stopped, message)


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
    assert_refused(lab, run, "is not the code that run mine was trained with")
    file.write_text(source)
    assert isinstance(lab.resume(run).event, RunFinished)


def test_other_data_is_not_trained_on(lab: Lab, stopped: Run) -> None:
    lab.dataset = tiny_dataset(seed=1)
    assert_refused(lab, stopped, "the dataset synthetic is not the one that run mine began with")


def test_a_run_without_its_config_is_not_resumed(lab: Lab, stopped: Run) -> None:
    stopped.config_file.unlink()
    assert_refused(lab, stopped, r"config\.json cannot be read")


@pytest.mark.parametrize("text", ["", "garbage", "[]", '{"config": 3}', '{"config": {}, "model": 3}'])
def test_a_damaged_config_is_not_resumed(lab: Lab, stopped: Run, text: str) -> None:
    stopped.config_file.write_text(text)
    assert_refused(lab, stopped, r"config\.json")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_checkpoint_is_not_resumed(lab: Lab, stopped: Run, share: float) -> None:
    content = stopped.checkpoint_file.read_bytes()
    stopped.checkpoint_file.write_bytes(content[: int(share * len(content))])
    assert_refused(lab, stopped, r"last\.ckpt is not a readable checkpoint")


def test_a_malicious_checkpoint_is_not_resumed_and_runs_no_code(lab: Lab, stopped: Run, tmp_path: Path) -> None:
    class Malicious:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(tmp_path / "canary"),)

    torch.save({"format": checkpoint.FORMAT, "model": Malicious()}, stopped.checkpoint_file)
    assert_refused(lab, stopped, "not a readable checkpoint")
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
    assert_refused(lab, stopped, r"last\.ckpt does not fit this run")


def test_another_models_checkpoint_is_not_resumed(lab: Lab, stopped: Run) -> None:
    other = lab.start(tiny_config(model=lab.small_net(), epochs=1), name="other").run
    lab.events.clear()
    lab.control.stop()
    stopped.checkpoint_file.write_bytes(other.checkpoint_file.read_bytes())
    assert_refused(lab, stopped, r"config\.json and last\.ckpt do not match: model is linear in one and")


def test_a_checkpoint_of_another_shape_is_not_resumed(lab: Lab, stopped: Run) -> None:
    state = checkpoint.load_state(stopped.checkpoint_file)
    state["model"].popitem()
    checkpoint.save_state(stopped.checkpoint_file, state)
    assert_refused(lab, stopped, r"last\.ckpt does not fit this run")


def test_other_versions_are_a_notice(lab: Lab, stopped: Run) -> None:
    change_record(stopped, "versions", torch="1.0")
    assert isinstance(lab.resume(stopped).event, RunFinished)
    notices = [event for event in lab.events if isinstance(event, Notice)]
    assert [notice.topic for notice in notices] == ["machine"]
    assert "other versions" in notices[0].message


def read_notices(lab: Lab) -> list[tuple[str, str]]:
    return [(event.topic, event.message) for event in lab.events if isinstance(event, Notice)]


def test_a_run_is_resumed_with_other_threads(lab: Lab, stopped: Run) -> None:
    assert isinstance(lab.resume(stopped, threads=2).event, RunFinished)
    but = "the weights may differ in the last bits"
    assert read_notices(lab) == [("machine", f"trained with --threads 1 so far, with 2 from here on: {but}")]
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
    assert read_notices(lab) == []
    assert stopped.config_file.read_bytes() == before


def test_a_backend_that_is_gone_is_replaced_with_notices(lab: Lab, stopped: Run) -> None:
    change_record(stopped, "machine", backend="quantum")
    assert isinstance(lab.resume(stopped).event, RunFinished)
    (reason, fallback), (consequence, other) = read_notices(lab)
    assert reason == consequence == "backend"
    assert fallback.startswith("Using the slower eager backend instead of quantum: ")
    assert other == "trained by quantum so far, by eager from here on: the weights may differ in the last bits"
    assert stopped.record().machine.backend == stopped.record().config["backend"] == "eager"
    assert [event for event in stopped.events() if isinstance(event, Notice)] == lab.events[1:3]


def test_a_backend_asked_for_in_a_resume_is_taken_with_a_notice(lab: Lab, stopped: Run) -> None:
    change_record(stopped, "machine", backend="quantum")
    assert isinstance(lab.resume(stopped, backend="eager").event, RunFinished)
    [(topic, message)] = read_notices(lab)
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
