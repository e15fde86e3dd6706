"""From a config and data to a trainer: network, backend and threads, everything on one device."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from mnist_tui import models
from mnist_tui.config import TrainConfig
from mnist_tui.data.loader import DeviceData
from mnist_tui.data.types import Dataset
from mnist_tui.errors import ModelError
from mnist_tui.events import Notice, Report
from mnist_tui.models import ModelSource
from mnist_tui.models.examination import examine_model
from mnist_tui.models.preparation import choose_memory_format, move_model, scale_dropout
from mnist_tui.runs import RunRecord
from mnist_tui.training import hardware
from mnist_tui.training.backends.choose import choose_backend
from mnist_tui.training.control import Control
from mnist_tui.training.distillation import open_teacher
from mnist_tui.training.train_state import TrainState
from mnist_tui.training.trainer import Trainer


def build_trainer(
    config: TrainConfig,
    data: Dataset,
    control: Control,
    *,
    before: str = "",
    code: ModelSource | None = None,
    record: RunRecord | None = None,
    teacher: Path | None = None,
    teachers_code: ModelSource | None = None,
    report: Report,
) -> Trainer:
    """A trainer at step 0, whose config states the device, backend and threads in use.

    For a resumed run, `record` keeps its settings unchanged and `before` is the backend that it has used so far, see
    `choose_backend`; `code` is the source of the network, if not what `config.model` names now. `teacher` is a file of
    another network's weights for distillation, and `teachers_code` the source of that network. Sets torch's threads
    and seed.
    """

    def should_stop() -> bool:
        return bool(control.stop_reason)

    device = hardware.choose_device(config.device)
    resident = DeviceData(data, config, device)
    torch.manual_seed(config.seed)
    source = code or models.resolve_spec(config.model)
    model = models.load_model(source, on_notice=_notice_to(report))
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ModelError(f"{config.model} has no parameter to train", remedy="Choose another --model.")
    scale_dropout(model, config.dropout_scale)
    is_old_run = record is not None and record.model.memory_format is None
    model = move_model(model, device, choose_memory_format(config.model, is_old_run=is_old_run))
    _prepare_last_batch(source, model, config, resident, record, report)
    train_state = TrainState(config, model)
    # Some backends make room for a whole batch beforehand, and there are never more images than there are.
    fitting = config.replace(batch_size=min(config.batch_size, len(resident.train.images)))
    backend = choose_backend(
        fitting,
        train_state,
        device,
        largest_batch=resident.largest_batch,
        before=before,
        report=report,
        should_stop=should_stop,
    )
    threads = hardware.choose_threads(config, backend.name)
    backend.use_threads(threads)
    config = config.replace(device=device.type, backend=backend.name, threads=threads)
    if teacher is None:
        return Trainer(config, backend, resident, control)
    taught = config.replace(batch_size=fitting.batch_size)
    tutor = open_teacher(
        teacher,
        taught,
        device,
        code=teachers_code,
        is_old_run=is_old_run,
        report=report,
        should_stop=should_stop,
    )
    tutor.backend.use_threads(threads)
    return Trainer(config, backend, resident, control, tutor)


def _notice_to(report: Report) -> Callable[[str], None]:
    def notify(text: str) -> None:
        report(Notice(message=text, topic="model"))

    return notify


def _prepare_last_batch(
    source: ModelSource,
    model: nn.Module,
    config: TrainConfig,
    data: DeviceData,
    record: RunRecord | None,
    report: Report,
) -> None:
    """Examine a new run's network, and let an epoch's last image join the previous batch if it cannot be a batch alone.

    A resumed run keeps what its record says; without such an entry, native accepted a batch of one image.
    """
    joins = None if record is None else record.data.joins_last_image
    if joins:
        data.join_last_image()
    native = record is not None and record.machine.backend == "native"
    if record is not None and (joins is not None or native or data.last_batch != 1):
        return
    batch = min(config.batch_size, len(data.train.images))
    found = examine_model(source, model, batch=batch, last=data.last_batch)
    if record is None:
        for message in found.notices:
            report(Notice(message=message, topic="model"))
    if found.refuses_one:
        data.join_last_image()
    if data.joins_last_image:
        report(Notice(message=_JOINED.format(found.refuses_one), topic="model"))


_JOINED = (
    "an epoch's last batch would have one image, on which the network cannot be trained ({}): "
    "it goes with the batch before"
)
