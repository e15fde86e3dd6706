"""What can be shown of a network's layers as images: the first layer's filters, and each layer's feature maps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from mnist_tui.inspection.layers import accepts_hooks, is_layer, type_name
from mnist_tui.inspection.receptive_field.aten_call import find_tensors


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
    hooks = [
        module.register_forward_pre_hook(lambda _module, _given, named=(path, module): first.append(named))
        for path, module in model.named_modules()
        if isinstance(getattr(module, "weight", None), Tensor) and accepts_hooks(module)
    ]
    _run_once(model, image, hooks)
    if not first:
        return None
    path, module = first[0]
    weights = _as_images(module.weight, image.shape[-2:])  # type: ignore[arg-type]
    return None if weights is None else Filters(path, type_name(module), weights)


def compute_feature_maps(model: nn.Module, image: Tensor) -> dict[str, Tensor]:
    """The output of each layer's last call, (C, H, W) float32 on the CPU, by path in the order of `forward`.

    image: (1, 1, H, W), the network's input. A vector is one map with one row, a sequence of vectors one map with
    several; of several outputs the first is taken. Runs `model` in its current mode, and leaves no hook in it.
    """
    maps: dict[str, Tensor] = {}
    hooks = [
        module.register_forward_hook(_keep_output(maps, path))
        for path, module in model.named_modules()
        if is_layer(module) and accepts_hooks(module)
    ]
    _run_once(model, image, hooks)
    return maps


def as_maps(output: Tensor) -> Tensor:
    """A layer's output for a batch of one as maps (C, H, W)."""
    inner = output[0] if output.dim() else output
    while inner.dim() < 3:
        inner = inner.unsqueeze(0)
    return inner.flatten(0, inner.dim() - 3)


def _run_once(model: nn.Module, image: Tensor, hooks: Iterable[RemovableHandle]) -> None:
    """Run `model`, then remove the hooks."""
    try:
        with torch.no_grad():
            model(image.clone())  # a `forward` may change it in place
    finally:
        for hook in hooks:
            hook.remove()


def _keep_output(maps: dict[str, Tensor], path: str) -> Callable[[nn.Module, Any, Any], None]:
    def keep(_module: nn.Module, _given: Any, output: Any) -> None:
        first = next(find_tensors(output), None)
        if first is not None and first.numel():
            # A clone, as an in-place ReLU would change it afterwards.
            maps[path] = as_maps(first.detach().float().cpu().clone())

    return keep


def _as_images(weight: Tensor, size: torch.Size) -> Tensor | None:
    values = weight.detach().float().cpu()
    if values.dim() == 4 and values.shape[1] == 1:  # a convolution of the only channel
        return values[:, 0].clone()
    if values.dim() == 2 and values.shape[1] == math.prod(size):
        return values.reshape(-1, *size).clone()
    return None
