"""Which modules are layers of the table, and which only hold others."""

from __future__ import annotations

from torch import nn
from torch.nn.utils.parametrize import type_before_parametrizations

from mnist_tui.inspection.scripted import Shell

# Torch's own modules whose children do the work; other ones with children, such as MultiheadAttention,
# use the children's weights without calling them.
OPENED = frozenset({"torch.nn.modules.container", "torch.nn.modules.transformer"})


def is_leaf(module: nn.Module) -> bool:
    """Whether `module` is one row: it has no children, or is a layer of torch's own."""
    if isinstance(module, Shell):
        return True
    origin = type_before_parametrizations(module).__module__
    ours = origin.startswith("torch.nn.") and origin not in OPENED
    return not isinstance(module, HOLDERS) and (ours or not has_children(module))


def has_children(module: nn.Module) -> bool:
    """Whether it has modules within it, whose own truth is not asked: a compiled one has none."""
    return next(module.children(), None) is not None


def type_name(module: nn.Module) -> str:
    """The class as its author called it."""
    if isinstance(module, Shell):
        return module.name
    return type_before_parametrizations(module).__name__


def base_name(module: nn.Module) -> str:
    """The torch.nn layer that `module` is or derives from; "" where it is none."""
    bases = type_before_parametrizations(module).__mro__
    layers = (base for base in bases if base.__module__.startswith("torch.nn.") and base not in PLAIN)
    return next((base.__name__ for base in layers), "")


HOLDERS = (nn.ParameterList, nn.ParameterDict)
PLAIN = (nn.Module, nn.Sequential, nn.ModuleList, nn.ModuleDict)
