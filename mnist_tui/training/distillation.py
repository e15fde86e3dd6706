"""Knowledge distillation: a student network learns from a teacher's outputs for the same images.

The targets are a mixture of the labels and the teacher's probabilities (Hinton, Vinyals and Dean, 2015). A small
network gains most if both get the same augmented images (Beyer et al., 2022).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from mnist_tui import models
from mnist_tui.config import TrainConfig
from mnist_tui.errors import ConfigError, RunError
from mnist_tui.events import Report
from mnist_tui.models import ModelSource
from mnist_tui.models.preparation import choose_memory_format, move_model
from mnist_tui.training import checkpoint
from mnist_tui.training.backends.base import Backend
from mnist_tui.training.backends.choose import choose_backend
from mnist_tui.training.run_code import find_spec_code
from mnist_tui.training.train_state import TrainState


class Teacher:
    """Computes the targets of the student's loss. Draws no random numbers."""

    def __init__(self, backend: Backend, teacher_config: TrainConfig, config: TrainConfig) -> None:
        """`backend` has a network that was trained with `teacher_config`; `config` is the student's."""
        self.backend = backend
        self._weight, self._temperature = config.teacher_share, config.temperature
        # From the student's normalization of pixels to the teacher's.
        self._factor = config.std / teacher_config.std
        self._offset = (config.mean - teacher_config.mean) / teacher_config.std

    @torch.no_grad()
    def targets(self, images: Tensor, labels: Tensor) -> Tensor:
        """(N, 10) float32, each row sums to 1. images: (N, 1, 28, 28) float32, normalized. labels: (N,) int64."""
        is_same = (self._factor, self._offset) == (1.0, 0.0)
        # A clone, as a `forward` may change its input in place, and the student needs it next.
        inputs = images.clone() if is_same else images * self._factor + self._offset
        probabilities = (self.backend.logits(inputs).float() / self._temperature).softmax(1)
        truth = F.one_hot(labels, probabilities.shape[1])
        return probabilities.mul_(self._weight).add_(truth, alpha=1 - self._weight)


def open_teacher(
    weights: Path,
    config: TrainConfig,
    device: torch.device,
    *,
    code: ModelSource | None = None,
    is_old_run: bool = False,
    report: Report,
    should_stop: Callable[[], bool],
) -> Teacher:
    """The teacher with the weights in a file by `checkpoint.save_weights`, for a student with `config`.

    Its network comes from `code`, or else is the one named in the file; `is_old_run` as in `choose_memory_format`.
    Raises RunError if the weights cannot be used, ConfigError if the two would get different inputs, and Interrupted
    soon after `should_stop` has become true.
    """
    state, metadata = checkpoint.load_weights(weights)
    try:
        teacher_config = TrainConfig.from_dict(metadata["config"])
        code = code or find_spec_code(teacher_config.model, f"the teacher in {weights}").require_trust().source
        model = models.load_model(code)
        model.load_state_dict(state)
    except (ConfigError, KeyError, TypeError, RuntimeError) as error:
        raise RunError(
            f"the teacher in {weights} cannot be used: {error}", remedy="Choose another --teacher."
        ) from error
    if teacher_config.deskew != config.deskew:
        raise ConfigError(
            f"the teacher in {weights} was trained with deskew {teacher_config.deskew:g}, and would get other inputs "
            f"than a student with {config.deskew:g}",
            remedy=f"Use --deskew {teacher_config.deskew:g}, or choose another --teacher.",
        )
    model = move_model(model, device, choose_memory_format(teacher_config.model, is_old_run=is_old_run))
    backend_config = config.replace(ema=0.0, backend="auto" if device.type == "cpu" else "eager")
    backend = choose_backend(
        backend_config, TrainState(backend_config, model), device, report=report, should_stop=should_stop
    )
    return Teacher(backend, teacher_config, config)
