"""From a network to the chain of its layers, by running its `forward` symbolically."""

from __future__ import annotations

import contextlib
import copy
import random
from collections.abc import Iterator

import torch
from torch import fx, nn

from mnist_tui.native.plan import OUTPUT_SHAPE, Dropout
from mnist_tui.native.tracing.chain import Layer
from mnist_tui.native.tracing.checks import refuse_extras, refuse_leftovers
from mnist_tui.native.tracing.modules import direct_tensors
from mnist_tui.native.tracing.symbolic import ONLY_CHAIN, SymbolicImage, SymbolicTracer
from mnist_tui.native.unsupported import Unsupported


def trace(model: nn.Module) -> tuple[Layer, ...]:
    """The layers in their order, with the dropouts of training and without a final log_softmax.

    `model` maps images (N, 1, 28, 28) to logits or log-probabilities (N, 10). It is left unchanged, as are the
    random number generators. Raises Unsupported if it is anything but a chain of the layers that are compiled.
    """
    try:
        return _trace(model)
    except Unsupported:
        raise
    except Exception as error:  # a user's code may raise anything when it gets a proxy
        reason = (str(error).splitlines() or [""])[0]
        raise Unsupported(f"`forward` cannot be traced: {type(error).__name__}: {reason}") from error


def _trace(model: nn.Module) -> tuple[Layer, ...]:
    refuse_extras(model)
    layers, evaluated = (_trace_mode(model, training=training) for training in (True, False))
    if [layer for layer in layers if not isinstance(layer.operation, Dropout)] != evaluated:
        raise Unsupported("`forward` computes something else in training than in evaluation; " + ONLY_CHAIN)
    refuse_leftovers(model, [layer.name for layer in layers if layer.name])
    return tuple(layers)


def _trace_mode(model: nn.Module, *, training: bool) -> list[Layer]:
    network = copy.deepcopy(model)  # `forward` may set attributes, which are then proxies
    for module in network.modules():
        module.training = training
    tracer, before = SymbolicTracer(training=training), _attributes(network)
    with torch.enable_grad(), _no_random_numbers():
        graph = tracer.trace(network)
    _refuse_changes(before, _attributes(network))
    _refuse_other_results(tracer, graph)
    return tracer.layers


def _refuse_other_results(tracer: SymbolicTracer, graph: fx.Graph) -> None:
    """Raise Unsupported unless `forward` returns the end of the chain, and that is (N, 10)."""
    (result,) = graph.find_nodes(op="output")[0].args
    end = tracer.output
    if not isinstance(end, SymbolicImage) or result is not end.node:
        raise Unsupported("`forward` does not return the result of its last layer alone; " + ONLY_CHAIN)
    if end.features.dims != (OUTPUT_SHAPE.channels,):
        raise Unsupported(f"`forward` returns {end.features}; a network is compiled that returns (N, 10)")


def _attributes(network: nn.Module) -> dict[tuple[str, str], object]:
    """Everything a `forward` can assign to, by module and name."""
    return {
        (path, name): value
        for path, module in network.named_modules()
        for name, value in {**vars(module), **dict(direct_tensors(module))}.items()
    }


def _refuse_changes(before: dict[tuple[str, str], object], after: dict[tuple[str, str], object]) -> None:
    for path, name in {**before, **after}:
        if before.get((path, name), before) is not after.get((path, name), after):
            place = f"{path}.{name}" if path else name
            raise Unsupported(f"`forward` sets `{place}`, which a compiled step would not; remove that")


@contextlib.contextmanager
def _no_random_numbers() -> Iterator[None]:
    """Raise Unsupported if the body draws any, as a compiled step would repeat them; restore them in any case."""
    ours, torchs = random.getstate(), torch.get_rng_state()
    try:
        yield
        if random.getstate() != ours or not torch.equal(torch.get_rng_state(), torchs):
            raise Unsupported("`forward` draws random numbers itself; only dropout layers are compiled")
    finally:
        random.setstate(ours)
        torch.set_rng_state(torchs)
