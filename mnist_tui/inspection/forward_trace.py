"""A traced forward pass: the calls of layers and functions in order, with their outputs and MACs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from mnist_tui.inspection.layer_settings import describe_windows
from mnist_tui.inspection.layers import PARAMETER_CONTAINERS, accepts_hooks, base_name, is_layer, type_name
from mnist_tui.inspection.macs import count_macs
from mnist_tui.inspection.receptive_field import fields
from mnist_tui.inspection.receptive_field.aten_call import AtenCall, find_tensors
from mnist_tui.inspection.receptive_field.fields import State
from mnist_tui.inspection.receptive_field.rules import is_global_average
from mnist_tui.inspection.receptive_field.tracker import FieldTracker
from mnist_tui.inspection.receptive_field.windows import POOLINGS, find_windows
from mnist_tui.inspection.torch_internals import DisableTorchFunction, OpOverload, TorchDispatchMode

# In evaluation mode they perform no operation, but they are rows of the table.
DROPOUTS = frozenset(
    {"dropout", "dropout_", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout"}
    | {"feature_dropout", "feature_alpha_dropout"}
)
# Values that become plain Python numbers cannot be followed.
ESCAPES = frozenset({"numpy", "tolist", "__array__", "data_ptr"})
PROPERTY = "__get__"
READ_NUMBER = "_local_scalar_dense"
COPIES = frozenset({"clone", "_to_copy", "detach", "alias", "_unsafe_view"})


@dataclass(eq=False)
class TraceRow:
    """One call of a layer or function, one parameter of a container, or a layer that was never called."""

    path: str
    function: str = ""
    """The name of the function; "" for a module or a parameter."""
    module: nn.Module | None = None
    weight: nn.Parameter | None = None
    settings: str = ""
    output_shape: tuple[int, ...] | None = None
    macs: int | None = 0
    """Of the whole batch at first, then of one image."""
    state: State = None
    averages_map: bool = False
    computes: bool = False
    """Whether it does work that belongs in the table."""
    notes: list[str] = field(default_factory=list)

    @property
    def type(self) -> str:
        """The class, the function, or `Parameter`."""
        if self.module is not None:
            return type_name(self.module)
        return self.function.strip("_") or "Parameter"

    @property
    def base(self) -> str:
        """The torch.nn class behind a module; the type itself for anything else."""
        return base_name(self.module) if self.module is not None else self.type

    @property
    def where(self) -> str:
        """The name of this row in a note."""
        return ".".join(part for part in (self.path, self.function.strip("_")) if part)

    @property
    def weights(self) -> list[nn.Parameter]:
        """All parameters this row may count."""
        if self.module is not None:
            return list(self.module.parameters())
        return [] if self.weight is None else [self.weight]


def make_parameter_rows(path: str, container: nn.Module) -> Iterator[TraceRow]:
    """A row for each parameter that `container` holds itself, also in a ParameterList."""
    direct = list(container.named_parameters(recurse=False))
    for name, child in container.named_children():
        if isinstance(child, PARAMETER_CONTAINERS):
            direct += [(f"{name}.{key}", weight) for key, weight in child.named_parameters()]
    for name, weight in direct:
        yield TraceRow(f"{path}.{name}".lstrip("."), weight=weight, output_shape=tuple(weight.shape))


class ForwardTrace:
    """The rows of one forward pass, in its order."""

    def __init__(self, model: nn.Module, image: Tensor) -> None:
        """Forward `image`, of shape (N, C, H, W), through `model`, to which hooks are added: pass a copy."""
        self._images = len(image)
        self.rows: list[TraceRow] = []
        self.containers: dict[str, TraceRow] = {}
        """The last call of each container module, by path."""
        self._running: list[TraceRow] = []
        self._open: list[TraceRow] = []
        self._flow = FieldTracker(image, fields.image_field(image.shape[1:]))
        for path, module in model.named_modules():
            if accepts_hooks(module):
                self._hook(path, module)
        with torch.no_grad(), _OperationMode(self), _FunctionMode(self):
            model(image)

    def call_function(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Call a function of torch, with a row of its own unless it is part of a layer."""
        name = getattr(func, "__name__", type(func).__name__)
        if name in ESCAPES and any(self._flow.state(tensor) is not None for tensor in find_tensors(args)):
            self._flow.mark_unknown(f"{name} hands values of the image to plain Python")
        drops = name in DROPOUTS and not any(row.base for row in self._open)
        if name == PROPERTY or (self._open and not drops):
            return func(*args, **kwargs)
        with self._function_row(name) as row:
            result = func(*args, **kwargs)
            self._finish(row, result)
            if drops:
                probability = args[1] if len(args) > 1 else kwargs.get("p", 0.5)
                row.computes, row.settings = True, f"p {probability:g}"
        return result

    def call_operation(self, func: OpOverload, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Call an aten operation, and add it to the current row."""
        result = func(*args, **kwargs)
        call = self._flow.record(func, args, kwargs, result)
        macs = count_macs(call, args, kwargs)
        if call.name == READ_NUMBER and _depends_on_image(call):
            self._flow.mark_unknown("the forward reads a number that depends on the image")
        if self._open:
            _record_call(self._open[-1], call, macs)
            return result
        with self._function_row(call.name) as row:
            _record_call(row, call, macs)
            self._finish(row, result)
        return result

    @contextlib.contextmanager
    def _function_row(self, name: str) -> Iterator[TraceRow]:
        row = TraceRow(self._running[-1].path, function=name)
        self.rows.append(row)
        self._open.append(row)
        yield row
        self._open.pop()
        if not row.computes:
            self.rows.remove(row)

    def _finish(self, row: TraceRow, result: Any) -> None:
        output = next(find_tensors(result), None)
        if output is None:
            return
        with DisableTorchFunction():  # reading a shape is a function of torch too
            shape = tuple(output.shape)
            row.output_shape = shape[1:] if shape[:1] == (self._images,) else shape
            row.state = self._flow.state(output)

    def _hook(self, path: str, module: nn.Module) -> None:
        leaf = bool(path) and is_layer(module)
        begin, running = (self._begin_layer, self._open) if leaf else (self._begin_container, self._running)
        module.register_forward_pre_hook(lambda module, _: begin(path, module), prepend=True)
        module.register_forward_hook(lambda _, __, result: self._finish(running.pop(), result))

    def _begin_layer(self, path: str, module: nn.Module) -> None:
        row = TraceRow(path, module=module, computes=True)
        if not self._open:
            self.rows.append(row)
        self._open.append(row)

    def _begin_container(self, path: str, module: nn.Module) -> None:
        if path not in self.containers:
            self.rows.extend(make_parameter_rows(path, module))
        self.containers[path] = TraceRow(path, module=module)
        self._running.append(self.containers[path])


def _record_call(row: TraceRow, call: AtenCall, macs: int | None) -> None:
    """Add the MACs of one operation to its row, and what it shows about the row."""
    if macs is None and _depends_on_image(call):
        row.macs = None
        row.notes.append(f"{row.where}: no formula counts the work of {call.name}")
    elif macs and row.macs is not None:
        row.macs += macs
    row.averages_map |= is_global_average(call)
    row.computes |= bool(macs) or (_depends_on_image(call) and not _is_copy(call))
    if row.module is None and find_windows(call):
        groups = call.arguments.get("groups", 1)
        row.settings = describe_windows(find_windows(call), pools=call.name in POOLINGS, groups=groups)


def _depends_on_image(call: AtenCall) -> bool:
    return any(state is not None for _, state in call.inputs)


def _is_copy(call: AtenCall) -> bool:
    """Copies and views of the same shape, and reading a number."""
    copies = call.func.is_view or call.name in COPIES
    return call.name == READ_NUMBER or (copies and call.first.shape == call.output.shape)


class _FunctionMode(TorchFunctionMode):
    """Passes the outermost functions of torch that a forward calls to the trace."""

    def __init__(self, trace: ForwardTrace) -> None:
        super().__init__()
        self._trace = trace

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return self._trace.call_function(func, args, kwargs or {})


class _OperationMode(TorchDispatchMode):
    """Passes every aten operation to the trace."""

    def __init__(self, trace: ForwardTrace) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch has no annotation for it
        self._trace = trace

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return self._trace.call_operation(func, args, kwargs or {})

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Otherwise torch imports its compiler at the first operation, which takes a second, only to exclude it.
        return False
