"""Compiled backends for tests: compiled quickly where nothing is timed, and for other processors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from torch import nn

from mnist_tui.config import TrainConfig
from mnist_tui.native.codegen.fusion import fuse_layers
from mnist_tui.native.plan import NetworkPlan
from mnist_tui.native.tracing.trace import trace
from mnist_tui.training.backends.base import StepSettings
from mnist_tui.training.backends.native import NativeBackend, compile_backend
from mnist_tui.training.train_state import TrainState
from tests.engine_fixtures import QUICKLY, compile_quickly, tiny_config

__all__ = ["QUICKLY", "SETTINGS", "has_instructions", "native", "other_flags", "plan_for"]

SETTINGS = StepSettings(3, 0.01, 0.9)
"""Of a step that is compared; its number is part of dropout's seed."""

CPUINFO = Path("/proc/cpuinfo")


def native(model: nn.Module, config: TrainConfig | None = None, *, threads: int = 1) -> NativeBackend:
    """A backend that is ready for its first step; the model is its own from now on."""
    config = config or tiny_config()
    backend = compile_backend(
        config, TrainState(config, model), on_progress=lambda _what: None, should_stop=lambda: False
    )
    backend.use_threads(threads)
    backend.begin()
    return backend


def plan_for(model: nn.Module) -> NetworkPlan:
    """The plan that is compiled."""
    return fuse_layers(trace(model))


@contextmanager
def other_flags(exchange: dict[str, str]) -> Iterator[None]:
    """Some of the compiler's flags exchanged for others."""
    with pytest.MonkeyPatch.context() as patch:
        compile_quickly(patch, exchange)
        yield


def has_instructions(*names: str) -> bool:
    """Whether this processor has all of these, as Linux calls them."""
    return CPUINFO.exists() and set(names) <= set(CPUINFO.read_text().split())
