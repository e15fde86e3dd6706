"""A copy of a network that shares what cannot be copied, such as locks, open files or log writers."""

from __future__ import annotations

import copy
from typing import Any

from torch import Tensor, nn

_PARTS = frozenset({"_parameters", "_buffers", "_modules"})


def clone_model(model: nn.Module) -> nn.Module:
    """A copy with parameters, buffers and modules of its own, whatever else the model holds.

    Cached results of a module, such as a normalized weight, are copied without their graph, because torch cannot copy
    tensors with a graph.
    """
    memo = _detach_cached(model)
    try:
        return copy.deepcopy(model, dict(memo))
    except Exception:  # anything that a user's attribute raises when it is copied
        return copy.deepcopy(model, memo | _find_uncopyable(model))


def _detach_cached(model: nn.Module) -> dict[int, Any]:
    attributes = [value for module in model.modules() for value in vars(module).values()]
    return {
        id(value): value.detach().clone() for value in attributes if isinstance(value, Tensor) and not value.is_leaf
    }


def _find_uncopyable(model: nn.Module) -> dict[int, Any]:
    """A memo for deepcopy, by which these values are shared instead of copied."""
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
