"""From a config and data to a trainer: network, backend and threads, everything on one device."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from mnist_tui import machine, models
from mnist_tui.backends import choose_backend
from mnist_tui.backends.choose import Report
from mnist_tui.config import TrainConfig
from mnist_tui.control import Control
from mnist_tui.data.dataset import Dataset
from mnist_tui.data.resident import ResidentData
from mnist_tui.errors import ModelError
from mnist_tui.events import Notice
from mnist_tui.learner import Learner
from mnist_tui.models import ModelSource
from mnist_tui.models.dropout import scale_dropout
from mnist_tui.teacher import open_teacher
from mnist_tui.trainer import Trainer


def assemble(
    config: TrainConfig,
    data: Dataset,
    control: Control,
    *,
    before: str = "",
    code: ModelSource | None = None,
    teacher: Path | None = None,
    teachers_code: ModelSource | None = None,
    report: Report,
) -> Trainer:
    """A trainer at step 0, whose config says which device, backend and threads were taken.

    `before` names the backend that a resumed run has had so far, see `choose_backend`; `code` is where the network
    comes from, if not from what `config.model` names now. `teacher` is the file of another network's weights to learn
    from, and `teachers_code` where that one comes from. Sets torch's threads and seed.
    """

    def stopped() -> bool:
        return bool(control.stop_reason)

    device = machine.choose_device(config.device)
    resident = ResidentData(data, config, device)
    torch.manual_seed(config.seed)
    model = models.load_model(code or config.model, tell=_noticing(report))
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ModelError(f"{config.model} has no parameter to train", remedy="Choose another --model.")
    scale_dropout(model, config.dropout_scale)
    model = model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    learner = Learner(config, model)
    # Some backends make room for a whole batch beforehand, and there are never more images than there are.
    fitting = config.replace(batch_size=min(config.batch_size, len(resident.train.images)))
    backend = choose_backend(fitting, learner, device, before=before, report=report, stopped=stopped)
    threads = machine.choose_threads(config, backend.name)
    backend.use_threads(threads)
    config = config.replace(device=device.type, backend=backend.name, threads=threads)
    if teacher is None:
        return Trainer(config, backend, resident, control)
    taught = config.replace(batch_size=fitting.batch_size)
    tutor = open_teacher(teacher, taught, device, code=teachers_code, report=report, stopped=stopped)
    tutor.backend.use_threads(threads)
    return Trainer(config, backend, resident, control, tutor)


def _noticing(report: Report) -> Callable[[str], None]:
    def tell(text: str) -> None:
        report(Notice(message=text, topic="model"))

    return tell
