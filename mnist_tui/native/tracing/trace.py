"""From a network to the chain of its layers, without running it."""

from __future__ import annotations

import contextlib
import copy
import random
from collections.abc import Iterator

import torch
from torch import fx, nn

from mnist_tui.native.plan import RESULT, Drop
from mnist_tui.native.tracing.chain import Layer
from mnist_tui.native.tracing.checks import refuse_extras, refuse_leftovers
from mnist_tui.native.tracing.symbolic import ONLY_CHAIN, SymbolicImage, SymbolicTracer
from mnist_tui.native.unsupported import Unsupported


def trace(model: nn.Module) -> tuple[Layer, ...]:
    """The layers in their order, the dropouts of training included; log_softmax at the end is left out.

    `model` maps images (N, 1, 28, 28) to logits or log-probabilities (N, 10) and stays as it is, as do the
    random number generators. Raises Unfit where it is more than a chain of the layers that are compiled.
    """
    try:
        return _trace(model)
    except Unsupported:
        raise
    except Exception as error:  # whatever a person's own code raises when it meets a stand-in
        reason = (str(error).splitlines() or [""])[0]
        raise Unsupported(f"`forward` cannot be followed: {type(error).__name__}: {reason}") from error


def _trace(model: nn.Module) -> tuple[Layer, ...]:
    refuse_extras(model)
    layers = _follow(model, training=True)
    if [layer for layer in layers if not isinstance(layer.operation, Drop)] != _follow(model, training=False):
        raise Unsupported("`forward` computes something else in training than in evaluation; " + ONLY_CHAIN)
    refuse_leftovers(model, [layer.name for layer in layers if layer.name])
    return tuple(layers)


def _follow(model: nn.Module, *, training: bool) -> list[Layer]:
    network = copy.deepcopy(model)  # `forward` may set attributes, which are then stand-ins
    for module in network.modules():
        module.training = training
    follower, before = SymbolicTracer(training=training), _attributes(network)
    with torch.enable_grad(), _no_random_numbers():
        graph = follower.trace(network)
    _refuse_changes(before, _attributes(network))
    _refuse_other_results(follower, graph)
    return follower.layers


def _refuse_other_results(follower: SymbolicTracer, graph: fx.Graph) -> None:
    """Raises Unfit where `forward` does not return the end of the chain, or that is not (N, 10)."""
    (result,) = graph.find_nodes(op="output")[0].args
    end = follower.end
    if not isinstance(end, SymbolicImage) or result is not end.node:
        raise Unsupported("`forward` does not return the result of its last layer alone; " + ONLY_CHAIN)
    if end.flow.dims != (RESULT.channels,):
        raise Unsupported(f"`forward` returns {end.flow}; a network is compiled that returns (N, 10)")


def _attributes(network: nn.Module) -> dict[tuple[str, str], object]:
    """Whatever a `forward` can assign to, by module and name."""
    return {
        (path, name): value
        for path, module in network.named_modules()
        for name, value in {**vars(module), **module._parameters, **module._buffers}.items()
    }


def _refuse_changes(before: dict[tuple[str, str], object], after: dict[tuple[str, str], object]) -> None:
    for (path, name), value in after.items():
        if before.get((path, name), before) is not value:
            place = f"{path}.{name}" if path else name
            raise Unsupported(f"`forward` sets `{place}`, which a compiled step would not; remove that")


@contextlib.contextmanager
def _no_random_numbers() -> Iterator[None]:
    """Raises Unfit where the body draws any, which would be fixed for ever; gives them back in any case."""
    ours, torchs = random.getstate(), torch.get_rng_state()
    try:
        yield
        if random.getstate() != ours or not torch.equal(torch.get_rng_state(), torchs):
            raise Unsupported("`forward` draws random numbers itself; only dropout layers are compiled")
    finally:
        random.setstate(ours)
        torch.set_rng_state(torchs)
