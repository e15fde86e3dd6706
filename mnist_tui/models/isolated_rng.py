"""Building a network beside a training without drawing from its random numbers."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch._ops import OpOverload  # not public, as the next: there is no other way to see random operations
from torch.utils._python_dispatch import TorchDispatchMode

from mnist_tui.models import ModelSource, loader, resolve_spec


def load_model_isolated(source: ModelSource | str, seed: int = 0) -> nn.Module:
    """`load_model` for use beside a training in another thread, whose random numbers stay the same.

    The initial weights are those that a training with `seed` begins with, except of code that seeds torch itself.
    """
    with IsolatedRNG(seed), _ignore_seeding():
        return loader.build_model(resolve_spec(source) if isinstance(source, str) else source, isolated=True)


@contextlib.contextmanager
def _ignore_seeding() -> Iterator[None]:
    """In this thread, `torch.manual_seed` and similar calls of users' files do not affect torch's generator."""
    here = threading.get_ident()

    def only_elsewhere(original: Callable[..., Any]) -> Callable[..., Any]:
        def seed(*arguments: Any, **named: Any) -> Any:
            if threading.get_ident() == here:
                return torch.default_generator
            return original(*arguments, **named)

        return seed

    before = {(owner, name): getattr(owner, name) for owner in (torch, torch.random) for name in _SEEDS}
    for (owner, name), original in before.items():
        setattr(owner, name, only_elsewhere(original))
    try:
        yield
    finally:
        for (owner, name), original in before.items():
            setattr(owner, name, original)


_SEEDS = ("manual_seed", "seed", "set_rng_state")


class IsolatedRNG(TorchDispatchMode):
    """In this thread, torch draws from a separate generator: its default one is shared by the whole process.

    Saving and restoring the state of the default one would not help, because the training draws in between.
    """

    def __init__(self, seed: int = 0) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._generator = torch.Generator().manual_seed(seed)

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Otherwise torch imports its compiler, which takes more than a second, only to exclude it here.
        return False

    def __torch_dispatch__(
        self,
        func: OpOverload,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = dict(kwargs or {})
        if torch.Tag.nondeterministic_seeded not in func.tags or _is_without_dropout(func, args, given):
            return func(*args, **given)
        drawing = _find_generator_overload(func)
        if drawing is None:
            like = self._like(func, args, given)
            return _LIKE[func](like, generator=self._generator)
        return drawing(*args, **{**given, "generator": self._generator})

    def _like(self, func: OpOverload, args: Sequence[Any], given: Mapping[str, Any]) -> torch.Tensor:
        if func not in _LIKE:
            raise NotImplementedError(f"{func} cannot be drawn from a separate generator")
        return torch.empty_like(args[0], **{name: given[name] for name in given if name != "generator"})


def _is_without_dropout(func: OpOverload, args: Sequence[Any], given: Mapping[str, Any]) -> bool:
    """Whether it is a fused attention without dropout, which takes no generator and draws nothing."""
    for place, argument in enumerate(func._schema.arguments):
        if argument.name == "dropout_p":
            value = args[place] if place < len(args) else given.get(argument.name, argument.default_value)
            return bool(value == 0)
    return False


def _find_generator_overload(func: OpOverload) -> Callable[..., Any] | None:
    """The function itself, or its overload, that takes a generator: `rand.generator` for `rand.default`."""
    if any(argument.name == "generator" for argument in func._schema.arguments):
        return func
    packet, name = func.overloadpacket, func._overloadname
    wanted = "generator" if name == "default" else f"{name}_generator"
    return getattr(packet, wanted) if wanted in packet.overloads() else None


_LIKE: Mapping[OpOverload, Callable[..., torch.Tensor]] = {
    torch.ops.aten.rand_like.default: torch.Tensor.uniform_,
    torch.ops.aten.randn_like.default: torch.Tensor.normal_,
}
"""Operations without such an overload, and the method that fills a tensor instead."""
