"""One call of an aten operation, with its arguments by name and the receptive fields of its tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mnist_tui.inspection.receptive_field.fields import Field, State
from mnist_tui.inspection.torch_internals import OpOverload, pytree


@dataclass(frozen=True)
class AtenCall:
    """`func` called with `arguments`; `inputs` pairs each tensor among them with what it depends on."""

    func: OpOverload
    arguments: Mapping[str, Any]
    inputs: Sequence[tuple[Tensor, State]]
    output: Tensor

    @property
    def name(self) -> str:
        """The name of the operation, such as `max_pool2d_with_indices`; with its namespace if that is not aten."""
        return operation_name(self.func)

    @property
    def first(self) -> Tensor:
        """The tensor it works on, by aten's convention the first."""
        return self.inputs[0][0]

    @property
    def fields(self) -> list[tuple[Field, torch.Size]]:
        """The field and the shape of each tensor that depends on the image in a known way."""
        return [(state, tensor.shape) for tensor, state in self.inputs if isinstance(state, Field)]

    def state(self, name: str) -> State:
        """What the tensor argument called `name` depends on."""
        wanted = self.arguments[name]
        return next((state for tensor, state in self.inputs if tensor is wanted), None)

    def dims(self) -> list[int]:
        """The argument `dim` as negative dimensions of `first`; all of them if it is None or empty."""
        rank, given = self.first.dim(), self.arguments.get("dim")
        chosen = [given] if isinstance(given, int) else list(given or range(rank))
        return [dim if dim < 0 else dim - rank for dim in chosen]

    def numbers(self, name: str, count: int) -> list[int]:
        """The argument `name` as `count` numbers, one for each side, repeated if it is only one."""
        given = self.arguments[name]
        listed = [given] if isinstance(given, int) else list(given)
        return listed * count if len(listed) == 1 else listed


def operation_name(func: OpOverload) -> str:
    """The name of `func` without overload, and without the namespace if that is aten."""
    return str(func._schema.name).removeprefix("aten::")


def bind_arguments(func: OpOverload, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Name to value for every argument of `func`, defaults included."""
    values = {entry.name: entry.default_value for entry in func._schema.arguments}
    values.update(zip(values, args, strict=False))
    return values | dict(kwargs)


def find_tensors(values: Any) -> Iterator[Tensor]:
    """All tensors in a nest of tuples, lists and dictionaries, in order."""
    return (leaf for leaf in pytree.tree_leaves(values) if isinstance(leaf, Tensor))
