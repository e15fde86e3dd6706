"""From a learner to its native backend: trace, plan, compile, and look whether it answers as the model does."""

from __future__ import annotations

from collections.abc import Callable

import torch

from mnist_tui.config import TrainConfig
from mnist_tui.native.codegen.fusion import plan_of
from mnist_tui.native.codegen.source import source_of
from mnist_tui.native.toolchain.build import build
from mnist_tui.native.tracing.trace import trace
from mnist_tui.native.unsupported import Unsupported
from mnist_tui.training.backends.native_backend import NativeBackend
from mnist_tui.training.evaluate import logits_of
from mnist_tui.training.train_state import TrainState

# Of the largest logit: far more than rounding, far less than a layer taken for another makes.
_TOLERANCE = 1e-3


def compile_backend(
    config: TrainConfig,
    learner: TrainState,
    largest_batch: int = 0,
    *,
    told: Callable[[str], None],
    stopped: Callable[[], bool],
) -> NativeBackend:
    """A backend for a learner on the CPU; compiling takes seconds, and is reported to `told`.

    `largest_batch` is as in `NativeBackend`. Raises Unfit if the model is not a chain that can be compiled or this
    machine cannot compile it, and Interrupted soon after `stopped` has become true.
    """
    plan = plan_of(trace(learner.model))
    functions = build(source_of(plan), told=told, stopped=stopped)
    backend = NativeBackend(config, learner, plan, functions, largest_batch)
    _verify(backend)
    return backend


def _verify(backend: NativeBackend) -> None:
    """The trace believes what modules say of themselves; here the whole is compared once. Draws no random numbers."""
    model = backend.learner.tested_model
    images = torch.linspace(-3, 3, 4 * 28 * 28).sin().reshape(4, 1, 28, 28)
    expected = logits_of(model, images).log_softmax(1)
    found = backend.logits(images).log_softmax(1)
    backend.learner.model.train()
    if not torch.allclose(found, expected, rtol=_TOLERANCE, atol=_TOLERANCE * float(expected.abs().max())):
        raise Unsupported("the compiled network does not answer as the model itself does")
