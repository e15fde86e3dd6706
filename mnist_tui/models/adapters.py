"""Hooks for networks whose training loop reshapes or resizes the images, or selects one of several results.

Hooks on the module itself keep its class and the names of its weights unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

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
    for reshape in (None, *_SHAPES):
        saved_state = SavedState(model)
        try:
            result = model(images if reshape is None else reshape(images))
        except USER_EXCEPTIONS:
            continue
        finally:
            saved_state.restore()
        found = _find_logits(result, (len(images), classes))
        if found is not None:
            _add_hooks(model, reshape, found)
            return True
    return False


def describe_adaptations(model: nn.Module) -> Iterator[str]:
    """What `adapt_model` has done to `model`: each item completes a sentence that starts with the network's name."""
    for hook in model._forward_pre_hooks.values():
        if (shape := _SHAPES.get(_hook_function(hook))) is not None:
            yield f"takes images as {shape[0]} and receives them so: `{shape[1]}` at the start of forward does the same"
    for hook in model._forward_hooks.values():
        if _hook_function(hook) is _select_result:
            yield f"returns several results, of which {hook.args[0]!r} is used as its logits"  # type: ignore[attr-defined]


def _flatten_images(images: Tensor) -> Tensor:
    return images.flatten(1)


def _drop_channel(images: Tensor) -> Tensor:
    return images.squeeze(1)


def _enlarge(images: Tensor) -> Tensor:
    """The input of LeNet-5, and the result of `transforms.Resize(32)` for MNIST."""
    return F.interpolate(images, (32, 32), mode="bilinear")


def _repeat_channel(images: Tensor) -> Tensor:
    return images.repeat(1, 3, 1, 1)


def _convert_to_double(images: Tensor) -> Tensor:
    """The result of `ToTensor` after `torch.set_default_dtype(torch.float64)`."""
    return images.double()


_SHAPES: Mapping[Callable[..., Any], tuple[str, str]] = {
    _flatten_images: ("vectors (N, 784)", "x = x.flatten(1)"),
    _drop_channel: ("rows (N, 28, 28)", "x = x.squeeze(1)"),
    _enlarge: ("32×32 pixels (N, 1, 32, 32)", "x = F.interpolate(x, (32, 32), mode='bilinear')"),
    _convert_to_double: ("float64", "x = x.double()"),
    _repeat_channel: ("three channels (N, 3, 28, 28)", "x = x.repeat(1, 3, 1, 1)"),
}


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


def _add_hooks(model: nn.Module, reshape: Callable[[Tensor], Tensor] | None, place: tuple[int | str, ...]) -> None:
    if reshape is not None:
        model.register_forward_pre_hook(partial(_reshape_input, reshape))
    if place:
        model.register_forward_hook(partial(_select_result, place[0]))


def _reshape_input(reshape: Callable[[Tensor], Tensor], _module: nn.Module, given: tuple[Tensor, ...]) -> Tensor:
    return reshape(given[0])


def _select_result(place: int | str, _module: nn.Module, _given: tuple[Tensor, ...], result: Any) -> Any:
    return result[place]


def _hook_function(hook: object) -> Callable[..., Any]:
    """The function of a hook that `adapt_model` added; for any other hook, this function itself, which matches none."""
    if not isinstance(hook, partial):
        return _hook_function
    return hook.args[0] if hook.func is _reshape_input else hook.func
