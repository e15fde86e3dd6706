"""Hooks for networks whose training loop reshapes or resizes the images, or selects one of several results.

Hooks on the module itself keep its class and the names of its weights unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mnist_tui.models.code_errors import USER_EXCEPTIONS
from mnist_tui.models.saved_state import SavedState

_LOGITS = "logits"
"""The name of the logits in the results of many libraries' networks."""


def adapt_model(model: nn.Module, images: Tensor, classes: int) -> bool:
    """Make `model` fit by passing `images` in another shape, or by selecting one of its results.

    Returns whether it fits then. `model` is in evaluation mode and is tried without gradients; only hooks are added.
    """
    if isinstance(model, torch.jit.ScriptModule):  # it accepts no hooks
        return False
    for shape in (None, *_SHAPES):
        saved_state = SavedState(model)
        try:
            result = model(images if shape is None else shape.convert(images))
        except USER_EXCEPTIONS:
            continue
        finally:
            saved_state.restore()
        found = _find_logits(result, (len(images), classes))
        if found is not None:
            _add_hooks(model, shape, found)
            return True
    return False


def describe_adaptations(model: nn.Module) -> Iterator[str]:
    """What `adapt_model` has done to `model`: each item completes a sentence that starts with the network's name."""
    for hook in (*model._forward_pre_hooks.values(), *model._forward_hooks.values()):
        if isinstance(hook, partial) and hook.func is _convert_input:
            name, code, _ = hook.args[0]
            yield f"takes images as {name} and receives them so: `{code}` at the start of forward does the same"
        elif isinstance(hook, partial) and hook.func is _select_result:
            yield f"returns several results, of which {hook.args[0]!r} is used as its logits"


class _Shape(NamedTuple):
    """Another shape of the images, and the code that a user would write for it."""

    name: str
    code: str
    convert: Callable[[Tensor], Tensor]


_SHAPES = (
    _Shape("vectors (N, 784)", "x = x.flatten(1)", lambda x: x.flatten(1)),
    _Shape("rows (N, 28, 28)", "x = x.squeeze(1)", lambda x: x.squeeze(1)),
    # The input of LeNet-5, and the result of `transforms.Resize(32)` for MNIST.
    _Shape(
        "32×32 pixels (N, 1, 32, 32)",
        "x = F.interpolate(x, (32, 32), mode='bilinear')",
        lambda x: F.interpolate(x, (32, 32), mode="bilinear"),
    ),
    # The result of `ToTensor` after `torch.set_default_dtype(torch.float64)`.
    _Shape("float64", "x = x.double()", lambda x: x.double()),
    _Shape("three channels (N, 3, 28, 28)", "x = x.repeat(1, 3, 1, 1)", lambda x: x.repeat(1, 3, 1, 1)),
)


def _find_logits(result: object, shape: tuple[int, int]) -> tuple[int | str, ...] | None:
    """() if `result` itself is logits of that shape, their index or key if it contains several tensors, else None.

    Logits are often returned together with their probabilities; the logits are selected.
    """
    if _has_shape(result, shape):
        return ()
    items: list[tuple[Any, Any]] = []
    if isinstance(result, Mapping):
        items = sorted(result.items(), key=lambda item: item[0] != _LOGITS)
    elif isinstance(result, (tuple, list)):
        items = list(enumerate(result))
    fitting = [(place, item) for place, item in items if _has_shape(item, shape)]
    fitting.sort(key=lambda entry: _is_probability(entry[1]))
    return (fitting[0][0],) if fitting else None


def _has_shape(result: object, shape: tuple[int, int]) -> bool:
    return isinstance(result, Tensor) and tuple(result.shape) == shape and result.is_floating_point()


def _is_probability(output: Tensor) -> bool:
    sums = output.float().sum(1)
    return bool((output >= 0).all()) and torch.allclose(sums, torch.ones_like(sums), atol=1e-2)


def _add_hooks(model: nn.Module, shape: _Shape | None, place: tuple[int | str, ...]) -> None:
    if shape is not None:
        model.register_forward_pre_hook(partial(_convert_input, shape))
    if place:
        model.register_forward_hook(partial(_select_result, place[0]))


def _convert_input(shape: _Shape, _module: nn.Module, given: tuple[Tensor, ...]) -> Tensor:
    return shape.convert(given[0])


def _select_result(place: int | str, _module: nn.Module, _given: tuple[Tensor, ...], result: Any) -> Any:
    return result[place]
