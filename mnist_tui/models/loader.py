"""From a model's source to a network that is known to work."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import weakref
from collections.abc import Iterator

import torch
from torch import nn

from mnist_tui.models.find_network import Maker, find_network, is_instance
from mnist_tui.models.forward_check import try_forward
from mnist_tui.models.guard import as_its_author_runs_it, torch_as_it_was
from mnist_tui.models.import_source import RAISED, Imported, OnNotice, import_failed, run, saying
from mnist_tui.models.spec import ModelSource, misfit


def build(source: ModelSource, *, apart: bool = False, on_notice: OnNotice | None = None) -> nn.Module:
    """A new network of `source`, after one trial forward. Raises ModelError naming the problem.

    Notices are passed to `on_notice`, or printed on standard error without it. With `apart`, for use beside a training,
    torch's random state is not touched.
    """
    if source.is_registered:
        return _tried(source, _made(source, find_network(source, run(source, _say))))
    with as_its_author_runs_it(source.path):
        with torch_as_it_was():
            imported, maker = _imported(source, on_notice or _say, apart=apart)
            model = _made(source, maker)
        _MADE_OF[model] = imported
        return _tried(source, model)


def code_of(model: nn.Module) -> Imported | None:
    """The code that was run to create `model`; None for the program's own networks."""
    return _MADE_OF.get(model)


_MADE_OF: weakref.WeakKeyDictionary[nn.Module, Imported] = weakref.WeakKeyDictionary()


def _imported(source: ModelSource, on_notice: OnNotice, *, apart: bool) -> tuple[Imported, Maker]:
    """Initial weights are drawn after the same random numbers, whether or not the import draws any.

    Those of an instance are drawn by the import, which therefore has to be repeated each time.
    """
    before = None if apart else torch.get_rng_state()
    imported = run(source, on_notice)
    maker = find_network(source, imported)
    if is_instance(source, imported):
        return (imported, maker) if source.path else _imported_anew(source, imported)
    if before is not None:
        torch.set_rng_state(before)
    return imported, maker


def _imported_anew(source: ModelSource, imported: Imported) -> tuple[Imported, Maker]:
    """An installed module is run once per process, and its instance may have been trained already."""
    spec = imported.module.__spec__
    if spec is None or spec.loader is None:
        return imported, find_network(source, imported)
    try:
        again = Imported(importlib.util.module_from_spec(spec))
        spec.loader.exec_module(again.module)
    except RAISED as error:
        raise import_failed(source, error) from error
    return again, find_network(source, again)


def _made(source: ModelSource, maker: Maker) -> nn.Module:
    with _reported(source, f"creating a {source.name}"):
        model = maker()
    if isinstance(model, nn.Module):
        return model
    raise misfit(
        source.spec,
        f"{source.class_name} returns a {type(model).__name__}, not a torch.nn.Module",
        remedy="Name a class, an instance, or a function without arguments that returns one.",
    )


@contextlib.contextmanager
def _reported(source: ModelSource, doing: str) -> Iterator[None]:
    """Turn an exception of user code into an error in one sentence."""
    try:
        yield
    except RAISED as error:
        raise saying(source, doing, error) from error


def _tried(source: ModelSource, model: nn.Module) -> nn.Module:
    try_forward(source, model)
    return model


def _say(text: str) -> None:
    print(f"notice: {''.join(char for char in text if char.isprintable())}", file=sys.stderr)
