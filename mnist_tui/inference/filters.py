"""The filters of the first layer: the only weights that can be shown as images."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mnist_tui.inspection.layers import takes_hooks, type_name


@dataclass(frozen=True, eq=False)
class Filters:
    """The filters of the layer at `path`; `weights` is (filters, height, width) float32."""

    path: str
    type: str
    weights: Tensor


def find_first_filters(model: nn.Module, image: Tensor) -> Filters | None:
    """The filters of the first layer with weights that is called: a convolution's kernels, a linear layer's templates.

    image: (1, 1, H, W). None if they are neither. Runs `model` in its current mode, and leaves no hook in it.
    """
    first: list[tuple[str, nn.Module]] = []
    handles = [
        module.register_forward_pre_hook(lambda _module, _given, named=(path, module): first.append(named))
        for path, module in model.named_modules()
        if isinstance(getattr(module, "weight", None), Tensor) and takes_hooks(module)
    ]
    try:
        with torch.no_grad():
            model(image.clone())  # a `forward` may change it in place
    finally:
        for handle in handles:
            handle.remove()
    if not first:
        return None
    path, module = first[0]
    weights = _as_images(module.weight, image.shape[-2:])  # type: ignore[arg-type]
    return None if weights is None else Filters(path, type_name(module), weights)


def _as_images(weight: Tensor, size: torch.Size) -> Tensor | None:
    values = weight.detach().float().cpu()
    if values.dim() == 4 and values.shape[1] == 1:  # a convolution of the only channel
        return values[:, 0].clone()
    if values.dim() == 2 and values.shape[1] == math.prod(size):
        return values.reshape(-1, *size).clone()
    return None
