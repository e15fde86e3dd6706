"""Building a network from its source: finding it in the imported code, creating it, and checking it."""

from __future__ import annotations

import ast
import builtins
import importlib.util
import inspect
import sys
import weakref
from argparse import Namespace
from collections.abc import Callable, Hashable, Mapping
from dataclasses import is_dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

import torch
from torch import nn

from mnist_tui.errors import ModelError, did_you_mean
from mnist_tui.models import script
from mnist_tui.models.code_errors import USER_EXCEPTIONS, explain_code_error, explain_import_error
from mnist_tui.models.forward_check import check_forward
from mnist_tui.models.import_source import ImportedCode, OnNotice, import_code
from mnist_tui.models.process_settings import preserve_torch_settings, run_as_script
from mnist_tui.models.spec import ModelSource, model_error

ModelFactory = Callable[[], object]


def build_model(source: ModelSource, *, isolated: bool = False, on_notice: OnNotice | None = None) -> nn.Module:
    """A new network of `source`, after one trial forward. Raises ModelError naming the problem.

    Notices are passed to `on_notice`, or printed on standard error without it. With `isolated`, for use beside a
    training, torch's random state does not change.
    """
    if source.is_registered:
        model = _create(source, find_factory(source, import_code(source, _print_notice)))
        check_forward(source, model)
        return model
    with run_as_script(source.path):
        with preserve_torch_settings():
            imported, maker = _import(source, on_notice or _print_notice, isolated=isolated)
            model = _create(source, maker)
        _CODE[model] = imported
        check_forward(source, model)
        return model


def get_imported_code(model: nn.Module) -> ImportedCode | None:
    """The code that was run to create `model`; None for the program's own networks."""
    return _CODE.get(model)


_CODE: weakref.WeakKeyDictionary[nn.Module, ImportedCode] = weakref.WeakKeyDictionary()


def _import(source: ModelSource, on_notice: OnNotice, *, isolated: bool) -> tuple[ImportedCode, ModelFactory]:
    """Initial weights are drawn after the same random numbers, whether or not the import draws any.

    Those of an instance are drawn by the import, which therefore has to be repeated each time.
    """
    before = None if isolated else torch.get_rng_state()
    imported = import_code(source, on_notice)
    maker = find_factory(source, imported)
    if isinstance(getattr(imported.module, source.class_name, None), nn.Module):  # created by the import itself
        return (imported, maker) if source.path else _import_again(source, imported)
    if before is not None:
        torch.set_rng_state(before)
    return imported, maker


def _import_again(source: ModelSource, imported: ImportedCode) -> tuple[ImportedCode, ModelFactory]:
    """An installed module is run once per process, and its instance may have been trained already."""
    spec = imported.module.__spec__
    if spec is None or spec.loader is None:
        return imported, find_factory(source, imported)
    try:
        again = ImportedCode(importlib.util.module_from_spec(spec))
        spec.loader.exec_module(again.module)
    except USER_EXCEPTIONS as error:
        raise explain_import_error(source, error) from error
    return again, find_factory(source, again)


def _create(source: ModelSource, maker: ModelFactory) -> nn.Module:
    try:
        model = maker()
    except USER_EXCEPTIONS as error:
        raise explain_code_error(source, f"creating a {source.name}", error) from error
    if isinstance(model, nn.Module):
        return model
    raise model_error(
        source.spec,
        f"{source.class_name} returns a {type(model).__name__}, not a torch.nn.Module",
        remedy="Name a class, an instance, or a function without arguments that returns one.",
    )


def _print_notice(text: str) -> None:
    print(f"notice: {''.join(char for char in text if char.isprintable())}", file=sys.stderr)


def find_factory(source: ModelSource, imported: ImportedCode) -> ModelFactory:
    """The callable that creates the network that `source` names. Raises ModelError listing the available networks."""
    name = source.class_name or _find_only_network(source, imported)
    found = getattr(imported.module, name, None)
    if isinstance(found, nn.Module):
        return lambda: found
    if inspect.isclass(found) and not issubclass(found, nn.Module):
        raise model_error(source.spec, f"{name} is not a torch.nn.Module", remedy=_networks_remedy(source, imported))
    if not callable(found):
        raise model_error(
            source.spec, _describe_problem(name, found, imported), remedy=_networks_remedy(source, imported)
        )
    needed = _find_required_arguments(found)
    if not needed:
        return found
    call = _find_call(name, imported)
    if call is None:
        raise _arguments_error(source, name, needed, imported)
    return call


def _find_required_arguments(maker: Callable[..., Any]) -> list[str]:
    """The names of those without a default."""
    try:
        parameters = inspect.signature(maker).parameters.values()
    except (TypeError, ValueError):  # a callable written in C
        return []
    open_ended = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [entry.name for entry in parameters if entry.default is entry.empty and entry.kind not in open_ended]


def _find_only_network(source: ModelSource, imported: ImportedCode) -> str:
    """The only network of a file named alone: its one class that needs no arguments, or its one instance."""
    module = imported.module
    classes = [name for name, value in vars(module).items() if _is_defined_in(module, value)]
    ready = [name for name in classes if not _find_required_arguments(getattr(module, name))]
    # One name for each instance.
    instances = list({id(value): name for name, value in vars(module).items() if isinstance(value, nn.Module)}.values())
    whole = [name for name in ready if not _is_part(name, classes, imported)]
    called = [name for name in classes if _find_call(name, imported)]
    for candidates in (ready, whole, instances, called):
        if len(candidates) == 1:
            return candidates[0]
    raise model_error(
        source.spec,
        "a file name alone is enough only if the file holds exactly one network; add a colon and the network's name",
        remedy=_networks_remedy(source, imported),
    )


def _is_part(name: str, classes: list[str], imported: ImportedCode) -> bool:
    """Whether another class of the file uses this one."""
    if imported.tree is None:
        return False
    bodies = {node.name: node.body for node in imported.tree.body if isinstance(node, ast.ClassDef)}
    others = [statement for other in classes if other != name for statement in bodies.get(other, [])]
    return any(name in script.find_names(statement) for statement in others)


def _is_defined_in(module: ModuleType, value: object) -> bool:
    """Whether it is a network of the file; a base class without a forward of its own is none."""
    if not isinstance(value, type) or not issubclass(value, nn.Module) or value.__module__ != module.__name__:
        return False
    return value.forward is not nn.Module.forward and not getattr(value.forward, "__isabstractmethod__", False)


def _find_call(name: str, imported: ImportedCode) -> ModelFactory | None:
    """Create one as the file itself does, such as `Net(784, hidden_size)`, with the file's own names."""
    known = vars(builtins) | vars(imported.module)
    for call in script.find_calls(imported.tree, name) if imported.tree else ():
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        if not all(keyword.arg for keyword in call.keywords) or not script.find_names(call) <= known.keys():
            continue
        if all(_is_plain(value, known) for value in values):
            code = compile(ast.Expression(call), imported.module.__file__ or "", "eval")
            return lambda: eval(code, vars(imported.module))
    return None


def _is_plain(node: ast.AST, known: Mapping[str, object]) -> bool:
    """Names, constants and expressions of them; of calls, which could do anything, only those that create settings."""
    return all(
        _creates_settings(inner, known) if isinstance(inner, ast.Call) else not isinstance(inner, _NOT_PLAIN)
        for inner in ast.walk(node)
    )


_NOT_PLAIN = (ast.Lambda, ast.NamedExpr, ast.Starred)
_SETTINGS = frozenset({dict, float, int, len, list, max, min, range, sum, tuple, Namespace, SimpleNamespace})


def _creates_settings(call: ast.Call, known: Mapping[str, object]) -> bool:
    """Whether it is a call of a dataclass or of one of `_SETTINGS`."""
    called = call.func
    found = known.get(called.id) if isinstance(called, ast.Name) else None
    if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
        found = getattr(known.get(called.value.id), called.attr, None)
    return isinstance(found, Hashable) and (found in _SETTINGS or (isinstance(found, type) and is_dataclass(found)))


def _arguments_error(source: ModelSource, name: str, needed: list[str], imported: ImportedCode) -> ModelError:
    others = [other for other in _list_networks(imported) if other != name]
    instead = f" There are also {', '.join(others)}." if others else ""
    return model_error(
        source.spec,
        f"{name} needs arguments: {', '.join(needed)}",
        remedy=f"Give them default values, or add a function without arguments to {source.location}, such as "
        f"`def make(): return {name}(…)`, and name that: {source.location}:make.{instead}",
    )


def _describe_problem(name: str, found: object, imported: ImportedCode) -> str:
    if found is not None:
        return f"{name} is a {type(found).__name__}, not a torch.nn.Module class, an instance of one or a function"
    return f"there is no class {name!r}{did_you_mean(name, _list_networks(imported))}"


def _list_networks(imported: ImportedCode) -> list[str]:
    """The available networks by name, including those in parts of the file that were not run."""
    module = imported.module
    found = [
        name for name, value in vars(module).items() if _is_defined_in(module, value) or isinstance(value, nn.Module)
    ]
    defined = sorted(script.find_networks(imported.tree)) if imported.tree else []
    return list(dict.fromkeys([*found, *defined]))


def _networks_remedy(source: ModelSource, imported: ImportedCode) -> str:
    names = _list_networks(imported)
    if not names:
        return f"{source.location} defines no torch.nn.Module class; a model is one from (N, 1, 28, 28) to (N, 10)."
    return f"Networks in {source.location}: {', '.join(names)}."
