"""Choosing a backend: the one in `--backend`, or for `auto` the fastest that can train the model."""

from __future__ import annotations

from collections.abc import Callable

import torch

from mnist_tui.config import TrainConfig
from mnist_tui.errors import ConfigError, Interrupted
from mnist_tui.events import Notice, Preparing, Report
from mnist_tui.training.backends.base import Backend, BackendUnavailable
from mnist_tui.training.backends.cuda_graph import CudaGraphCapture, GraphBackend
from mnist_tui.training.backends.eager import EagerBackend
from mnist_tui.training.backends.native import compile_backend
from mnist_tui.training.train_state import TrainState

# What `auto` tries first, by device. Eager can do everything everywhere.
_FASTEST = {"cuda": "graph", "cpu": "native"}


def choose_backend(
    config: TrainConfig,
    train_state: TrainState,
    device: torch.device,
    *,
    largest_batch: int = 0,
    before: str = "",
    report: Report,
    should_stop: Callable[[], bool],
) -> Backend:
    """The config's backend; for `auto` a resumed run's backend so far (`before`), else the fastest, else eager.

    `largest_batch` is the largest number of images per step, if it can exceed the config's batch size. `report` gets a
    Preparing for what takes seconds, and a Notice if `auto` falls back to eager. Raises ConfigError if the backend
    asked for cannot be used, and Interrupted soon after `should_stop` has become true.
    """

    def on_progress(what: str) -> None:
        if should_stop():
            raise Interrupted("stopped, while the backend was prepared")
        report(Preparing(what=what))

    is_auto = config.backend == "auto"
    wanted = (before or _FASTEST.get(device.type, "eager")) if is_auto else config.backend
    largest = max(largest_batch, config.batch_size)
    try:
        return _build(wanted, config, train_state, device, largest, on_progress, should_stop)
    except BackendUnavailable as unavailable:
        if not is_auto:
            message = f"--backend {wanted} cannot be used: {unavailable.reason}"
            raise ConfigError(message, remedy=unavailable.hint) from unavailable
        report(
            Notice(message=f"Using the slower eager backend instead of {wanted}: {unavailable.reason}", topic="backend")
        )
        return EagerBackend(config, train_state)


def _build(
    name: str,
    config: TrainConfig,
    train_state: TrainState,
    device: torch.device,
    largest_batch: int,
    on_progress: Callable[[str], None],
    should_stop: Callable[[], bool],
) -> Backend:
    """Raises BackendUnavailable if this backend cannot train the model on this device."""
    match name:
        case "eager":
            return EagerBackend(config, train_state)
        case "graph":
            capture = CudaGraphCapture(device)
            on_progress("recording the training step")
            return GraphBackend(config, train_state, device, capture)
        case "native":
            if device.type != "cpu":
                raise BackendUnavailable(
                    f"steps are compiled for the processor only, and the device is {device.type}",
                    "Use --device cpu, or --backend auto.",
                )
            return compile_backend(config, train_state, largest_batch, on_progress=on_progress, should_stop=should_stop)
        case _:
            raise BackendUnavailable(f"this version has no {name} backend", "Use --backend auto.")
