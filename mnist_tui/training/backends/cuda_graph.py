"""A step's kernels recorded once as a CUDA graph and replayed: small networks spend most of a step launching them.

The optimiser is not recorded. It is one fused kernel already, and takes the step's rate and momentum as plain
numbers, which a recording would hold fast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor

from mnist_tui.config import TrainConfig
from mnist_tui.data.loader import Batch
from mnist_tui.native.unsupported import Unsupported
from mnist_tui.training import lr_schedule
from mnist_tui.training.backends.base import StepResult, StepSettings
from mnist_tui.training.backends.eager import EagerBackend
from mnist_tui.training.position import random_state, restore_random_state
from mnist_tui.training.train_state import TrainState

_WARM_UPS = 3  # as PyTorch's guide to CUDA graphs has it


class Recorder(Protocol):
    """Turns work into something that does the same again to the same tensors, without its Python."""

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        """Do `work` a few times, then record it; the result replays it. Raises what `work` raises, and more."""
        ...


class GraphBackend(EagerBackend):
    """Eager, but for full batches: their gradients and averages are replayed.

    What a model's forward decides in Python is decided once, while it is recorded.
    """

    name = "graph"
    exact_on_any_threads = True  # nothing is summed on the processor

    _result: StepResult

    def __init__(
        self, config: TrainConfig, train_state: TrainState, device: torch.device, recorder: Recorder
    ) -> None:
        """Records at once, which changes nothing of the training state. Raises Unfit when it cannot be done."""
        super().__init__(config, train_state)
        self._batch = Batch(
            torch.zeros(config.batch_size, 1, 28, 28, device=device),
            torch.zeros(config.batch_size, dtype=torch.int64, device=device),
            torch.ones(config.batch_size, device=device) if config.focus else None,
        )
        self._targets = torch.zeros(config.batch_size, 10, device=device) if config.teacher else None
        self.begin()
        try:
            with _undisturbed(train_state, device):
                self._replay_gradients = recorder.record(self._compute_gradients)
                self._replay_averages = recorder.record(self._follow) if train_state.average else None
        except Exception as error:  # a model is anybody's code and may raise anything
            raise Unsupported(
                f"the model cannot be recorded as a CUDA graph ({_first_line(error)})", "Use --backend eager."
            ) from error
        # A replay writes into these very tensors.
        self._gradients = [(parameter, parameter.grad) for parameter in train_state.model.parameters()]

    def step(self, batch: Batch, settings: StepSettings, targets: Tensor | None = None) -> StepResult:
        """See `Backend`. An epoch's smaller last batch goes the eager way."""
        if len(batch.labels) != len(self._batch.labels):
            return super().step(batch, settings, targets)
        for ours, given in zip((*self._batch, self._targets), (*batch, targets), strict=True):
            if ours is not None and given is not None:
                ours.copy_(given)
        for parameter, gradient in self._gradients:
            parameter.grad = gradient
        self._replay_gradients()
        self.update(settings)
        return self._result

    def update_averages(self) -> None:
        """As eager does, but without waiting for the device, as torch's own does."""
        average = self.train_state.average
        if average is None or self._replay_averages is None or average.n_averaged == 0:
            super().update_averages()
        else:
            self._replay_averages()
            average.n_averaged += 1

    def _compute_gradients(self) -> None:
        self._result = self.gradients(self._batch, self._targets)

    def _follow(self) -> None:
        assert self.train_state.average is not None  # the caller looked
        lr_schedule.update_ema(self.train_state.average, self.train_state.model, self.config.ema)


class CudaRecorder:
    """Records CUDA graphs."""

    def __init__(self, device: torch.device) -> None:
        """Raises Unfit for another device than CUDA."""
        if device.type != "cuda":
            raise Unsupported(
                f"CUDA graphs need a CUDA device, and this one is {device.type}",
                "Use --device cuda, or --backend auto.",
            )

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        """See `Recorder`."""
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(_WARM_UPS):
                work()
            with _waiting_forbidden():
                work()
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            work()
        return graph.replay


@contextmanager
def _waiting_forbidden() -> Iterator[None]:
    """Reading from the device is an error: no graph can do it, and failing in a recording could leave it half open."""
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode(before)


@contextmanager
def _undisturbed(train_state: TrainState, device: torch.device) -> Iterator[None]:
    """Put BatchNorm's statistics, the averages and the random numbers back afterwards."""
    changing = list(train_state.model.buffers())
    if train_state.average:
        changing += [*train_state.average.parameters(), *train_state.average.buffers()]
    kept, random = [tensor.detach().clone() for tensor in changing], random_state(device)
    try:
        yield
    finally:
        with torch.no_grad():
            for tensor, before in zip(changing, kept, strict=True):
                tensor.copy_(before)
        restore_random_state(random, device)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".") or type(error).__name__
