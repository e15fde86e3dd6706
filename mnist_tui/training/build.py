"""From a config and data to a trainer: network, backend and threads, everything on one device."""

from __future__ import annotations

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
    teacher_code: ModelSource | None = None,
    report: Report,
) -> Trainer:
    """A trainer at step 0, whose config states the device, backend and threads in use.

    For a resumed run, `record` is its record and `before` the backend that it has used so far, see `choose_backend`;
    `code` is the source of the network, if not what `config.model` names now. `teacher` is a file with another
    network's weights for distillation, and `teacher_code` the source of that network. Sets torch's threads and seed.
    """
    device = hardware.choose_device(config.device)
    loaded = DeviceData(data, config, device)
    torch.manual_seed(config.seed)
    source = code or models.resolve_spec(config.model)
    is_old_run = record is not None and record.model.memory_format is None
    model = _build_model(source, config, device, is_old_run=is_old_run, report=report)
    _prepare_last_batch(source, model, config, loaded, record, report)
    # Some backends allocate memory for a whole batch, which never has more images than there are.
    backend_config = config.replace(batch_size=min(config.batch_size, len(loaded.train.images)))
    backend = choose_backend(
        backend_config,
        TrainState(config, model),
        device,
        largest_batch=loaded.largest_batch,
        before=before,
        report=report,
        should_stop=control.should_stop,
    )
    threads = hardware.choose_threads(config, backend.name)
    backend.use_threads(threads)
    config = config.replace(device=device.type, backend=backend.name, threads=threads)
    if teacher is None:
        return Trainer(config, backend, loaded, control)
    teacher_network = open_teacher(
        teacher,
        config.replace(batch_size=backend_config.batch_size),
        device,
        code=teacher_code,
        is_old_run=is_old_run,
        report=report,
        should_stop=control.should_stop,
    )
    teacher_network.backend.use_threads(threads)
    return Trainer(config, backend, loaded, control, teacher_network)


def _build_model(
    source: ModelSource, config: TrainConfig, device: torch.device, *, is_old_run: bool, report: Report
) -> nn.Module:
    def report_notice(message: str) -> None:
        report(Notice(message=message, topic="model"))

    model = models.load_model(source, on_notice=report_notice)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ModelError(f"{config.model} has no parameter to train", remedy="Choose another --model.")
    scale_dropout(model, config.dropout_scale)
    return move_model(model, device, choose_memory_format(config.model, is_old_run=is_old_run))


def _prepare_last_batch(
    source: ModelSource,
    model: nn.Module,
    config: TrainConfig,
    data: DeviceData,
    record: RunRecord | None,
    report: Report,
) -> None:
    """Examine a new run's network, and let an epoch's last image join the batch before if it cannot be a batch alone.

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
    if found.refuses_single_image:
        data.join_last_image()
    if data.joins_last_image:
        report(Notice(message=_JOINED.format(found.refuses_single_image), topic="model"))


_JOINED = (
    "an epoch's last batch would have one image, on which the network cannot be trained ({}): "
    "it goes with the batch before"
)
