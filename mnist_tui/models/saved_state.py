"""Saving and restoring the state of a network, so that checking it does not change what is trained."""

from __future__ import annotations

import copy
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn


class SavedState:
    """A network as it is now: weights, buffers, and whatever attributes a `forward` may set or change in place.

    Nothing is pickled or deep-copied, which not every network supports.
    """

    def __init__(self, model: nn.Module) -> None:
        self._attributes = [(vars(module), dict(vars(module))) for module in model.modules()]
        values = [value for _, attributes in self._attributes for value in attributes.values()]
        self._containers = [(value, copy.copy(value)) for value in values if type(value) in _CONTAINERS]
        # A compiled module keeps its parameters out of Python's sight, but names them.
        tensors = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers(), *_find_tensors(values))}
        self._contents = [(tensor, tensor.data, tensor.data.clone()) for tensor in tensors.values()]
        self._gradients = [(parameter, parameter.grad) for parameter in model.parameters()]

    @torch.no_grad()
    def restore(self) -> None:
        for now, before in self._attributes:
            for name in now.keys() - before.keys():
                del now[name]
            now.update(before)
        for container, items in self._containers:
            container.clear()
            container.extend(items) if isinstance(container, (list, deque)) else container.update(items)
        for tensor, memory, content in self._contents:
            tensor.data = memory  # `forward` may have given a parameter other memory
            if not torch.equal(memory, content):
                memory.copy_(content)
        for parameter, gradient in self._gradients:
            parameter.grad = gradient


def detach_cached_tensors(model: nn.Module) -> None:
    """Detach cached results, such as a normalized weight: torch cannot copy a tensor with its graph."""
    for module in model.modules():
        for name, value in vars(module).items():
            if isinstance(value, Tensor) and not value.is_leaf:
                vars(module)[name] = value.detach()


_CONTAINERS = (list, dict, set, OrderedDict, deque)


def _find_tensors(values: Iterable[Any]) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple, set, deque)):
            yield from (item for item in value if isinstance(item, Tensor))
        elif isinstance(value, dict):  # as a module's parameters and buffers are
            yield from (item for item in value.values() if isinstance(item, Tensor))
