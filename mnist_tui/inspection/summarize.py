"""From traced forward passes to the layer table."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from mnist_tui.inspection.clone import clone_model
from mnist_tui.inspection.forward_trace import ForwardTrace, TraceRow, make_parameter_rows
from mnist_tui.inspection.layer_settings import describe_settings
from mnist_tui.inspection.layers import (
    PARAMETER_CONTAINERS,
    accepts_hooks,
    has_children,
    is_layer,
    type_name,
    wrap_scripted,
)
from mnist_tui.inspection.receptive_field.fields import Field, State, Unknown
from mnist_tui.inspection.summary import BlockSummary, LayerSummary, ModelSummary, ReceptiveField, add_counts

# With one image, a forward that squeezes the batch dimension would look like another network.
TRACED_IMAGES = 2


def summarize_model(model: nn.Module, name: str, input_shape: tuple[int, ...]) -> ModelSummary:
    """See `mnist_tui.inspection.inspect_model`."""
    twin = _copy_model(model)
    with torch.random.fork_rng(devices=[]), _disable_fused_attention(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's warnings about the network appear when it is trained
        trace = ForwardTrace(twin, _make_images(twin, TRACED_IMAGES, input_shape))
        more = _trace_one_more(model, input_shape)
    _count_per_image(trace.rows, TRACED_IMAGES, more)
    rows = [*trace.rows, *_find_unused(twin, trace)]
    layers = _build_layers(rows)
    weights = list(twin.parameters())
    return ModelSummary(
        model=name,
        input_shape=tuple(input_shape),
        parameters=sum(weight.numel() for weight in weights),
        trainable_parameters=sum(weight.numel() for weight in weights if weight.requires_grad),
        macs=add_counts([layer.macs for layer in layers]),
        bytes=sum(tensor.nbytes for tensor in (*weights, *twin.buffers())),
        layers=layers,
        blocks=tuple(_build_blocks(twin, trace.containers, layers)),
        notes=tuple(_collect_notes(rows)),
    )


def _trace_one_more(model: nn.Module, input_shape: tuple[int, ...]) -> list[TraceRow]:
    """The rows of a pass with another number of images; none for a network that rejects that number."""
    twin = _copy_model(model)
    try:
        return ForwardTrace(twin, _make_images(twin, TRACED_IMAGES + 1, input_shape)).rows
    except Exception:  # whatever user code raises; the table then shows its MACs as unknown
        return []


def _copy_model(model: nn.Module) -> nn.Module:
    """A copy on the CPU, in evaluation mode, which accepts hooks."""
    twin = clone_model(model)
    if any(weight.device.type != "cpu" for weight in twin.parameters()):
        twin = twin.cpu()
    return wrap_scripted(twin.eval())


def _make_images(model: nn.Module, count: int, shape: tuple[int, ...]) -> Tensor:
    floating = (weight.dtype for weight in model.parameters() if weight.is_floating_point())
    return torch.zeros(count, *shape, dtype=next(floating, torch.float32))


@contextlib.contextmanager
def _disable_fused_attention() -> Iterator[None]:
    """Without torch's fused attention layers, a single operation whose parts cannot be traced."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def _find_unused(model: nn.Module, trace: ForwardTrace) -> Iterator[TraceRow]:
    """The layers and parameters that forward does not use, so that the table adds up."""
    seen = {id(row.module) for row in trace.rows}
    inner: set[int] = set()
    for path, module in model.named_modules():
        if not accepts_hooks(module):
            continue
        if path and is_layer(module):
            inner.update(id(child) for child in module.modules() if child is not module)
            if not {id(module)} & (seen | inner):
                hidden = isinstance(module, torch.jit.ScriptModule)
                note = "is compiled to TorchScript, which hides its calls" if hidden else "is never called"
                yield TraceRow(path, module=module, notes=[f"{path} {note}"])
        elif not ({path} & trace.containers.keys() or id(module) in inner or isinstance(module, PARAMETER_CONTAINERS)):
            yield from make_parameter_rows(path, module)


def _count_per_image(rows: list[TraceRow], images: int, more: list[TraceRow]) -> None:
    """Convert the MACs of `rows`, from a pass with this many images, to one image; `more` is from a pass with one more.

    MACs that grow with the number of images count by that growth; constant ones, such as products of weights, once.
    """
    alike = [(row.path, row.function) for row in rows] == [(row.path, row.function) for row in more]
    for number, row in enumerate(rows):
        if not row.macs:
            continue
        others = more[number].macs if alike else None
        growth = 0 if others is None else others - row.macs
        fixed = row.macs - images * growth
        if others is None or growth < 0 or fixed < 0:
            row.macs = None
            row.notes.append(f"{row.where}: its computation per image depends on the number of images")
        else:
            row.macs = fixed + growth


def _build_layers(rows: list[TraceRow]) -> tuple[LayerSummary, ...]:
    """The finished rows: each parameter is counted once, where it first appears."""
    owners: dict[int, str] = {}
    layers = []
    for row in rows:
        keys = [id(weight) for weight in row.weights] + ([id(row.module)] if row.module else [])
        shared = next((owners[key] for key in keys if key in owners), "")
        fresh = sum(weight.numel() for weight in row.weights if id(weight) not in owners)
        owners.update((key, row.path) for key in keys if key not in owners)
        layers.append(_build_layer(row, fresh, shared))
    return tuple(layers)


def _build_layer(row: TraceRow, parameters: int, shared_with: str) -> LayerSummary:
    return LayerSummary(
        path=row.path,
        type=row.type,
        base=row.base,
        settings=describe_settings(row.module) if row.module is not None else row.settings,
        output_shape=row.output_shape,
        parameters=parameters,
        macs=row.macs,
        receptive_field=_receptive_field(row.state),
        functional=bool(row.function),
        shared_with=shared_with,
        averages_map=row.averages_map,
    )


def _receptive_field(state: State) -> ReceptiveField:
    if not isinstance(state, Field):
        return None
    height, width = (axis.extent for axis in state.axes)
    return height if height == width else (height, width)


def _build_blocks(
    model: nn.Module, containers: dict[str, TraceRow], layers: tuple[LayerSummary, ...]
) -> Iterator[BlockSummary]:
    for path, child in model.named_children():
        inside = [layer for layer in layers if f"{layer.path}.".startswith(f"{path}.")]
        if is_layer(child) or not has_children(child):
            continue
        last = containers.get(path, TraceRow(path))
        yield BlockSummary(
            path=path,
            type=type_name(child),
            output_shape=last.output_shape,
            parameters=sum(layer.parameters for layer in inside),
            macs=add_counts([layer.macs for layer in inside]),
            receptive_field=_receptive_field(last.state),
        )


def _collect_notes(rows: list[TraceRow]) -> Iterator[str]:
    """Why numbers are missing; each loss of the receptive field once, where it happens."""
    lost: set[int] = set()
    for row in rows:
        yield from dict.fromkeys(row.notes)
        if isinstance(row.state, Unknown) and id(row.state) not in lost:
            lost.add(id(row.state))
            yield f"{row.where}: receptive field not known from here on, as {row.state.reason}"
        if row.state is None and row.output_shape is not None and row.weight is None:
            yield f"{row.where} does not depend on the image"
