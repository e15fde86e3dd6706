"""Feature maps: the outputs of each layer for one image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from mnist_tui.inspection.layers import is_layer, takes_hooks
from mnist_tui.inspection.receptive_field.aten_call import find_tensors


def compute_feature_maps(model: nn.Module, image: Tensor) -> dict[str, Tensor]:
    """The output of each layer's last call, (C, H, W) float32 on the CPU, by path in the order of `forward`.

    image: (1, 1, H, W), the network's input. A vector is one map with one row, a sequence of vectors one map with
    several; of several outputs the first is taken. Runs `model` in its current mode, and leaves no hook in it.
    """
    maps: dict[str, Tensor] = {}
    handles = [
        module.register_forward_hook(_keep_output(maps, path))
        for path, module in model.named_modules()
        if is_layer(module) and takes_hooks(module)
    ]
    try:
        with torch.no_grad():
            model(image.clone())  # a `forward` may change it in place
    finally:
        for handle in handles:
            handle.remove()
    return maps


def _keep_output(maps: dict[str, Tensor], path: str) -> Callable[[nn.Module, Any, Any], None]:
    def keep(_module: nn.Module, _given: Any, output: Any) -> None:
        first = next(find_tensors(output), None)
        if first is not None and first.numel():
            # A clone, as an in-place ReLU would change it afterwards.
            maps[path] = as_maps(first.detach().float().cpu().clone())

    return keep


def as_maps(output: Tensor) -> Tensor:
    """A layer's output for a batch of one as maps (C, H, W)."""
    inner = output[0] if output.dim() else output
    while inner.dim() < 3:
        inner = inner.unsqueeze(0)
    return inner.flatten(0, inner.dim() - 3)
