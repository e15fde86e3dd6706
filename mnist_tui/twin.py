"""A copy of a network that shares what cannot be copied, such as a lock, an open file or a log's writer."""

from __future__ import annotations

import copy
from typing import Any

from torch import nn

_PARTS = frozenset({"_parameters", "_buffers", "_modules"})


def twin_of(model: nn.Module) -> nn.Module:
    """Its own parameters, buffers and modules, whatever else the model holds."""
    try:
        return copy.deepcopy(model)
    except Exception:  # anything a person's own attribute raises when it is copied
        return copy.deepcopy(model, _uncopyable(model))


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
