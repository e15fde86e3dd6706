"""From a training state to its native backend: trace, plan, compile, and look whether it answers as the model does."""

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
    train_state: TrainState,
    largest_batch: int = 0,
    *,
    on_progress: Callable[[str], None],
    should_stop: Callable[[], bool],
) -> NativeBackend:
    """A backend for a training state on the CPU; compiling takes seconds, and is reported to `on_progress`.

    `largest_batch` is as in `NativeBackend`. Raises Unfit if the model is not a chain that can be compiled or this
    machine cannot compile it, and Interrupted soon after `should_stop` has become true.
    """
    plan = plan_of(trace(train_state.model))
    functions = build(source_of(plan), on_progress=on_progress, should_stop=should_stop)
    backend = NativeBackend(config, train_state, plan, functions, largest_batch)
    _verify(backend)
    return backend


def _verify(backend: NativeBackend) -> None:
    """The trace believes what modules say of themselves; here the whole is compared once. Draws no random numbers."""
    model = backend.train_state.eval_model
    images = torch.linspace(-3, 3, 4 * 28 * 28).sin().reshape(4, 1, 28, 28)
    expected = logits_of(model, images).log_softmax(1)
    found = backend.logits(images).log_softmax(1)
    backend.train_state.model.train()
    if not torch.allclose(found, expected, rtol=_TOLERANCE, atol=_TOLERANCE * float(expected.abs().max())):
        raise Unsupported("the compiled network does not answer as the model itself does")
