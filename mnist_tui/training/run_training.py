"""Starting and resuming a run: its data, its folder, its trainer, and recording it to its end."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import torch

from mnist_tui import models, runs
from mnist_tui.config import BackendName, TrainConfig
from mnist_tui.data import datasets
from mnist_tui.data.types import Dataset
from mnist_tui.errors import Interrupted, RunError
from mnist_tui.events import DataProgress, Event, Notice, Preparing, Report, RunStarted, utc_now
from mnist_tui.inspection import inspect_model
from mnist_tui.models.preparation import choose_memory_format
from mnist_tui.runs import Run, RunRecord, folder_layout, integrity
from mnist_tui.system import atomic_file
from mnist_tui.system.cpu import usable_cores
from mnist_tui.training import checkpoint, hardware, resume_checks
from mnist_tui.training.build import build_trainer
from mnist_tui.training.control import Control
from mnist_tui.training.recorder import RunRecorder, RunResult, disk_remedy
from mnist_tui.training.run_code import SavedCode, collect_code, find_code, find_teacher_code
from mnist_tui.training.trainer import Trainer


def start_run(
    config: TrainConfig,
    *,
    data_dir: Path,
    runs_dir: Path,
    name: str = "",
    control: Control | None = None,
    report: Report,
) -> RunResult:
    """Train a new run until it is finished, stopped or failed; `report` gets every event as it happens.

    Raises a MnistTuiError for a problem found before the run's folder exists; afterwards a failure is an event.
    """
    control = control or Control()
    # What can be refused is refused before minutes are spent on data.
    runs.check_can_create(runs_dir, name)
    hardware.choose_device(config.device)
    source = models.resolve_spec(config.model)
    teacher = runs.find(runs_dir, config.teacher) if config.teacher else None
    teacher_code = find_code(teacher).require_trust() if teacher else None
    early: list[Event] = []
    report_early = _collect_notices(early, report)
    data = _load_data(config, data_dir, control, report_early)
    # The log must say what was used, not what was asked for: a resume relies on it.
    config = config.replace(dataset=data.name, model=source.spec)
    _report_building(source, report_early)
    trainer = build_trainer(
        config,
        data,
        control,
        code=source,
        teacher=teacher.weights_file if teacher else None,
        teacher_code=teacher_code.source if teacher_code else None,
        report=report_early,
    )
    content = integrity.read_weights(teacher.weights_file) if teacher else None
    code = collect_code(trainer.train_state.model, source, teacher, report_early)
    teacher_sum = "" if content is None else hashlib.sha256(content).hexdigest()
    record = _build_record(trainer, data, source, code, teacher_sum)
    run = runs.create(runs_dir, record, name=name, teacher=content, code=code.files)
    for part in ("model", "teacher") if teacher else ("model",):
        find_code(run, part).trust()  # training with it implies trust
    origin = integrity.origin(trainer.config, teacher_sum)
    with run.writer() as writer:
        recorder = RunRecorder(trainer, run, writer, report, origin, data_dir)
        return recorder.train(_build_run_started(run, record, trainer), early)


def resume_run(
    run: Run,
    *,
    data_dir: Path,
    more_epochs: int = 0,
    threads: int | None = None,
    backend: BackendName | None = None,
    control: Control | None = None,
    report: Report,
) -> RunResult:
    """Continue `run` as if it had never been interrupted, to exactly the same weights.

    With `more_epochs` it gets that many after the end of its schedule, even if it is finished already. Other
    `threads` or another `backend` than so far may change the last bits of the weights, which a Notice reports.

    Raises RunError if the run cannot be resumed.
    """
    control = control or Control()
    with run.writer() as writer:
        record, history = run.record(), run.history(progress=False)
        before = resume_checks.read_config(run, record, history, more_epochs)
        # Without a checkpoint it was killed in its first moments, and the same start gives the same run.
        has_state = os.path.lexists(run.checkpoint_file)
        state = checkpoint.load_state(run.checkpoint_file) if has_state else None
        teacher_sum = integrity.verify(run, record, before, state, history)
        config = before.replace(
            extra_epochs=before.extra_epochs + more_epochs,
            threads=before.threads if threads is None else threads,
            backend=backend or "auto",
        )
        early: list[Event] = []
        trainer = _rebuild_trainer(run, record, config, early, data_dir=data_dir, control=control, report=report)
        if state is not None:
            resume_checks.restore_checkpoint(trainer, run, state)
        early += resume_checks.find_changes(record, before, trainer)
        early += resume_checks.find_log_gaps(run, history, trainer)
        changed = record.replace(config=trainer.config.to_dict(), machine=_machine_record(trainer))
        if changed != record:
            _write_record(run, changed, data_dir)
        origin = integrity.origin(trainer.config, teacher_sum)
        recorder = RunRecorder(trainer, run, writer, report, origin, data_dir)
        return recorder.train(_build_run_started(run, changed, trainer), early)


def _rebuild_trainer(
    run: Run,
    record: RunRecord,
    config: TrainConfig,
    early: list[Event],
    *,
    data_dir: Path,
    control: Control,
    report: Report,
) -> Trainer:
    """The trainer of a resumed run at step 0, with its own code and data. Notices are added to `early`."""
    code = find_code(run).require_trust()
    teacher_code = find_teacher_code(run)
    hardware.choose_device(config.device)
    if code.change:
        early.append(Notice(message=code.change, topic="model"))
    report_early = _collect_notices(early, report)
    data = _load_data(config, data_dir, control, report_early)
    resume_checks.check_data(run, record, data)
    _report_building(code.source, report_early)
    return build_trainer(
        config,
        data,
        control,
        before=record.machine.backend or "" if config.backend == "auto" else "",
        record=record,
        code=code.source,
        teacher=run.teacher_file if config.teacher else None,
        teacher_code=teacher_code.require_trust().source if teacher_code else None,
        report=report_early,
    )


def _load_data(config: TrainConfig, data_dir: Path, control: Control, report: Report) -> Dataset:
    """The dataset. Raises Interrupted at the next progress report after a request to stop."""

    def report_or_stop(event: Event) -> None:
        if control.stop_reason:
            raise Interrupted(f"{control.stop_reason}, while getting the data")
        report(event)

    # Drawing images can use all cores; how many training uses is known once there is a backend.
    torch.set_num_threads(config.threads or usable_cores())
    return datasets.load_dataset(config.dataset, data_dir, report=report_or_stop)


def _report_building(source: models.ModelSource, report: Report) -> None:
    """Importing user code may take any amount of time."""
    if not source.is_registered:
        report(Preparing(what=f"creating the network of {source.location}"))


def _collect_notices(early: list[Event], report: Report) -> Report:
    """Notices wait in `early` for the run's log to exist; progress is reported at once."""

    def collect(event: Event) -> None:
        if isinstance(event, (DataProgress, Preparing)):
            report(event)
        else:
            early.append(event)

    return collect


def _build_record(
    trainer: Trainer, data: Dataset, source: models.ModelSource, code: SavedCode, teacher_sum: str
) -> RunRecord:
    """The contents of `config.json` and RunStarted."""
    config, model, loaded = trainer.config, trainer.train_state.model, trainer.data
    values: dict[str, Any] = {
        "schema_version": 1,
        "created": utc_now(),
        "config": config.to_dict(),
        "model": {
            "name": source.name,
            "parameters": sum(parameter.numel() for parameter in model.parameters()),
            "source_sha256": source.source_sha256,
            "memory_format": choose_memory_format(config.model),
            # The layer table, so that reading the run later needs neither torch nor the model's code.
            "summary": _layer_table(model, source.name),
        },
        "data": {
            "name": data.name,
            "source": data.source,
            "fingerprint": data.fingerprint,
            "train_images": len(loaded.train.images),
            "validation_images": len(loaded.validation.images) if loaded.validation else 0,
            "test_images": len(loaded.test.images),
            "joins_last_image": loaded.joins_last_image,
        },
        "machine": _machine_record(trainer),
        "versions": hardware.versions(),
    }
    if code.copy is not None:
        values["model"]["source"] = code.copy
    if teacher_sum:
        values["teacher"] = {"sha256": teacher_sum, **code.teacher}
    return RunRecord.from_dict(values)


def _machine_record(trainer: Trainer) -> dict[str, Any]:
    config = trainer.config
    return {
        "device": config.device,
        "threads": config.threads,
        "backend": config.backend,
        "processor": hardware.processor(),
    }


def _layer_table(model: torch.nn.Module, name: str) -> dict[str, Any] | None:
    """None for a network that can be trained but not inspected: a missing table is no reason not to train.

    Also None if the record would become too large to be read again.
    """
    try:
        table = inspect_model(model, name=name).to_dict()
        return table if len(json.dumps(table, indent=2)) < folder_layout.LARGEST_RECORD // 2 else None
    except Exception:
        return None


def _build_run_started(run: Run, record: RunRecord, trainer: Trainer) -> RunStarted:
    fields = {part: record.values.get(part, {}) for part in ("config", "model", "data", "machine")}
    return RunStarted(
        run=run.name,
        **fields,
        versions=hardware.versions(),
        resumed_step=trainer.steps_done,
        resumed_epoch=trainer.position.epoch - 1,
    )


def _write_record(run: Run, record: RunRecord, data_dir: Path) -> None:
    try:
        atomic_file.write_text(run.config_file, record.to_json())
    except OSError as error:
        raise RunError(
            f"{run.config_file} cannot be written: {error.strerror}",
            remedy=disk_remedy(error, run, data_dir),
        ) from error
