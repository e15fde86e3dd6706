"""Hypothesis strategies: networks of stacked layers, and batches for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import torch
from hypothesis import strategies as st
from torch import Tensor, nn

CLASSES = 10
SEEDS = st.integers(0, 2**32 - 1)
CHANNELS = st.integers(1, 24)


class Chain(nn.Sequential):
    """A network whose `repr` makes it again, weights and all: a failure is kept as text."""

    def __init__(self, seed: int, layers: tuple[LayerCall, ...]) -> None:
        super().__init__(*(layer.make() for layer in layers))
        lines = "".join(f"    {layer},\n" for layer in layers)
        self.text = f"grown({seed}, lambda: nn.Sequential(\n{lines}))"

    def __repr__(self) -> str:
        return self.text


class LayerCall(NamedTuple):
    """A layer in the making."""

    kind: type[nn.Module]
    given: tuple[Any, ...]
    named: dict[str, Any]

    def make(self) -> nn.Module:
        """With weights of its own, where it has any."""
        return self.kind(*self.given, **self.named)

    def __str__(self) -> str:
        named = (f"{name}={value!r}" for name, value in self.named.items())
        return f"nn.{self.kind.__name__}({', '.join([*map(repr, self.given), *named])})"


def grown(seed: int, make: Callable[[], nn.Module]) -> nn.Module:
    """A network with torch's own weights for `seed`, and norms that have been trained for a while."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = make()
        age(network)
    return network


@st.composite
def chains(draw: st.DrawFn, dropout: float = 0.0) -> Chain:
    """A network (N, 1, 28, 28) -> (N, 10) of 1 to 6 convolutions and linear layers, in float32.

    Its dropouts have the probability `dropout`. Weights are torch's own for a seed that is drawn; the affines
    and statistics of its norms are those of a network that has been trained for a while.
    """
    layers = _Chain(draw, dropout)
    for _ in range(draw(st.integers(0, 4))):
        layers.add_conv(draw(CHANNELS))
    draw(HEADS)(layers)
    if draw(st.booleans()):
        layers.add(nn.LogSoftmax, dim=1)
    seed = draw(SEEDS)
    network = grown(seed, lambda: Chain(seed, tuple(layers.calls)))
    assert isinstance(network, Chain)
    return network


@dataclass(frozen=True)
class Batch:
    """Images with mean 0 and deviation 1, and labels; a value that is short where a test prints it."""

    count: int
    seed: int

    def images(self, dtype: torch.dtype = torch.float64) -> Tensor:
        """(N, 1, 28, 28); of another dtype they are the same, rounded."""
        return torch.randn(self.count, 1, 28, 28, generator=self._generator(), dtype=torch.float64).to(dtype)

    def labels(self) -> Tensor:
        """(N,) int64."""
        return torch.randint(CLASSES, (self.count,), generator=self._generator())

    def _generator(self) -> torch.Generator:
        return torch.Generator().manual_seed(self.seed)


def batches(most: int = 5) -> st.SearchStrategy[Batch]:
    """Batches of 2 to `most` images: a norm cannot train on one."""
    return st.builds(Batch, st.integers(2, most), SEEDS)


class _Chain:
    """Layers in the making: they are built last, when the seed is set."""

    def __init__(self, draw: st.DrawFn, dropout: float) -> None:
        self.draw = draw
        self.dropout = dropout
        self.calls: list[LayerCall] = []
        self.channels, self.side = 1, 28
        self.is_rectified = False
        """Whether a ReLU's result may still be what flows, which autograd needs and none may overwrite."""

    def add(self, kind: type[nn.Module], *given: Any, **named: Any) -> None:
        """One without weights."""
        self.calls.append(LayerCall(kind, given, named))

    def add_weights(self, kind: type[nn.Module], *given: Any, **named: Any) -> None:
        """One that has its weights when the seed is set."""
        self.add(kind, *given, **named)
        self.is_rectified = False

    def add_conv(self, channels: int) -> None:
        """A convolution, and after it any of norm, ReLU, pooling and dropout, in any order."""
        kernel = self.draw(st.sampled_from([size for size in (1, 3, 5) if size <= self.side]))
        padding = self.draw(st.sampled_from([*range(kernel), "same", "valid"]))
        bias = self.draw(st.booleans())
        self.add_weights(nn.Conv2d, self.channels, channels, kernel, padding=padding, bias=bias)
        ring = {"same": kernel // 2, "valid": 0}.get(padding, padding)
        self.channels, self.side = channels, self.side + 2 * ring - kernel + 1
        self._add_trimmings(flat=False)

    def add_conv_of_whole_map(self, channels: int) -> None:
        """A convolution that leaves one position: a linear layer in all but name."""
        self.add_weights(nn.Conv2d, self.channels, channels, self.side)
        self.channels, self.side = channels, 1

    def add_linear(self, outputs: int) -> None:
        """A linear layer on what is flat."""
        self.add_weights(nn.Linear, self.channels * self.side**2, outputs, bias=self.draw(st.booleans()))
        self.channels, self.side = outputs, 1

    def add_hidden(self, outputs: int) -> None:
        """A linear layer with any of norm, ReLU and dropout after it."""
        self.add_linear(outputs)
        self._add_trimmings(flat=True)

    def add_pool(self, kind: type[nn.MaxPool2d | nn.AvgPool2d], size: int, stride: int) -> None:
        """Pooling, which leaves out what is not a whole window."""
        self.add(kind, size, stride)
        self.side = (self.side - size) // stride + 1

    def _add_trimmings(self, *, flat: bool) -> None:
        add_norm = partial(self._add_norm, nn.BatchNorm1d if flat else nn.BatchNorm2d)
        kinds = [add_norm, self._add_relu, self._add_drop]
        kinds += [] if flat else [self._add_some_pool, self._add_relu, self._add_channel_drop]
        for add in self.draw(st.lists(st.sampled_from(kinds), max_size=6)):
            add()

    def _add_norm(self, kind: type[nn.BatchNorm1d | nn.BatchNorm2d]) -> None:
        affine = self.draw(st.booleans())
        epsilon, momentum = self.draw(st.sampled_from([(1e-5, 0.1), (1e-3, 0.01), (1e-2, 1.0)]))
        self.add_weights(kind, self.channels, epsilon, momentum, affine)

    def _add_relu(self) -> None:
        self.add(nn.ReLU, inplace=not self.is_rectified and self.draw(st.booleans()))
        self.is_rectified = True

    def _add_drop(self) -> None:
        self.add(nn.Dropout, self.dropout)

    def _add_channel_drop(self) -> None:
        self.add(nn.Dropout2d, self.dropout)

    def _add_some_pool(self) -> None:
        if self.side > 1:
            size = self.draw(st.integers(2, min(3, self.side)))
            self.add_pool(self.draw(KINDS), size, self.draw(st.integers(1, size)))


KINDS = st.sampled_from([nn.MaxPool2d, nn.AvgPool2d])


def _conv_and_pool(layers: _Chain) -> None:
    """A map a class, each pooled whole."""
    layers.add_conv(CLASSES)
    side = layers.side
    layers.add(*layers.draw(st.sampled_from([(nn.AdaptiveAvgPool2d, 1), (nn.AvgPool2d, side), (nn.MaxPool2d, side)])))
    layers.add(nn.Flatten)


def _conv_of_whole_map(layers: _Chain) -> None:
    layers.add_conv_of_whole_map(CLASSES)
    layers.add(nn.Flatten)


def _pool_and_linear(layers: _Chain) -> None:
    """The average of each map, and linear layers on them."""
    layers.add(nn.AdaptiveAvgPool2d, 1)
    layers.side = 1
    _linear_layers(layers)


def _linear_layers(layers: _Chain) -> None:
    """One or two linear layers on all numbers of the map."""
    layers.add(nn.Flatten)
    if layers.draw(st.booleans()):
        layers.add_hidden(layers.draw(CHANNELS))
    layers.add_linear(CLASSES)


HEADS = st.sampled_from([_conv_and_pool, _conv_of_whole_map, _pool_and_linear, _linear_layers])


def age(network: nn.Module) -> None:
    """Give its norms the affines and statistics of a network that has been trained for a while."""
    for norm in network.modules():
        if isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(norm.running_mean, std=0.5)
            nn.init.uniform_(norm.running_var, 0.5, 2.0)
            norm.num_batches_tracked.fill_(7)
            if norm.affine:
                nn.init.normal_(norm.weight)  # of either sign: a negative one turns the order around
                nn.init.normal_(norm.bias)
