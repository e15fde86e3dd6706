"""A compiled step beside PyTorch's in float64, which is the truth, and in float32, which it must not be worse than."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mnist_tui.config import TrainConfig
from mnist_tui.data import loader
from mnist_tui.training.backends.base import Backend
from mnist_tui.training.backends.eager import EagerBackend
from mnist_tui.training.train_state import TrainState
from tests.engine_fixtures import tiny_config
from tests.native.chains import Batch
from tests.native.compiling import SETTINGS, native, plan_for
from tests.native.dropping import stand_in

ROUNDING = 1e-5
"""Of a tensor's norm: what float32 may be off, however good PyTorch's own is."""

HAIRS = range(-4, 5)
"""How many hairs images and weights are larger, where the error of PyTorch's float32 has to be known better than from
one step: a sum that all but cancels is near to the truth by luck, and a little beside it is not."""

HAIR = 2.0**-20
"""Of each number: several times float32's resolution."""

EPSILON = 1e-5
"""The least that a norm adds to a variance: what is much smaller is nothing to it."""

Found = dict[str, Tensor]


@dataclass(frozen=True)
class Errors:
    """How far each tensor is from the truth, as a fraction of its norm: ours and PyTorch's float32."""

    ours: dict[str, float]
    torch: dict[str, float]

    @property
    def unexcused(self) -> dict[str, tuple[float, float]]:
        """Those that are neither rounding nor as good as PyTorch's; what is not a number is neither."""
        pairs = {name: (error, self.torch[name]) for name, error in self.ours.items()}
        return {name: pair for name, pair in pairs.items() if not pair[0] <= max(ROUNDING, pair[1])}


def errors_of_a_step(model: nn.Module, batch: Batch, config: TrainConfig | None = None) -> Errors:
    """Loss, gradients and running statistics of one step with the very same dropout."""
    beside = _Beside(model, batch, config or tiny_config())
    errors = Errors(beside.ours(), beside.torchs(0))
    if not errors.unexcused:
        return errors
    several = [beside.torchs(hairs) for hairs in HAIRS]
    return Errors(errors.ours, {name: max(torchs[name] for torchs in several) for name in errors.ours})


class _Beside:
    """One step, taken in several ways."""

    def __init__(self, model: nn.Module, batch: Batch, config: TrainConfig) -> None:
        self.model, self.batch, self.config = model, batch, config

    def ours(self) -> dict[str, float]:
        """The errors of the compiled step."""
        backend = native(copy.deepcopy(self.model), self.config)
        found = _after_a_step(backend, self.batch.images(torch.float32), self.batch.labels())
        return _errors(self._torch(torch.float64), found, self.batch.count)

    def torchs(self, hairs: int) -> dict[str, float]:
        """Those of PyTorch's float32, with images and weights that are so many hairs larger."""
        exact, found = (self._torch(dtype, hairs) for dtype in (torch.float64, torch.float32))
        return _errors(exact, found, self.batch.count)

    def _torch(self, dtype: torch.dtype, hairs: int = 0) -> Found:
        model = copy.deepcopy(self.model)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(1 + hairs * HAIR)
        twin, dropouts = stand_in(model, plan_for(model), dtype)
        dropouts.draw(self.batch.count, seed=self.config.seed, step=SETTINGS.number)
        backend = EagerBackend(self.config, TrainState(self.config, twin))
        backend.begin()
        images = self.batch.images() * (1 + hairs * HAIR)
        return _after_a_step(backend, images.to(dtype), self.batch.labels())


def _after_a_step(backend: Backend, images: Tensor, labels: Tensor) -> Found:
    result = backend.step(loader.Batch(images, labels), SETTINGS)
    model = backend.train_state.model
    found = {"loss": result.loss_sum, **dict(model.named_buffers())}
    gradients = {f"gradient of {name}": parameter.grad for name, parameter in model.named_parameters()}
    found |= {name: gradient for name, gradient in gradients.items() if gradient is not None}
    return {name: tensor.double().clone() for name, tensor in found.items()}


def _errors(exact: Found, found: Found, images: int) -> dict[str, float]:
    assert exact.keys() == found.keys()
    gradients = torch.cat([tensor.flatten() for name, tensor in exact.items() if "gradient" in name]).norm()
    whole = gradients.clamp(min=images**-0.5)
    return {
        name: ((found[name] - truth).norm() / torch.max(truth.norm(), _floor(name, exact, whole))).item()
        for name, truth in exact.items()
    }


def _floor(name: str, exact: Found, whole: Tensor) -> Tensor:
    """What an error is measured by at least, for the truth may be 0 or next to it.

    A gradient's is a tenth of all: that of what a norm undoes is nothing but rounding. Where next to nothing has one,
    because dropout or ReLUs have silenced a layer, it is a tenth of what the loss gives back: of about 1 / sqrt(N).
    A mean's is the deviation around it, which a norm divides by: the mean of what another norm has made is 0.
    """
    if "gradient" in name:
        return 0.1 * whole
    if name.endswith("running_mean"):
        return (exact[name.replace("running_mean", "running_var")] + EPSILON).sqrt().norm()
    if name.endswith("running_var"):
        return (exact[name] + EPSILON).norm()
    return torch.tensor(1e-30).double()
