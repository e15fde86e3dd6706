"""A copy of a network that shares what cannot be copied, such as a lock, an open file or a log's writer."""

from __future__ import annotations

import copy
from typing import Any

from torch import Tensor, nn

_PARTS = frozenset({"_parameters", "_buffers", "_modules"})


def twin_of(model: nn.Module) -> nn.Module:
    """Its own parameters, buffers and modules, whatever else the model holds.

    What a module has computed and kept, such as a normed weight, is copied without its graph, with which torch copies
    nothing.
    """
    memo = _detached(model)
    try:
        return copy.deepcopy(model, dict(memo))
    except Exception:  # anything a person's own attribute raises when it is copied
        return copy.deepcopy(model, memo | _uncopyable(model))


def _detached(model: nn.Module) -> dict[int, Any]:
    kept = [value for module in model.modules() for value in vars(module).values()]
    return {
        id(value): value.detach().clone() for value in kept if isinstance(value, Tensor) and not value.is_leaf
    }


def _uncopyable(model: nn.Module) -> dict[int, Any]:
    """As deepcopy's memo: these stand for themselves."""
    shared: dict[int, Any] = {}
    for module in model.modules():
        for name, value in vars(module).items():
            if name not in _PARTS and not _is_copyable(value):
                shared[id(value)] = value
    return shared


def _is_copyable(value: object) -> bool:
    try:
        copy.deepcopy(value)
    except Exception:
        return False
    return True
