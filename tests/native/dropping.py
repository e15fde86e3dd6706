"""The numbers that a compiled network's dropouts multiply by, and a model that multiplies by the very same."""

from __future__ import annotations

import copy
import ctypes
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from mnist_tui.native.codegen.source import lower_stages
from mnist_tui.native.plan import Dropout, MapShape, NetworkPlan
from mnist_tui.native.toolchain.build import build_library

# One channel at a time, so that this knows nothing of registers; only how many channels pad is the headers' affair.
_FACTORS = """
#include "random.hpp"

extern "C" void factors(uint64_t seed, uint64_t step, uint64_t stage, double probability, int channels,
                        int64_t places, float* out) {
  const native::DropoutMask<1> drop(probability, native::stream(seed, step, stage));
  for (int64_t place = 0; place < places; place++)
    for (int c = 0; c < channels; c++)
      out[place * channels + c] = drop(uint32_t(place * native::padded(channels) + c))[0];
}
"""


def factors(drop: Dropout, out: MapShape, images: int, *, seed: int, step: int, stage: int) -> Tensor:
    """(N, C, H, W), or (N, C, 1, 1) for whole channels, of 0 and 1 / (1 - probability), float32."""
    height, width = (1, 1) if drop.whole_channels else (out.height, out.width)
    found = torch.empty(images, height, width, out.channels)
    function = build_library({"step.cpp": _FACTORS}, on_progress=lambda _what: None).factors
    function.argtypes = (
        *[ctypes.c_uint64] * 3,
        ctypes.c_double,
        ctypes.c_int,
        ctypes.c_int64,
        ctypes.c_void_p,
    )
    function.restype = None
    places = images * height * width
    function(seed, step, stage, drop.probability, out.channels, places, found.data_ptr())
    return found.permute(0, 3, 1, 2)


class Multiplied(nn.Module):
    """In a dropout's place."""

    def __init__(self) -> None:
        super().__init__()
        self.by: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        assert self.by is not None
        by = self.by if self.by.dim() == x.dim() else self.by.flatten(1)
        return x * by.to(x.dtype)


class Dropouts:
    """Those of a model that stands for a compiled one; call `draw` before each step."""

    def __init__(self, model: nn.Module, plan: NetworkPlan) -> None:
        """Takes the dropouts' places in `model`."""
        self._stages = [
            (number, stage, stage.dropout)
            for number, stage in enumerate(lower_stages(plan))
            if stage.dropout is not None
        ]
        self._places = list(_replaced(model))
        assert len(self._places) == len(self._stages)

    def draw(self, images: int, *, seed: int, step: int) -> None:
        """The factors of one step."""
        for place, (number, stage, drop) in zip(self._places, self._stages, strict=True):
            place.by = factors(drop, stage.output_shape, images, seed=seed, step=step, stage=number)


def stand_in(model: nn.Module, plan: NetworkPlan, dtype: torch.dtype) -> tuple[nn.Module, Dropouts]:
    """A copy of `model` for autograd, with the dropouts of the compiled `plan`."""
    twin = copy.deepcopy(model).to(dtype)
    return twin, Dropouts(twin, plan)


def _replaced(module: nn.Module) -> Iterator[Multiplied]:
    for name, child in module.named_children():
        if isinstance(child, nn.Dropout | nn.Dropout2d):
            if child.p == 0:
                continue  # nothing, and so no part of the plan
            place = Multiplied()
            setattr(module, name, place)
            yield place
        else:
            yield from _replaced(child)
