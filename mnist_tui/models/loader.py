"""From a model's source to a network that is known to work."""

from __future__ import annotations

import inspect
from types import ModuleType

from torch import nn

from mnist_tui.models.find_class import find_class
from mnist_tui.models.run_source import first_own_line, run_file, run_module
from mnist_tui.models.source import ModelSource, misfit
from mnist_tui.models.trial import try_forward


def build(source: ModelSource) -> nn.Module:
    """A new network of `source`'s class, after one trial forward. Raises ModelError naming what is wrong."""
    model = _instantiate(source, find_class(source, _run(source)))
    try_forward(source, model)
    return model


def _run(source: ModelSource) -> ModuleType:
    return run_file(source.spec, source.path) if source.path else run_module(source.spec, source.module)


def _instantiate(source: ModelSource, network: type[nn.Module]) -> nn.Module:
    needed = _required_arguments(network)
    if needed:
        raise misfit(
            source.spec,
            f"{source.class_name} needs arguments: {', '.join(needed)}",
            remedy="Give them default values, or name a subclass that does.",
        )
    try:
        return network()
    except Exception as error:
        where = first_own_line(error, source.path)
        raise misfit(
            source.spec, f"making a {source.class_name} raised {type(error).__name__}: {error}{where}"
        ) from error


def _required_arguments(network: type[nn.Module]) -> list[str]:
    positional_or_named = (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        inspect.Parameter.KEYWORD_ONLY,
    )
    parameters = inspect.signature(network).parameters.values()
    return [
        entry.name
        for entry in parameters
        if entry.default is entry.empty and entry.kind in positional_or_named
    ]
