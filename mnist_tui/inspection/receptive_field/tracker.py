"""The receptive field of each tensor during a forward pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from mnist_tui.inspection.receptive_field.aten_call import AtenCall, bind_arguments, find_tensors
from mnist_tui.inspection.receptive_field.fields import State, Unknown
from mnist_tui.inspection.receptive_field.rules import propagate
from mnist_tui.inspection.torch_internals import OpOverload


class FieldTracker:
    """The receptive field of every tensor seen so far."""

    def __init__(self, source: Tensor, state: State) -> None:
        # The tensors are kept, because the id of a freed one may be used again.
        self._states: dict[int, tuple[Tensor, State]] = {id(source): (source, state)}
        self._overwritten: dict[int, Unknown] = {}
        self._all_unknown: Unknown | None = None

    def state(self, tensor: Tensor) -> State:
        """What `tensor` depends on; None for what does not depend on the image."""
        if id(tensor) in self._states:
            return self._states[id(tensor)][1]
        return self._overwritten.get(_storage_address(tensor))

    def record(self, func: OpOverload, args: tuple[Any, ...], kwargs: Mapping[str, Any], result: Any) -> AtenCall:
        """Record one operation and its `result`; return the call, with the states of its inputs."""
        arguments = bind_arguments(func, args, kwargs)
        inputs = [(tensor, self.state(tensor)) for tensor in find_tensors(arguments)]
        outputs = list(find_tensors(result))
        call = AtenCall(func, arguments, inputs, outputs[0] if outputs else EMPTY)
        state = self._all_unknown or propagate(call)
        for tensor in _find_mutated(func, arguments):
            self._overwrite(call, tensor, state)
        for output in outputs:
            self._states[id(output)] = (output, state)
        return call

    def mark_unknown(self, reason: str) -> None:
        """From now on all fields are unknown: the forward has read values outside of any operation."""
        self._all_unknown = Unknown(reason)

    def _overwrite(self, call: AtenCall, target: Tensor, state: State) -> None:
        """`target` has changed in place, and with it all tensors that share its memory."""
        if state == self.state(target):
            return
        storage = _storage_address(target)
        others = Unknown(f"{call.name} writes in place to a tensor that has other views")
        self._overwritten[storage] = others
        for key, (tensor, _) in self._states.items():
            if _storage_address(tensor) == storage:
                self._states[key] = (tensor, others)
        self._states[id(target)] = (target, state)


EMPTY = Tensor()


def _find_mutated(func: OpOverload, arguments: Mapping[str, Any]) -> list[Tensor]:
    writes = (entry.name for entry in func._schema.arguments if entry.alias_info and entry.alias_info.is_write)
    return list(find_tensors([arguments[name] for name in writes]))


def _storage_address(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
