"""Update ratios: how far a step moves each layer's weights, which shows whether the learning rate suits all layers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mnist_tui.events import WeightsMoved
from mnist_tui.inspection.layers import layer_parameters

MEASUREMENTS_PER_EPOCH = 10


class UpdateRatios:
    """Measures a few steps of each epoch, always the same ones, so that a resumed run measures the same.

    Weight norm, gradient norm, and the ratio of update to weight norm, for which about 1e-3 is the usual rule of thumb
    (Stanford's CS231n notes, "Neural networks 3"). Training is not changed, and the other steps cost nothing.
    """

    def __init__(self, model: nn.Module) -> None:
        layers = layer_parameters(model)
        self._names = tuple(layers)
        self._weights = [weight for weights in layers.values() for weight in weights]
        self._sizes = [sum(weight.numel() for weight in weights) for weights in layers.values()]

    def capture(self, step: int, steps: int) -> Tensor | None:
        """A copy of all weights, for `measure` after step `step` (from 0) of `steps`; None if it is not measured."""
        due = (step + 1) * MEASUREMENTS_PER_EPOCH // steps > step * MEASUREMENTS_PER_EPOCH // steps
        return _flatten(self._weights) if due and self._weights else None

    def measure(self, before: Tensor, epoch: int, step: int) -> WeightsMoved:
        """How far the weights have moved since `before`. Waits for the device."""
        gradients = [torch.zeros_like(w) if w.grad is None else w.grad for w in self._weights]
        whole = torch.stack([before, _flatten(gradients), _flatten(self._weights) - before])
        norms = [part.square().sum(1) for part in whole.split(self._sizes, dim=1)]
        weights, gradient_norms, updates = torch.stack(norms, dim=1).sqrt_().tolist()
        ratios = (change / norm if norm else 0.0 for change, norm in zip(updates, weights, strict=True))
        return WeightsMoved(
            epoch=epoch,
            step=step,
            layers=self._names,
            weight_norms=tuple(weights),
            gradient_norms=tuple(gradient_norms),
            update_ratios=tuple(ratios),
        )


@torch.no_grad()
def _flatten(tensors: Sequence[Tensor]) -> Tensor:
    """A copy of all elements in one vector."""
    return torch.cat([tensor.reshape(-1) for tensor in tensors]).float()
