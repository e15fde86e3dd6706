"""The network's class in a module that has been run."""

from __future__ import annotations

import difflib
from types import ModuleType

from torch import nn

from mnist_tui.models.source import ModelSource, misfit


def find_class(source: ModelSource, module: ModuleType) -> type[nn.Module]:
    """The class that `source` names. Raises ModelError listing the classes that `module` defines."""
    found = getattr(module, source.class_name, None) if source.class_name else None
    if isinstance(found, type) and issubclass(found, nn.Module):
        return found
    networks = [name for name, value in vars(module).items() if _is_defined_in(module, value)]
    raise misfit(source.spec, _complaint(source, found, networks), remedy=_remedy(source, networks))


def _is_defined_in(module: ModuleType, value: object) -> bool:
    return isinstance(value, type) and issubclass(value, nn.Module) and value.__module__ == module.__name__


def _complaint(source: ModelSource, found: object, networks: list[str]) -> str:
    if not source.class_name:
        return "a file alone names no network; add a colon and its class"
    if isinstance(found, nn.Module):
        return f"{source.class_name} is an instance of {type(found).__name__}, not a class"
    if isinstance(found, type):
        return f"{source.class_name} is not a torch.nn.Module"
    if found is not None:
        return f"{source.class_name} is a {type(found).__name__}, not a torch.nn.Module class"
    near = difflib.get_close_matches(source.class_name, networks, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"there is no class {source.class_name!r}{hint}"


def _remedy(source: ModelSource, networks: list[str]) -> str:
    place = source.path.name if source.path else source.module
    if not networks:
        return f"{place} defines no torch.nn.Module class; a model is one from (N, 1, 28, 28) to (N, 10)."
    return f"Networks in {place}: {', '.join(networks)}."
