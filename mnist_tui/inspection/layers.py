"""The layers of a network: which modules are rows of the layer table, and which only contain others."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.utils.parametrize import type_before_parametrizations

# Torch's own modules whose children do the work; other ones with children, such as MultiheadAttention,
# use the children's weights without calling them.
CONTAINERS = frozenset({"torch.nn.modules.container", "torch.nn.modules.transformer"})
PARAMETER_CONTAINERS = (nn.ParameterList, nn.ParameterDict)
NOT_LAYERS = (nn.Module, nn.Sequential, nn.ModuleList, nn.ModuleDict)


def is_layer(module: nn.Module) -> bool:
    """Whether `module` is one row: it has no children, or is a layer of torch's own."""
    if isinstance(module, ScriptWrapper):
        return True
    origin = type_before_parametrizations(module).__module__
    is_torch_layer = origin.startswith("torch.nn.") and origin not in CONTAINERS
    return not isinstance(module, PARAMETER_CONTAINERS) and (is_torch_layer or not has_children(module))


def has_children(module: nn.Module) -> bool:
    """Whether it contains modules. Their truth value is not used: a compiled one has none."""
    return next(module.children(), None) is not None


def type_name(module: nn.Module) -> str:
    """The name that its author gave to the class."""
    if isinstance(module, ScriptWrapper):
        return str(module.inner.original_name)
    return type_before_parametrizations(module).__name__


def base_name(module: nn.Module) -> str:
    """The torch.nn layer that `module` is or derives from; "" if there is none."""
    bases = type_before_parametrizations(module).__mro__
    layers = (base for base in bases if base.__module__.startswith("torch.nn.") and base not in NOT_LAYERS)
    return next((base.__name__ for base in layers), "")


def layer_parameters(model: nn.Module) -> dict[str, list[nn.Parameter]]:
    """The trainable parameters of each layer by its path in the table; shared ones with the first that has them."""
    found: dict[str, list[nn.Parameter]] = {}
    seen: set[int] = set()
    for path, module in model.named_modules():
        whole = is_layer(module)
        for name, weight in module.named_parameters(recurse=whole):
            if weight.requires_grad and id(weight) not in seen:
                seen.add(id(weight))
                found.setdefault(path if whole else f"{path}.{name}".lstrip("."), []).append(weight)
    return found


class ScriptWrapper(nn.Module):
    """A compiled TorchScript module, which accepts no hooks, in a module that does: one row of the table."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.inner(*args, **kwargs)


def wrap_scripted(model: nn.Module) -> nn.Module:
    """`model`, with a wrapper around each compiled module, or around itself if it is one."""
    if isinstance(model, torch.jit.ScriptModule):
        return ScriptWrapper(model)
    for module in list(model.modules()):
        if not isinstance(module, torch.jit.ScriptModule):  # modules inside a compiled one cannot be replaced
            # Not named_children(), which leaves out a shared child's other names.
            for name, child in module._modules.items():
                if isinstance(child, torch.jit.ScriptModule):
                    module._modules[name] = ScriptWrapper(child)
    return model


def accepts_hooks(module: nn.Module) -> bool:
    """Whether it can be traced."""
    return not isinstance(module, torch.jit.ScriptModule)
