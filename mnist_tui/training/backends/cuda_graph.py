"""The graph backend: a step's kernels recorded once as a CUDA graph and replayed.

Small networks spend most of a step launching kernels. The optimizer is not recorded: it is one fused kernel already,
and takes the step's learning rate and momentum as plain numbers, which a recording would freeze.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor

from mnist_tui.config import IMAGE_SHAPE, TrainConfig
from mnist_tui.data.loader import Batch
from mnist_tui.training import ema
from mnist_tui.training.backends.base import BackendUnavailable, StepResult, StepSettings
from mnist_tui.training.backends.eager import EagerBackend
from mnist_tui.training.rng import random_state, restore_random_state
from mnist_tui.training.train_state import TrainState

_WARM_UPS = 3  # as in PyTorch's guide to CUDA graphs


class GraphCapture(Protocol):
    """Records work on tensors, to be repeated on the same tensors without running its Python."""

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        """Run `work` a few times, then record it; returns a function that replays it. May raise anything."""


class GraphBackend(EagerBackend):
    """The eager backend, but for full batches gradients and averages are replayed.

    Python decisions in a model's `forward` are made once, while it is recorded.
    """

    name = "graph"
    exact_on_any_threads = True  # nothing is summed on the processor

    _result: StepResult

    def __init__(
        self, config: TrainConfig, train_state: TrainState, device: torch.device, capture: GraphCapture
    ) -> None:
        """Records at once, which does not change the training state. Raises BackendUnavailable if that fails."""
        super().__init__(config, train_state)
        self._batch = Batch(
            torch.zeros(config.batch_size, *IMAGE_SHAPE, device=device),
            torch.zeros(config.batch_size, dtype=torch.int64, device=device),
            torch.ones(config.batch_size, device=device) if config.focus else None,
        )
        self._targets = torch.zeros(config.batch_size, 10, device=device) if config.teacher else None
        self.begin()
        try:
            with _preserve_state(train_state, device):
                self._replay_gradients = capture.record(self._compute_gradients)
                self._replay_averages = capture.record(self._update_ema) if train_state.average else None
        except Exception as error:  # a model is the user's code and may raise anything
            reason = str(error).partition("\n")[0].rstrip(".") or type(error).__name__
            raise BackendUnavailable(
                f"the model cannot be recorded as a CUDA graph ({reason})", "Use --backend eager."
            ) from error
        # A replay writes into these very tensors.
        self._gradients = [(parameter, parameter.grad) for parameter in train_state.model.parameters()]

    def step(self, batch: Batch, settings: StepSettings, targets: Tensor | None = None) -> StepResult:
        if len(batch.labels) != len(self._batch.labels):  # an epoch's smaller last batch
            return super().step(batch, settings, targets)
        for static, new in zip((*self._batch, self._targets), (*batch, targets), strict=True):
            if static is not None and new is not None:
                static.copy_(new)
        for parameter, gradient in self._gradients:
            parameter.grad = gradient
        self._replay_gradients()
        self.update(settings)
        return self._result

    def update_averages(self) -> None:
        """As the eager backend, but without waiting for the device, as torch's own update does."""
        average = self.train_state.average
        if average is None or self._replay_averages is None or average.n_averaged == 0:
            super().update_averages()
        else:
            self._replay_averages()
            average.n_averaged += 1

    def _compute_gradients(self) -> None:
        self._result = self.gradients(self._batch, self._targets)

    def _update_ema(self) -> None:
        assert self.train_state.average is not None
        ema.update_ema(self.train_state.average, self.train_state.model, self.config.ema)


class CudaGraphCapture:
    """Records CUDA graphs."""

    def __init__(self, device: torch.device) -> None:
        """Raises BackendUnavailable for any other device than CUDA."""
        if device.type != "cuda":
            raise BackendUnavailable(
                f"CUDA graphs need a CUDA device, and this one is {device.type}",
                "Use --device cuda, or --backend auto.",
            )

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UPS):
                work()
            with _forbid_synchronization():
                work()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            work()
        return graph.replay


@contextmanager
def _forbid_synchronization() -> Iterator[None]:
    """Make reading from the device an error here: within a recording, it could leave the graph half open."""
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode(before)


@contextmanager
def _preserve_state(train_state: TrainState, device: torch.device) -> Iterator[None]:
    """Restore BatchNorm's statistics, the averages and the random number generators afterwards."""
    changing = list(train_state.model.buffers())
    if train_state.average:
        changing += [*train_state.average.parameters(), *train_state.average.buffers()]
    saved, random = [tensor.detach().clone() for tensor in changing], random_state(device)
    try:
        yield
    finally:
        with torch.no_grad():
            for tensor, before in zip(changing, saved, strict=True):
                tensor.copy_(before)
        restore_random_state(random, device)
