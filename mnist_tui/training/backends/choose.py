"""From `--backend` to a backend."""

from __future__ import annotations

from collections.abc import Callable

import torch

from mnist_tui.config import TrainConfig
from mnist_tui.errors import ConfigError, Interrupted
from mnist_tui.events import Notice, Preparing, Report
from mnist_tui.native.unsupported import Unsupported
from mnist_tui.training.backends.base import Backend
from mnist_tui.training.backends.cuda_graph import CudaRecorder, GraphBackend
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
    """The config's backend; for `auto` the one a resumed run had `before`, else the fastest, else eager with a Notice.

    `largest_batch` is the largest number of images per step, if it can exceed the config's batch size. Slow parts are
    reported to `report` (Preparing). Raises ConfigError when the backend named does not fit, and Interrupted soon after
    `should_stop` has become true.
    """

    def on_progress(what: str) -> None:
        if should_stop():
            raise Interrupted("stopped, while the backend got ready")
        report(Preparing(what=what))

    largest = max(largest_batch, config.batch_size)
    if config.backend != "auto":
        try:
            return _build(config.backend, config, train_state, device, largest, on_progress, should_stop)
        except Unsupported as unfit:
            raise ConfigError(
                f"--backend {config.backend} cannot be used: {unfit.reason}", remedy=unfit.hint
            ) from unfit
    wanted = before or _FASTEST.get(device.type, "eager")
    try:
        return _build(wanted, config, train_state, device, largest, on_progress, should_stop)
    except Unsupported as unfit:
        report(Notice(message=f"eager instead of {wanted}: {unfit.reason}", topic="backend"))
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
    """Try one backend. Raises Unfit when it cannot train this model on this device."""
    match name:
        case "eager":
            return EagerBackend(config, train_state)
        case "graph":
            recorder = CudaRecorder(device)
            on_progress("recording the training step")
            return GraphBackend(config, train_state, device, recorder)
        case "native":
            if device.type != "cpu":
                raise Unsupported(
                    f"steps are compiled for the processor only, and the device is {device.type}",
                    "Use --device cpu, or --backend auto.",
                )
            return compile_backend(
                config, train_state, largest_batch, on_progress=on_progress, should_stop=should_stop
            )
        case _:
            raise Unsupported(f"this version has no {name} backend", "Use --backend auto.")
