"""Learning from a teacher: a trained network's answers to the very images that the student sees.

What is learnt is a mixture of the label and the teacher's probabilities (Hinton, Vinyals and Dean, 2015); that
both look at the same augmented image is what lets a small network gain most (Beyer et al., 2022).
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
from mnist_tui.training.run_code import code_of_spec
from mnist_tui.training.train_state import TrainState


class Teacher:
    """Turns images and their labels into targets for the student's loss. Draws no random numbers."""

    def __init__(self, backend: Backend, taught: TrainConfig, config: TrainConfig) -> None:
        """`backend` has a network trained with the config `taught`; `config` is the student's."""
        self.backend = backend
        self._share, self._temperature = config.teacher_share, config.temperature
        # From the student's normalisation of pixels to the teacher's own.
        self._factor = config.std / taught.std
        self._summand = (config.mean - taught.mean) / taught.std

    @torch.no_grad()
    def targets(self, images: Tensor, labels: Tensor) -> Tensor:
        """(N, 10) float32, each row sums to 1. images: (N, 1, 28, 28) float32, normalised. labels: (N,) int64."""
        if (self._factor, self._summand) != (1.0, 0.0):
            images = images * self._factor + self._summand
        else:
            images = images.clone()  # a forward may change its input in place, and the student needs it next
        answers = (self.backend.logits(images).float() / self._temperature).softmax(1)
        known = F.one_hot(labels, answers.shape[1])
        return answers.mul_(self._share).add_(known, alpha=1 - self._share)


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
    """The teacher whose weights `checkpoint.save_weights` wrote, for a student with `config`.

    Its network comes from `code`, or from the weights' own record; `is_old_run` as in `choose_memory_format`.
    Raises RunError when they cannot be used, ConfigError when the two would get different inputs, and Interrupted
    soon after `should_stop` has become true.
    """
    state, metadata = checkpoint.load_weights(weights)
    try:
        taught = TrainConfig.from_dict(metadata["config"])
        code = code or code_of_spec(taught.model, f"the teacher in {weights}").require_trust().source
        model = models.load_model(code)
        model.load_state_dict(state)
    except (ConfigError, KeyError, TypeError, RuntimeError) as error:
        raise RunError(
            f"the teacher in {weights} cannot be used: {error}", remedy="Choose another --teacher."
        ) from error
    if taught.deskew != config.deskew:
        raise ConfigError(
            f"the teacher in {weights} was trained with deskew {taught.deskew:g}, and would see other pictures than a "
            f"student with {config.deskew:g}",
            remedy=f"Use --deskew {taught.deskew:g}, or choose another --teacher.",
        )
    model = move_model(model, device, choose_memory_format(taught.model, is_old_run=is_old_run))
    asked = config.replace(ema=0.0, backend="auto" if device.type == "cpu" else "eager")
    backend = choose_backend(asked, TrainState(asked, model), device, report=report, should_stop=should_stop)
    return Teacher(backend, taught, config)
