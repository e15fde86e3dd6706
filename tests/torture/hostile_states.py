"""Checkpoints that are well-formed files with the wrong things in them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from random import Random
from typing import Any

import torch
from torch import Tensor

from tests.torture.mutations import SPECIAL_VALUES

_TENSORS: tuple[Callable[[Tensor], Any], ...] = (
    lambda tensor: tensor.double(),
    lambda tensor: tensor.to(torch.uint8),
    lambda tensor: tensor.to(torch.complex64),
    lambda tensor: tensor.bool(),
    lambda tensor: tensor.flatten()[:-1],
    lambda tensor: tensor[None],
    lambda tensor: torch.zeros(()),
    lambda tensor: torch.zeros(0),
    lambda tensor: torch.full_like(tensor, 127),
    lambda tensor: torch.full(tensor.shape, float("nan")),
    lambda tensor: torch.zeros(1).expand(100_000, 100_000),
    lambda tensor: torch.sparse_coo_tensor(
        torch.zeros(1, 1, dtype=torch.int64), torch.ones(1), (5,), check_invariants=True
    ),
    lambda tensor: tensor.tolist(),
    lambda tensor: None,
)


def strange(state: dict[str, Any], random: Random) -> dict[str, Any]:
    """A copy in which one to three values are changed, missing, or added."""
    changed = copy.deepcopy(state)
    for _ in range(random.randint(1, 3)):
        _change(changed, random)
    return changed


def _change(value: Any, random: Random) -> None:
    while True:
        key = random.choice(list(value)) if isinstance(value, dict) else random.randrange(len(value))
        below = value[key]
        if isinstance(below, (dict, list)) and below and random.random() > 0.1:
            value = below
            continue
        way = random.randrange(10)
        if way == 0 and isinstance(value, dict):
            del value[key]
        elif way == 1 and isinstance(value, dict):
            value["a stranger"] = below
        elif isinstance(below, Tensor) and below.numel() < 10**6 and way > 2:
            value[key] = random.choice(_TENSORS)(below)
        else:
            value[key] = random.choice(_PLAIN)
        return


# What torch writes and reads back; a lone surrogate it does not.
_PLAIN = tuple(value for value in SPECIAL_VALUES if value != "\ud800")
