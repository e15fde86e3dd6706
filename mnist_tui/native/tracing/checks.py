"""What a symbolic run cannot see: whatever makes a module do more than its class says, and weights left over."""

from __future__ import annotations

import inspect
from collections.abc import Collection

from torch import nn

from mnist_tui.models.adapters import adaptations
from mnist_tui.native.unsupported import Unsupported

HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
TENSORS = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def refuse_extras(model: nn.Module) -> None:
    """Raises Unfit where a module of `model` carries hooks, parametrizations, or methods of its own."""
    if any(adaptations(model)):
        raise Unsupported(
            f"{type(model).__name__} takes other images than float32 (N, 1, 28, 28) or returns more than logits, "
            "and what adapts it is not compiled; let its forward do that"
        )
    for name, module in model.named_modules():
        subject = f"{type(module).__name__} `{name}`" if name else type(module).__name__
        if hasattr(module, "parametrizations"):
            raise Unsupported(f"{subject} has parametrizations; only plain parameters are compiled")
        if any(getattr(module, hooks) for hooks in HOOKS):
            raise Unsupported(f"{subject} has hooks, which a compiled step would not call; remove them")
        if _is_patched(module):
            raise Unsupported(
                f"{subject} has its own `__call__`, `train` or `eval`, or a `forward` put in afterwards; "
                "only the `forward` of its class is followed"
            )
    _refuse_parameter_extras(model)
    _refuse_further_arguments(model)


def refuse_leftovers(model: nn.Module, called: Collection[str]) -> None:
    """Raises Unfit where the layers of the chain, named in `called`, do not own each tensor once."""
    owned: dict[int, str] = {}
    for name in called:
        layer = model.get_submodule(name)
        for tensor in (getattr(layer, tensor, None) for tensor in TENSORS):
            if tensor is None:
                continue
            if id(tensor) in owned:
                raise Unsupported(
                    f"`{name}` and `{owned[id(tensor)]}` share their weights; each needs its own"
                )
            owned[id(tensor)] = name
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        if id(tensor) not in owned:
            raise Unsupported(
                f"`{name}` belongs to no layer that `forward` calls; remove it, or use its layer"
            )


def _is_patched(module: nn.Module) -> bool:
    kind = type(module)
    own = (kind.__call__, kind.train, kind.eval)
    return own != (nn.Module.__call__, nn.Module.train, nn.Module.eval) or "forward" in vars(module)


def _refuse_parameter_extras(model: nn.Module) -> None:
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            raise Unsupported(
                f"`{name}` is frozen (requires_grad=False); only training all of it is compiled"
            )
        if parameter._backward_hooks or getattr(parameter, "_post_accumulate_grad_hooks", None):
            raise Unsupported(f"`{name}` has hooks, which a compiled step would not call; remove them")


def _refuse_further_arguments(model: nn.Module) -> None:
    _, *arguments = inspect.signature(type(model).forward).parameters.values()
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if len(arguments) != 1 or arguments[0].kind not in plain:
        names = ", ".join(str(argument) for argument in arguments)
        raise Unsupported(f"`forward` takes ({names}); only one argument, the images, is compiled")
