"""What a symbolic run cannot see: modules that do more than their class says, and weights that no layer uses."""

from __future__ import annotations

import inspect
from collections.abc import Collection

from torch import nn

from mnist_tui.native.unsupported import Unsupported

# torch has no public way to ask for hooks.
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
TENSORS = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def refuse_extras(model: nn.Module) -> None:
    """Raise Unsupported where a module of `model` has hooks, parametrizations, or replaced methods."""
    for name, module in model.named_modules():
        subject = f"{type(module).__name__} `{name}`" if name else type(module).__name__
        if hasattr(module, "parametrizations"):
            raise Unsupported(f"{subject} has parametrizations; only plain parameters are compiled")
        if any(getattr(module, hooks) for hooks in HOOKS):
            raise Unsupported(f"{subject} has hooks, which a compiled step would not call; remove them")
        if _is_patched(module):
            raise Unsupported(
                f"{subject} has its own `__call__`, `train` or `eval`, or a `forward` that was replaced; "
                "only the `forward` of its class is traced"
            )
    _refuse_parameter_extras(model)
    _refuse_further_arguments(model)


def refuse_leftovers(model: nn.Module, called: Collection[str]) -> None:
    """Raise Unsupported unless each tensor belongs to exactly one of the layers named in `called`."""
    owned: dict[int, str] = {}
    for name in called:
        layer = model.get_submodule(name)
        for tensor in (getattr(layer, tensor, None) for tensor in TENSORS):
            if tensor is None:
                continue
            if id(tensor) in owned:
                raise Unsupported(f"`{name}` and `{owned[id(tensor)]}` share their weights; each needs its own")
            owned[id(tensor)] = name
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        if id(tensor) not in owned:
            raise Unsupported(f"`{name}` belongs to no layer that `forward` calls; remove it, or use its layer")


def _is_patched(module: nn.Module) -> bool:
    kind = type(module)
    own = (kind.__call__, kind.train, kind.eval)
    return own != (nn.Module.__call__, nn.Module.train, nn.Module.eval) or "forward" in vars(module)


def _refuse_parameter_extras(model: nn.Module) -> None:
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            raise Unsupported(f"`{name}` is frozen (requires_grad=False); only training all of it is compiled")
        if parameter._backward_hooks or getattr(parameter, "_post_accumulate_grad_hooks", None):
            raise Unsupported(f"`{name}` has hooks, which a compiled step would not call; remove them")


def _refuse_further_arguments(model: nn.Module) -> None:
    _, *arguments = inspect.signature(type(model).forward).parameters.values()
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if len(arguments) != 1 or arguments[0].kind not in plain:
        names = ", ".join(str(argument) for argument in arguments)
        raise Unsupported(f"`forward` takes ({names}); only one argument, the images, is compiled")
