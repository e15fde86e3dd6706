"""A CUDA graph's stand-in on the processor: tensor operations recorded once, and done again on the same tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Tape(TorchDispatchMode):
    """While active, it keeps every operation with its arguments and results, those of the backward pass too."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[tuple[Any, Any, Any, Any]] = []

    def __torch_dispatch__(self, function: Any, _types: Any, arguments: Any = (), options: Any = None) -> Any:
        results = function(*arguments, **(options or {}))
        self.operations.append((function, arguments, options or {}, results))
        return results

    @torch.no_grad()
    def replay(self) -> None:
        """As a graph does: no Python of the recorded work, only its operations, into the tensors of then."""
        for function, arguments, options, results in self.operations:
            again = function(*arguments, **options)
            for then, now in zip(_tensors(results), _tensors(again), strict=True):
                # A view, or what was changed in place, is up to date already.
                if then.untyped_storage().data_ptr() != now.untyped_storage().data_ptr():
                    then.copy_(now)


class TapeCapture:
    """A `mnist_tui.training.backends.cuda_graph.GraphCapture`."""

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        work()
        tape = Tape()
        with tape:
            work()
        return tape.replay


def _tensors(nested: Any) -> Iterator[Tensor]:
    return (leaf for leaf in tree_leaves(nested) if isinstance(leaf, Tensor))
