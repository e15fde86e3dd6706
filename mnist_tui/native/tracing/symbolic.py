"""A symbolic run of `forward` that notes the chain of layers as it goes.

Shapes are known while it runs, so that a network may ask for them: its images are stand-ins that know the map
they are, and only the number of images stays open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NoReturn

import torch
from torch import fx, nn

from mnist_tui.native.plan import IMAGE, Drop
from mnist_tui.native.tracing.chain import Layer, Signal, UnsupportedLayer
from mnist_tui.native.tracing.functions import FUNCTIONS, METHODS, ImageCount, Reading
from mnist_tui.native.tracing.modules import READERS, read_module, tensors_of
from mnist_tui.native.unsupported import Unsupported

ONLY_CHAIN = "only a chain of layers is compiled, without branches or residual connections"
COMPILED = "convolution, linear, batch norm, ReLU, max and average pooling, dropout and flatten"
ACTIVATIONS = (
    *("gelu", "silu", "mish", "leaky_relu", "elu", "selu", "celu", "relu6", "rrelu", "prelu", "softplus"),
    *("tanh", "sigmoid", "logsigmoid", "softsign", "hardswish", "hardtanh", "hardsigmoid"),
)
COMPLAINTS = {
    "softmax": "gives probabilities; end with the logits or with log_softmax",
    **dict.fromkeys(
        ("conv2d", "linear", "batch_norm"),
        "is given weights that belong to no layer; use nn.Conv2d, nn.Linear and nn.BatchNorm2d",
    ),
    **dict.fromkeys(ACTIVATIONS, "is another activation than ReLU; only ReLU is compiled"),
}
COMPLAINT = f"is not compiled; only {COMPILED} are"


class SymbolicImage(fx.Proxy):
    """A stand-in for the images at one point of the chain."""

    flow: Signal

    def size(self, dim: int | None = None) -> Any:
        """As of a tensor, but for the number of images, which is not known."""
        sizes = (ImageCount(self.node, self.tracer), *self.flow.dims)
        return sizes if dim is None else sizes[dim]

    @property
    def shape(self) -> Any:
        """As `size()`."""
        return self.size()

    def dim(self) -> int:
        """As of a tensor."""
        return len(self.flow.dims) + 1

    @property
    def ndim(self) -> int:
        """As `dim()`."""
        return self.dim()


class SymbolicTracer(fx.Tracer):
    """Runs a network's `forward` once; `layers` is then the chain, `end` what it came to."""

    def __init__(self, *, training: bool) -> None:
        super().__init__()
        self.training = training
        self.layers: list[Layer] = []
        self.end: SymbolicImage | None = None
        self.called: set[nn.Module] = set()
        """The modules with weights that are layers of the chain."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Layers with weights; torch's other modules are followed to the functions that they call."""
        is_torchs_own = type(m).__module__.startswith("torch.nn.")
        return isinstance(m, tuple(READERS)) or (is_torchs_own and any(tensors_of(m)))

    def call_module(
        self, m: nn.Module, forward: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """As in fx, but for modules that are no part of the network."""
        # One that `forward` makes for the moment, or another network that another thread calls meanwhile:
        # while fx runs, it stands before every module's call.
        if self.submodule_paths is None or m not in self.submodule_paths:
            return forward(*args, **kwargs)
        return super().call_module(m, forward, args, kwargs)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: Any) -> Any:
        """The parameter itself: fx would put a stand-in where `modules` reads a layer's settings."""
        return attr_val

    def proxy(self, node: fx.Node) -> SymbolicImage:
        """A stand-in that knows its shape."""
        return SymbolicImage(node, self)

    def create_proxy(
        self, kind: str, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any], *rest: Any, **more: Any
    ) -> SymbolicImage:
        """What any function, method or layer with weights comes to when it is called with a stand-in."""
        flow = Signal(IMAGE, IMAGE) if kind == "placeholder" else self._follow(kind, target, args, kwargs)
        picture = super().create_proxy(kind, target, args, kwargs, *rest, **more)
        assert isinstance(picture, SymbolicImage)
        picture.flow = flow
        self.end = picture
        return picture

    def to_bool(self, obj: fx.Proxy) -> NoReturn:
        """Refused: the other way would be taken for other images."""
        raise Unsupported("`forward` decides by what it computes, in an `if` or `while`; " + ONLY_CHAIN)

    def iter(self, obj: fx.Proxy) -> NoReturn:
        """Refused: a loop over the images."""
        raise Unsupported("`forward` loops over a tensor; " + ONLY_CHAIN)

    def _follow(self, kind: str, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Signal:
        subject = self._subject(kind, target)
        try:
            given = self._only_input(args, kwargs).flow
            operation, after = self._read(kind, target, args, kwargs)
            if operation is None:
                return replace(after, closed=after.closed or given.closed)
            if given.closed:
                raise UnsupportedLayer("stands after log_softmax, which is compiled only as the last layer")
            if min(after.map) < 1:
                raise UnsupportedLayer(f"does not fit on a map of {given.map.height}×{given.map.width}")
            if isinstance(operation, Drop) and not self.training:
                raise UnsupportedLayer(
                    "drops in evaluation too; use nn.Dropout, or give it `training=self.training`"
                )
        except UnsupportedLayer as misfit:
            raise Unsupported(f"{subject} {misfit}") from None
        name = target if kind == "call_module" else ""
        self.layers.append(Layer(operation, given.map, after.map, name))
        return after

    def _read(self, kind: str, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Reading:
        values = [_flow_of(value) for value in args]
        settings = {name: _flow_of(value) for name, value in kwargs.items()}
        if kind == "call_module":
            return self._read_module(self.root.get_submodule(target), *values, **settings)
        reader = METHODS.get(target) if kind == "call_method" else FUNCTIONS.get(target)
        if reader is None:
            raise UnsupportedLayer(COMPLAINTS.get(_name_of(target).rstrip("_"), COMPLAINT))
        return reader(*values, **settings)

    def _read_module(self, module: nn.Module, input: Signal) -> Reading:
        if module in self.called:
            raise UnsupportedLayer(
                "is called twice; a layer with weights is compiled for one place in the chain"
            )
        self.called.add(module)
        return read_module(module, input)

    def _only_input(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> SymbolicImage:
        """The one stand-in among the arguments. Raises Misfit where it is not the end of the chain."""
        if not torch.is_grad_enabled() or torch.is_autocast_enabled("cpu"):
            raise UnsupportedLayer(
                "runs under no_grad or autocast; only plain float32 with gradients is compiled"
            )
        proxies = list(_proxies((args, kwargs)))
        pictures = [proxy for proxy in proxies if isinstance(proxy, SymbolicImage)]
        if len(pictures) > 1:
            raise UnsupportedLayer(f"joins two results; {ONLY_CHAIN}")
        if not pictures:
            raise UnsupportedLayer(
                "computes with the number of images or with an attribute of a tensor; " + ONLY_CHAIN
            )
        if pictures[0] is not self.end:
            raise UnsupportedLayer(f"uses a result that another layer has used already; {ONLY_CHAIN}")
        return pictures[0]

    def _subject(self, kind: str, target: Any) -> str:
        module_type, path = self.scope.module_type, self.scope.module_path
        is_torchs_own = module_type is not None and module_type.__module__.startswith("torch.nn.")
        if kind == "call_module" or is_torchs_own:
            return f"{module_type.__name__} `{path}`"
        return f"`{_name_of(target)}` in `{f'{path}.' if path else ''}forward`"


def _name_of(target: Any) -> str:
    return target if isinstance(target, str) else getattr(target, "__name__", str(target))


def _flow_of(value: Any) -> Any:
    return value.flow if isinstance(value, SymbolicImage) else value


def _proxies(value: Any) -> Iterator[fx.Proxy]:
    match value:
        case fx.Proxy():
            yield value
        case list() | tuple():
            for item in value:
                yield from _proxies(item)
        case dict():
            yield from _proxies(list(value.values()))
