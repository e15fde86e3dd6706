"""The native backend: a network's whole step as one call into a library made for it."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from mnist_tui.config import TrainConfig
from mnist_tui.data.loader import Batch
from mnist_tui.native.codegen.source import compiled_stages
from mnist_tui.native.library import BoundTensors, Library, Method, Parameter, Settings, Statistics
from mnist_tui.native.plan import Plan
from mnist_tui.training import optimizer
from mnist_tui.training.backends.base import StepResult, StepSettings
from mnist_tui.training.train_state import TrainState


class NativeBackend:
    """Trains a chain on the processor. The library works in place on the training state's own tensors."""

    name = "native"
    exact_on_any_threads = True

    def __init__(
        self,
        config: TrainConfig,
        train_state: TrainState,
        plan: Plan,
        functions: ctypes.CDLL,
        largest_batch: int = 0,
    ) -> None:
        """`functions` is the library that `source_of(plan)` makes, and `plan` is of the training state's model.

        A step has room for `largest_batch` images, or for the config's batch size if that is larger.
        """
        self.config, self.train_state = config, train_state
        self._stages = compiled_stages(plan)
        self._functions = functions
        self._room = max(largest_batch, config.batch_size)
        self._library = Library(functions, self._room, 1)
        self._settings = Settings(
            second_momentum=optimizer.SECOND_MOMENTUM,
            epsilon=optimizer.EPSILON,
            weight_decay=config.weight_decay,
            smoothing=config.label_smoothing,
            decay=config.ema,
            seed=config.seed,
            method=Method[config.optimizer.upper()],
        )
        _lay_out(train_state)
        self._bound = self._bind()

    def use_threads(self, threads: int) -> None:
        """See `Backend`. torch keeps to one: its threads would get in the way of the library's."""
        torch.set_num_threads(1)
        self._library.close()
        self._library = Library(self._functions, self._room, threads)

    def begin(self) -> None:
        """See `Backend`."""
        self.train_state.model.train()
        self._bound = self._bind()

    def augment(self, images: Tensor, maps: Tensor | None) -> Tensor:
        """See `Backend`."""
        out = torch.empty(images.shape, dtype=torch.float32)
        config = self.config
        self._library.warp(
            images.contiguous(),
            maps if maps is None else maps.contiguous(),
            out,
            bilinear=config.interpolation == "bilinear",
            mean=config.mean,
            std=config.std,
        )
        return out

    def step(self, batch: Batch, settings: StepSettings, targets: Tensor | None = None) -> StepResult:
        """See `Backend`."""
        own = self._settings
        own.step, own.rate, own.momentum = settings
        return self._library.step(self._bound, own, batch, targets)

    def logits(self, images: Tensor) -> Tensor:
        """See `Backend`."""
        out = torch.empty(len(images), 10)
        self._library.logits(self._bound, images, out, averaged=self.train_state.average is not None)
        return out

    def peak_flops(self) -> float:
        """What the processor does at best on as many threads, for comparison."""
        return self._library.peak_flops()

    def _bind(self) -> BoundTensors:
        return BoundTensors(self._tensors())

    def _tensors(self) -> Iterator[tuple[tuple[Parameter | None, ...], Statistics | None]]:
        train_state = self.train_state
        average = train_state.average
        self._settings.averaged = None if average is None else average.n_averaged.data_ptr()
        values, means = _named(train_state.model), {} if average is None else _named(average.module)
        places = {id(parameter): at for at, parameter in enumerate(train_state.optimizer.parameters)}
        memory, steps = list(train_state.optimizer.memory.values()), train_state.optimizer.steps
        for stage in self._stages:
            names = stage.tensor_names()
            parameters = tuple(
                None
                if name is None
                else Parameter(
                    value=values[name],
                    gradient=values[name].grad,
                    first=memory[0][places[id(values[name])]] if memory else None,
                    second=memory[1][places[id(values[name])]] if len(memory) > 1 else None,
                    steps=steps[places[id(values[name])]] if steps else None,
                    average=means.get(name),
                )
                for name in names[:4]
            )
            buffers = (names.running_mean, names.running_var, names.num_batches_tracked)
            if buffers[0] is None:
                yield parameters, None
            else:
                own = (values[name] for name in buffers if name)
                yield parameters, Statistics(*own, *(means.get(name) for name in buffers if name))


def _lay_out(train_state: TrainState) -> None:
    """Every tensor contiguous, with a gradient in place: the library knows no strides, and makes nothing."""
    for model in (train_state.model, train_state.average.module if train_state.average else None):
        for parameter in () if model is None else model.parameters():
            parameter.data = parameter.data.contiguous()
    for parameter in train_state.optimizer.parameters:
        parameter.grad = torch.zeros_like(parameter)
    for tensors in train_state.optimizer.memory.values():
        tensors[:] = [tensor.contiguous() for tensor in tensors]


def _named(model: nn.Module) -> dict[str, Tensor]:
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}
