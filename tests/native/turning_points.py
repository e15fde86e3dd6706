"""Batches on which the truth does not hang by a hair: rounding takes no number past a turning point.

Past the turning point of a ReLU or a max pooling there is another gradient, a whole number's part away from the first.
How near is too near differs from map to map, as a chain may magnify rounding: it is judged by how far PyTorch's float32
is off there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mnist_tui.config import TrainConfig
from tests.engine_fixtures import tiny_config
from tests.native.chains import Batch
from tests.native.compiling import SETTINGS, plan_for
from tests.native.dropping import stand_in

TRIES = 100
"""Of 600 random chains none took more than three."""

MARGIN = 8
"""As many deviations of rounding from a turning point: ours may be a few times as large as PyTorch's."""

ENOUGH = 100
"""Elements of a channel needed to estimate its rounding errors; with fewer, all channels are used together."""

TIE = 1e-11
"""Of a map's largest number: what differs by less is equal, but for the rounding of float64. So are the zeros of a
ReLU or a dropout, and the copies that a pooling makes of a number. Whichever is picked, all that is before them gets
the same gradient, as they are one and the same function of it."""


def firm_batch(model: nn.Module, batch: Batch, config: TrainConfig | None = None) -> Batch:
    """The first from `batch` on, seed by seed, that keeps ReLUs and pools off their turning points."""
    found = find_firm_batch(model, batch, config)
    assert found is not None, f"a number is at a turning point in each of {TRIES} batches of {model!r}"
    return found


def find_firm_batch(model: nn.Module, batch: Batch, config: TrainConfig | None = None) -> Batch | None:
    """As `firm_batch`, None where there is none."""
    config = config or tiny_config()
    exact, single = (_Watched(model, batch.count, config, dtype) for dtype in (torch.float64, torch.float32))
    tried = (Batch(batch.count, seed) for seed in range(batch.seed, batch.seed + TRIES))
    return next((batch for batch in tried if _is_firm(exact.turns(batch), single.turns(batch))), None)


class _Turn(NamedTuple):
    """A ReLU or a max pooling, and what it is given, (N, C, ...) float64."""

    module: nn.Module
    given: Tensor


class _Watched:
    """A copy of a model in training whose turning points are recorded."""

    def __init__(self, model: nn.Module, count: int, config: TrainConfig, dtype: torch.dtype) -> None:
        self._twin, dropouts = stand_in(model, plan_for(model), dtype)
        self._dtype = dtype
        self._turns: list[_Turn] = []
        dropouts.draw(count, seed=config.seed, step=SETTINGS.number)
        for module in self._twin.train().modules():
            if isinstance(module, nn.ReLU | nn.MaxPool2d):
                module.register_forward_pre_hook(self._look)

    @torch.no_grad()
    def turns(self, batch: Batch) -> list[_Turn]:
        """Those of one batch, in their order."""
        self._turns = []
        self._twin(batch.images(self._dtype))
        return self._turns

    def _look(self, module: nn.Module, given: tuple[Tensor, ...]) -> None:
        self._turns.append(_Turn(module, given[0].double().clone()))  # which a ReLU may overwrite


def _is_firm(exact: list[_Turn], single: list[_Turn]) -> bool:
    return not any(
        _is_near(distances, turn.given, rounded.given)
        for turn, rounded in zip(exact, single, strict=True)
        for distances in _distances(turn)
    )


def _distances(turn: _Turn) -> Iterator[Tensor]:
    """(N, C, ...) from the turning point; none where a window is one number."""
    if isinstance(turn.module, nn.ReLU):
        yield turn.given.abs()
        return
    assert isinstance(turn.module, nn.MaxPool2d)
    size, stride = turn.module.kernel_size, turn.module.stride
    if size != 1:
        windows = F.unfold(turn.given.flatten(0, 1)[:, None], size, stride=stride)
        top = windows.topk(2, dim=1).values
        yield (top[:, 0] - top[:, 1]).unflatten(0, turn.given.shape[:2])


def _is_near(distances: Tensor, exact: Tensor, single: Tensor) -> bool:
    channels = distances.transpose(0, 1).flatten(1)
    is_near = channels < _reach(single - exact)[:, None]
    return bool((is_near & (channels > TIE * exact.abs().max())).any())


def _reach(off: Tensor) -> Tensor:
    """How far rounding may take a number of each channel, (C,)."""
    channels = off.transpose(0, 1).flatten(1)
    deviations = channels.square().mean(1).sqrt()
    if channels.shape[1] < ENOUGH:
        deviations = deviations.max().expand_as(deviations)
    return MARGIN * deviations
