"""The native backend: `mnist_tui.native` compiles a network's whole training step for the processor."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from mnist_tui.config import TrainConfig
from mnist_tui.data.loader import Batch
from mnist_tui.models.adapters import describe_adaptations
from mnist_tui.native import bindings
from mnist_tui.native.bindings import BoundTensors, CompiledNetwork, NormStatistics, ParameterTensors
from mnist_tui.native.codegen.fusion import fuse_layers
from mnist_tui.native.codegen.source import generate_source, lower_stages
from mnist_tui.native.plan import INPUT_SHAPE, OUTPUT_SHAPE, NetworkPlan
from mnist_tui.native.toolchain.build import build_library
from mnist_tui.native.tracing.trace import trace
from mnist_tui.native.unsupported import Unsupported
from mnist_tui.training import optimizer
from mnist_tui.training.backends.base import BackendUnavailable, StepResult, StepSettings
from mnist_tui.training.evaluate import compute_logits
from mnist_tui.training.train_state import TrainState

# Of the largest logit: far more than rounding, far less than a layer mistaken for another makes.
_TOLERANCE = 1e-3


def compile_backend(
    config: TrainConfig,
    train_state: TrainState,
    largest_batch: int = 0,
    *,
    on_progress: Callable[[str], None],
    should_stop: Callable[[], bool],
) -> NativeBackend:
    """A backend for a training state on the CPU. Compiling takes seconds, and is reported to `on_progress`.

    `largest_batch` is as in `NativeBackend`. Raises BackendUnavailable if the model is not a chain that can be
    compiled or this machine cannot compile it, and Interrupted soon after `should_stop` has become true.
    """
    if any(describe_adaptations(train_state.model)):
        raise BackendUnavailable(
            f"{type(train_state.model).__name__} takes other images than float32 (N, 1, 28, 28) or returns more than "
            "logits, and what adapts it is not compiled; let its forward do that"
        )
    try:
        plan = fuse_layers(trace(train_state.model))
        library = build_library(generate_source(plan), on_progress=on_progress, should_stop=should_stop)
        backend = NativeBackend(config, train_state, plan, library, largest_batch)
        _check_outputs(backend)
    except Unsupported as unsupported:
        raise BackendUnavailable(unsupported.reason, unsupported.hint) from unsupported
    return backend


class NativeBackend:
    """Trains a chain of layers on the processor, in place on the training state's own tensors."""

    name = "native"
    exact_on_any_threads = True

    def __init__(
        self,
        config: TrainConfig,
        train_state: TrainState,
        plan: NetworkPlan,
        library: ctypes.CDLL,
        largest_batch: int = 0,
    ) -> None:
        """`library` is what `generate_source(plan)` compiles to, and `plan` is of the training state's model.

        A step has room for `largest_batch` images, or for the config's batch size if that is larger.
        """
        self.config, self.train_state = config, train_state
        self._stages = lower_stages(plan)
        self._library = library
        self._capacity = max(largest_batch, config.batch_size)
        self._network = CompiledNetwork(library, self._capacity, 1)
        self._settings = bindings.StepHyperparameters(
            second_momentum=optimizer.SECOND_MOMENTUM,
            epsilon=optimizer.EPSILON,
            weight_decay=config.weight_decay,
            label_smoothing=config.label_smoothing,
            ema_decay=config.ema,
            seed=config.seed,
            algorithm=bindings.Algorithm[config.optimizer.upper()],
        )
        _make_contiguous(train_state)
        self._bound = self._bind()

    def use_threads(self, threads: int) -> None:
        torch.set_num_threads(1)  # torch's own would compete with the library's
        self._network.close()
        self._network = CompiledNetwork(self._library, self._capacity, threads)

    def begin(self) -> None:
        self.train_state.model.train()
        self._bound = self._bind()

    def augment(self, images: Tensor, maps: Tensor | None) -> Tensor:
        out = torch.empty(images.shape, dtype=torch.float32)
        config = self.config
        self._network.warp(
            images.contiguous(),
            maps if maps is None else maps.contiguous(),
            out,
            bilinear=config.interpolation == "bilinear",
            mean=config.mean,
            std=config.std,
        )
        return out

    def step(self, batch: Batch, settings: StepSettings, targets: Tensor | None = None) -> StepResult:
        own, (images, labels, weights) = self._settings, batch
        own.step, own.learning_rate, own.momentum = settings
        return StepResult(*self._network.step(self._bound, own, images, labels, weights=weights, targets=targets))

    def logits(self, images: Tensor) -> Tensor:
        out = torch.empty(len(images), OUTPUT_SHAPE.channels)
        self._network.logits(self._bound, images, out, averaged=self.train_state.average is not None)
        return out

    def peak_flops(self) -> float:
        """The processor's highest rate on as many threads, in floating-point operations per second, to compare with."""
        return self._network.peak_flops()

    def _bind(self) -> BoundTensors:
        return BoundTensors(self._tensors())

    def _tensors(self) -> Iterator[tuple[tuple[ParameterTensors | None, ...], NormStatistics | None]]:
        state, average = self.train_state, self.train_state.average
        self._settings.ema_steps = None if average is None else average.n_averaged.data_ptr()
        values, means = _named_tensors(state.model), {} if average is None else _named_tensors(average.module)
        positions = {id(parameter): at for at, parameter in enumerate(state.optimizer.parameters)}
        memory, steps = list(state.optimizer.memory.values()), state.optimizer.steps
        for stage in self._stages:
            names = stage.tensor_names()
            parameters = tuple(
                None
                if name is None
                else ParameterTensors(
                    value=values[name],
                    gradient=values[name].grad,
                    first=memory[0][positions[id(values[name])]] if memory else None,
                    second=memory[1][positions[id(values[name])]] if len(memory) > 1 else None,
                    steps=steps[positions[id(values[name])]] if steps else None,
                    average=means.get(name),
                )
                for name in names[:4]
            )
            buffers = (names.running_mean, names.running_var, names.num_batches_tracked)
            if buffers[0] is None:
                yield parameters, None
            else:
                own = (values[name] for name in buffers if name)
                yield parameters, NormStatistics(*own, *(means.get(name) for name in buffers if name))


def _make_contiguous(state: TrainState) -> None:
    """Every tensor contiguous, with a gradient allocated: the library knows no strides and allocates no tensor."""
    for model in (state.model, state.average.module if state.average else None):
        for parameter in () if model is None else model.parameters():
            parameter.data = parameter.data.contiguous()
    for parameter in state.optimizer.parameters:
        parameter.grad = torch.zeros_like(parameter)
    for tensors in state.optimizer.memory.values():
        tensors[:] = [tensor.contiguous() for tensor in tensors]


def _named_tensors(model: nn.Module) -> dict[str, Tensor]:
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


def _check_outputs(backend: NativeBackend) -> None:
    """Compare the whole network once: tracing believes what modules say of themselves. Draws no random numbers."""
    model = backend.train_state.eval_model
    images = torch.linspace(-3, 3, 4 * INPUT_SHAPE.height * INPUT_SHAPE.width).sin().reshape(4, *INPUT_SHAPE)
    expected = compute_logits(model, images).log_softmax(1)
    found = backend.logits(images).log_softmax(1)
    backend.train_state.model.train()
    if not torch.allclose(found, expected, rtol=_TOLERANCE, atol=_TOLERANCE * float(expected.abs().max())):
        raise BackendUnavailable("the compiled network's outputs differ from the model's own")
