"""A compiled step beside PyTorch's in float64, which is the truth, and in float32, which it must not be worse than."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mnist_tui.backends import Backend, StepSettings
from mnist_tui.backends.eager import EagerBackend
from mnist_tui.config import TrainConfig
from mnist_tui.learner import Learner
from tests.backends.native.chains import Batch
from tests.backends.native.compiling import native, plan_for
from tests.backends.native.dropping import stand_in
from tests.engine_fixtures import tiny_config

ROUNDING = 1e-5
"""Of a tensor's norm: what float32 may be off, however good PyTorch's own is."""

NARROW = 3e-6
"""How near to its turning point no number may be: rounding could take it, and a gradient, to the other side."""

SETTINGS = StepSettings(3, 0.01, 0.9)


@dataclass(frozen=True)
class Errors:
    """How far each tensor is from the truth, as a fraction of its norm: ours and PyTorch's float32."""

    ours: dict[str, float]
    torch: dict[str, float]

    @property
    def unexcused(self) -> dict[str, tuple[float, float]]:
        """Those that are neither rounding nor as good as PyTorch's."""
        pairs = {name: (error, self.torch[name]) for name, error in self.ours.items()}
        return {name: pair for name, pair in pairs.items() if pair[0] > max(ROUNDING, pair[1])}


def errors_of_a_step(model: nn.Module, batch: Batch, config: TrainConfig | None = None) -> Errors:
    """Loss, gradients and running statistics of one step with the very same dropout."""
    config = config or tiny_config()
    exact, single = (_torch(model, batch, config, dtype) for dtype in (torch.float64, torch.float32))
    ours = _after_a_step(native(copy.deepcopy(model), config), batch)
    scale = torch.cat([tensor.flatten() for name, tensor in exact.items() if "gradient" in name]).norm()
    error = partial(_errors, exact, scale)
    return Errors(error(ours), error(single))


def _torch(model: nn.Module, batch: Batch, config: TrainConfig, dtype: torch.dtype) -> dict[str, Tensor]:
    twin, dropouts = stand_in(model, plan_for(model), dtype)
    dropouts.draw(batch.count, seed=config.seed, step=SETTINGS.number)
    backend = EagerBackend(config, Learner(config, twin))
    backend.begin()
    return _after_a_step(backend, batch, dtype)


def _after_a_step(backend: Backend, batch: Batch, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    result = backend.step(batch.images(dtype), batch.labels(), SETTINGS)
    model = backend.learner.model
    found = {"loss": result.loss_sum, **dict(model.named_buffers())}
    gradients = {f"gradient of {name}": parameter.grad for name, parameter in model.named_parameters()}
    return found | {name: gradient for name, gradient in gradients.items() if gradient is not None}


def _errors(exact: dict[str, Tensor], scale: Tensor, found: dict[str, Tensor]) -> dict[str, float]:
    """A small gradient is measured by a tenth of all: that of what a norm undoes is nothing but rounding."""
    assert exact.keys() == found.keys()
    floors = {name: scale * 0.1 if "gradient" in name else torch.zeros(()) for name in exact}
    return {
        name: _relative(found[name], truth, max(truth.double().norm().item(), floors[name].item()))
        for name, truth in exact.items()
    }


def _relative(found: Tensor, truth: Tensor, norm: float) -> float:
    return (found.double() - truth.double()).norm().item() / max(norm, 1e-30)


# Batches on which the truth does not hang by a hair


def firm_batch(model: nn.Module, batch: Batch, config: TrainConfig | None = None) -> Batch:
    """The first from `batch` on, seed by seed, that keeps ReLUs and pools off their turning points."""
    config = config or tiny_config()
    twin, dropouts = stand_in(model, plan_for(model), torch.float64)
    twin.train()
    for seed in range(batch.seed, batch.seed + 200):
        tried = Batch(batch.count, seed)
        dropouts.draw(batch.count, seed=config.seed, step=SETTINGS.number)
        if _narrowest(copy.deepcopy(twin), tried.images()) > NARROW:
            return tried
    raise AssertionError("every batch has a number at a turning point")


@torch.no_grad()
def _narrowest(model: nn.Module, images: Tensor) -> float:
    """The smallest distance to a turning point, as a fraction of the map's deviation."""
    found = [1.0]

    def look(module: nn.Module, given: tuple[Tensor, ...]) -> None:
        distances = _distances(module, given[0])
        if distances.numel():
            found.append((distances.min() / given[0].std().clamp(min=1e-12)).item())

    with _hooks(model, (nn.ReLU, nn.MaxPool2d), look):
        model(images)
    return min(found)


def _distances(module: nn.Module, x: Tensor) -> Tensor:
    """Of what a ReLU or a max pooling is given; what is 0 twice over was a ReLU's already, or dropped."""
    if isinstance(module, nn.ReLU):
        return x[x != 0].abs()
    assert isinstance(module, nn.MaxPool2d)
    windows = F.unfold(x.flatten(0, 1)[:, None], module.kernel_size, stride=module.stride)
    top = windows.topk(2, dim=1).values
    gaps = top[:, 0] - top[:, 1]
    return gaps[gaps != 0]


@contextmanager
def _hooks(model: nn.Module, kinds: tuple[type[nn.Module], ...], look: object) -> Iterator[None]:
    handles = [
        module.register_forward_pre_hook(look)  # type: ignore[arg-type]
        for module in model.modules()
        if isinstance(module, kinds)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
