"""A symbolic run of `forward` that records the chain of layers.

Shapes are known while it runs, so that a network may ask for them; only the batch size stays open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NoReturn

import torch
from torch import fx, nn

from mnist_tui.native.plan import INPUT_SHAPE, Dropout
from mnist_tui.native.tracing.chain import Features, Layer, UnsupportedLayer
from mnist_tui.native.tracing.functions import FUNCTIONS, METHODS, Conversion, ImageCount
from mnist_tui.native.tracing.modules import MODULES, convert_module, direct_tensors
from mnist_tui.native.unsupported import Unsupported

ONLY_CHAIN = "only a chain of layers is compiled, without branches or residual connections"
COMPILED = "convolution, linear, batch norm, ReLU, max and average pooling, dropout and flatten"
ACTIVATIONS = (
    *("gelu", "silu", "mish", "leaky_relu", "elu", "selu", "celu", "relu6", "rrelu", "prelu", "softplus"),
    *("tanh", "sigmoid", "logsigmoid", "softsign", "hardswish", "hardtanh", "hardsigmoid"),
)
REASONS = {
    "softmax": "returns probabilities; end with the logits or with log_softmax",
    **dict.fromkeys(
        ("conv2d", "linear", "batch_norm"),
        "is given weights that belong to no layer; use nn.Conv2d, nn.Linear and nn.BatchNorm2d",
    ),
    **dict.fromkeys(ACTIVATIONS, "is another activation than ReLU; only ReLU is compiled"),
}
NOT_COMPILED = f"is not compiled; only {COMPILED} are"


class SymbolicImage(fx.Proxy):
    """A proxy for the batch of images at one point of the chain."""

    features: Features

    def size(self, dim: int | None = None) -> Any:
        # As a tensor's, but for the batch size, which is not known.
        sizes = (ImageCount(self.node, self.tracer), *self.features.dims)
        return sizes if dim is None else sizes[dim]

    @property
    def shape(self) -> Any:
        return self.size()

    def dim(self) -> int:
        return len(self.features.dims) + 1

    @property
    def ndim(self) -> int:
        return self.dim()


class SymbolicTracer(fx.Tracer):
    """Runs a network's `forward` once; `layers` is then the chain and `output` its end."""

    def __init__(self, *, training: bool) -> None:
        super().__init__()
        self.training = training
        self.layers: list[Layer] = []
        self.output: SymbolicImage | None = None
        self.converted: set[nn.Module] = set()
        """The modules with weights that are in the chain."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Layers with weights; torch's other modules are traced to the functions that they call."""
        is_from_torch = type(m).__module__.startswith("torch.nn.")
        return isinstance(m, tuple(MODULES)) or (is_from_torch and any(direct_tensors(m)))

    def call_module(
        self, m: nn.Module, forward: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        # Modules that are not part of the network: one that `forward` creates itself, or another network that another
        # thread calls meanwhile, as fx replaces every module's call while it traces.
        if self.submodule_paths is None or m not in self.submodule_paths:
            return forward(*args, **kwargs)
        return super().call_module(m, forward, args, kwargs)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: Any) -> Any:
        """The parameter itself: fx would put a proxy where `modules` reads a layer's settings."""
        return attr_val

    def proxy(self, node: fx.Node) -> SymbolicImage:
        return SymbolicImage(node, self)

    def create_proxy(
        self, kind: str, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any], *rest: Any, **more: Any
    ) -> SymbolicImage:
        """Called for every function, method or layer with weights that gets a proxy as an argument."""
        features = (
            Features(INPUT_SHAPE, INPUT_SHAPE) if kind == "placeholder" else self._record(kind, target, args, kwargs)
        )
        image = super().create_proxy(kind, target, args, kwargs, *rest, **more)
        assert isinstance(image, SymbolicImage)
        image.features = features
        self.output = image
        return image

    def to_bool(self, obj: fx.Proxy) -> NoReturn:
        """Refused: other images could take the other branch."""
        raise Unsupported("`forward` decides by what it computes, in an `if` or `while`; " + ONLY_CHAIN)

    def iter(self, obj: fx.Proxy) -> NoReturn:
        """Refused: this would be a loop over the images."""
        raise Unsupported("`forward` loops over a tensor; " + ONLY_CHAIN)

    def _record(self, kind: str, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Features:
        subject = self._subject(kind, target)
        try:
            before = self._find_input(args, kwargs).features
            operation, after = self._convert(kind, target, args, kwargs)
            if operation is None:
                return replace(after, is_final=after.is_final or before.is_final)
            if before.is_final:
                raise UnsupportedLayer("stands after log_softmax, which is compiled only as the last layer")
            if min(after.map) < 1:
                raise UnsupportedLayer(f"does not fit on a map of {before.map.height}×{before.map.width}")
            if isinstance(operation, Dropout) and not self.training:
                raise UnsupportedLayer(
                    "is active in evaluation too; use nn.Dropout, or give it `training=self.training`"
                )
        except UnsupportedLayer as problem:
            raise Unsupported(f"{subject} {problem}") from None
        name = target if kind == "call_module" else ""
        self.layers.append(Layer(operation, before.map, after.map, name))
        return after

    def _convert(self, kind: str, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Conversion:
        values = [_features_of(value) for value in args]
        settings = {name: _features_of(value) for name, value in kwargs.items()}
        if kind == "call_module":
            return self._convert_module(self.root.get_submodule(target), *values, **settings)
        converter = METHODS.get(target) if kind == "call_method" else FUNCTIONS.get(target)
        if converter is None:
            raise UnsupportedLayer(REASONS.get(_name_of(target).rstrip("_"), NOT_COMPILED))
        return converter(*values, **settings)

    def _convert_module(self, module: nn.Module, input: Features) -> Conversion:
        if module in self.converted:
            raise UnsupportedLayer("is called twice; a layer with weights is compiled for one place in the chain")
        self.converted.add(module)
        return convert_module(module, input)

    def _find_input(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> SymbolicImage:
        """The one proxy among the arguments. Raises UnsupportedLayer where it is not the end of the chain."""
        if not torch.is_grad_enabled() or torch.is_autocast_enabled("cpu"):
            raise UnsupportedLayer("runs under no_grad or autocast; only plain float32 with gradients is compiled")
        proxies = list(_proxies((args, kwargs)))
        images = [proxy for proxy in proxies if isinstance(proxy, SymbolicImage)]
        if len(images) > 1:
            raise UnsupportedLayer(f"joins two results, as a residual connection does; {ONLY_CHAIN}")
        if not images:
            raise UnsupportedLayer("computes with the number of images or with an attribute of a tensor; " + ONLY_CHAIN)
        if images[0] is not self.output:
            raise UnsupportedLayer(f"uses a result that another layer has used already; {ONLY_CHAIN}")
        return images[0]

    def _subject(self, kind: str, target: Any) -> str:
        module_type, path = self.scope.module_type, self.scope.module_path
        is_from_torch = module_type is not None and module_type.__module__.startswith("torch.nn.")
        if kind == "call_module" or is_from_torch:
            return f"{module_type.__name__} `{path}`"
        return f"`{_name_of(target)}` in `{f'{path}.' if path else ''}forward`"


def _name_of(target: Any) -> str:
    return target if isinstance(target, str) else getattr(target, "__name__", str(target))


def _features_of(value: Any) -> Any:
    return value.features if isinstance(value, SymbolicImage) else value


def _proxies(value: Any) -> Iterator[fx.Proxy]:
    match value:
        case fx.Proxy():
            yield value
        case list() | tuple():
            for item in value:
                yield from _proxies(item)
        case dict():
            yield from _proxies(list(value.values()))
