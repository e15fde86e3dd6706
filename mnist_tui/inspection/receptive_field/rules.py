"""How each aten operation carries receptive fields from its inputs to its output."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping

import torch

from mnist_tui.inspection.receptive_field import fields
from mnist_tui.inspection.receptive_field.aten_call import AtenCall, operation_name
from mnist_tui.inspection.receptive_field.fields import Field, State, Unknown
from mnist_tui.inspection.receptive_field.windows import POOLINGS, convolve, pad, pool, pool_to_size
from mnist_tui.inspection.torch_internals import OpOverload


def propagate(call: AtenCall) -> State:
    """What the output of `call` depends on; Unknown with a reason if no rule applies."""
    unknown = next((state for _, state in call.inputs if isinstance(state, Unknown)), None)
    if call.name in CONSTANT or not (unknown or call.fields):
        return None
    if unknown:
        return unknown
    if all(field.is_everywhere() for field, _ in call.fields):
        return fields.unite(field for field, _ in call.fields)  # whatever it does, it depends on nothing else
    if is_elementwise(call.func):
        return fields.unite(fields.broadcast(field, shape, call.output.shape) for field, shape in call.fields)
    if call.name in MATRIX_PRODUCTS:
        return _propagate_matrix_product(call)
    rule = RULES.get(call.name)
    only_first = call.inputs[0][1] is not None and len(call.fields) == 1
    if rule and (only_first or call.name in ALIKE_INPUTS):
        return rule(call, call.fields[0][0])
    return Unknown(f"{call.name} does not keep the order of pixels in a way that is followed")


def is_elementwise(func: OpOverload) -> bool:
    """Whether each element of the output depends on the same element of each input alone."""
    return torch.Tag.pointwise in func.tags or operation_name(func) in ELEMENTWISE


def is_global_average(call: AtenCall) -> bool:
    """Whether `call` is the average of each channel over all positions of the map."""
    if call.name == "avg_pool2d":
        kernel, padding = call.numbers("kernel_size", 2), call.numbers("padding", 2)
        return kernel == list(call.first.shape[-2:]) and not any(padding)
    if call.name != "mean" or not call.inputs:
        return False
    dims, state = set(call.dims()), call.inputs[0][1]
    # The second way finds a map that was flattened, or has its channels last.
    spread = state.spread_dims() if isinstance(state, Field) else set()
    return (call.first.dim() == 4 and dims == {-2, -1}) or (bool(spread) and dims >= spread)


def _reduce(call: AtenCall, field: Field) -> State:
    collapsed = field.collapse(call.dims())
    return collapsed if call.output.dim() == call.first.dim() else _remove_dims(collapsed, call.dims())


def _batch_norm(call: AtenCall, field: Field) -> State:
    # Without running statistics it normalizes by those of the batch, in evaluation too.
    channels = 1 - call.first.dim()
    return field.collapse({*range(channels + 1, 0)}) if call.arguments["training"] else field


def _permute(call: AtenCall, field: Field) -> State:
    rank = call.first.dim()
    order = list(range(rank))
    if call.name == "permute":
        order = [dim % rank for dim in call.arguments["dims"]]
    elif rank > 1:
        one, other = call.arguments.get("dim0", 0) % rank, call.arguments.get("dim1", 1) % rank
        order[one], order[other] = order[other], order[one]
    return fields.permute(field, order)


def _pick(call: AtenCall, field: Field) -> State:
    """A part of the tensor: of some channels it is followed, of some positions it is not."""
    if call.output.shape == call.first.shape:
        return field
    if field.spread_dims() & set(call.dims()):
        return Unknown(f"{call.name} picks some positions of the map")
    return field if call.output.dim() == call.first.dim() else _remove_dims(field, call.dims())


def _cat(call: AtenCall, field: Field) -> State:
    # aten counts `dim` by the output, which for a stack has one dimension more.
    rank = call.output.dim()
    dim = call.arguments["dim"] % rank - rank
    united = fields.unite(state for state, _ in call.fields)
    if not isinstance(united, Field) or (call.name == "cat" and dim not in united.spread_dims()):
        return united
    return _insert_dim(united, dim) if call.name == "stack" else Unknown("cat joins maps side by side")


def _copy(call: AtenCall, field: Field) -> State:
    source = call.state("src")
    given = call.arguments["src"].shape
    return fields.broadcast(source, given, call.output.shape) if isinstance(source, Field) else source


def _propagate_matrix_product(call: AtenCall) -> State:
    left, right = (call.state(name) for name in MATRIX_PRODUCTS[call.name])
    # The last dimension of the left one is summed with the last but one of the right one.
    if isinstance(left, Field):
        left = left.collapse([-1])
        left = _remove_dims(left, [-1]) if call.name == "mv" else left
    if isinstance(right, Field):
        right = right.collapse([-1 if call.name == "mv" else -2])
    added = call.state("self") if call.name in ("addmm", "baddbmm") else None
    if isinstance(added, Field):
        added = fields.broadcast(added, call.first.shape, call.output.shape)
    return fields.unite((left, right, added))


def _remove_dims(field: Field, dims: Collection[int]) -> Field:
    """`field` after the (negative) dimensions `dims` have gone, along which no position changes."""
    return _renumber(field, lambda dim: dim + sum(gone > dim for gone in dims))


def _insert_dim(field: Field, dim: int) -> Field:
    """`field` after a new dimension has come that is now `dim` (negative)."""
    return _renumber(field, lambda old: old - 1 if old <= dim else old)


def _renumber(field: Field, renumber: Callable[[int], int]) -> Field:
    moved = (dataclasses.replace(axis, dim=renumber(axis.dim)) if axis.jump else axis for axis in field.axes)
    return Field(tuple(moved))


# Those without the tag that torch gives to its pointwise operations.
ELEMENTWISE = frozenset({"_to_copy", "alias", "detach", "native_dropout", "_prelu_kernel"})
CONSTANT = frozenset(
    {"empty_like", "zeros_like", "ones_like", "full_like", "rand_like", "randn_like", "zero_", "fill_"}
    | {"new_empty", "new_zeros", "new_ones", "new_full"}
)
MATRIX_PRODUCTS: Mapping[str, tuple[str, str]] = {
    "mm": ("self", "mat2"),
    "addmm": ("mat1", "mat2"),
    "bmm": ("self", "mat2"),
    "baddbmm": ("batch1", "batch2"),
    "mv": ("self", "vec"),
}
ALIKE_INPUTS = frozenset({"cat", "stack", "copy_"})
REDUCTIONS = frozenset(
    {"mean", "sum", "prod", "amax", "amin", "max", "min", "argmax", "argmin", "any", "all"}
    | {"var", "std", "var_mean", "logsumexp", "linalg_vector_norm"}
)
MIXERS = frozenset({"_softmax", "_safe_softmax", "_log_softmax", "cumsum", "cumprod", "sort"})
VIEWS = frozenset({"view", "_unsafe_view", "_reshape_alias", "unsqueeze", "squeeze"})
PICKS = frozenset({"slice", "select", "split", "split_with_sizes", "unbind"})
PADDINGS = frozenset({"constant_pad_nd", "reflection_pad2d", "replication_pad2d"})

Rule = Callable[[AtenCall, Field], State]
RULES: Mapping[str, Rule] = {
    "convolution": convolve,
    **dict.fromkeys(POOLINGS, pool),
    **dict.fromkeys(("_adaptive_avg_pool2d", "adaptive_max_pool2d"), pool_to_size),
    **dict.fromkeys(PADDINGS, pad),
    **dict.fromkeys(REDUCTIONS, _reduce),
    **dict.fromkeys(MIXERS, lambda call, field: field.collapse(call.dims())),
    # Statistics over all positions of some channels, and over the last dimensions.
    "native_group_norm": lambda call, field: field.collapse(range(1 - call.first.dim(), 0)),
    "native_layer_norm": lambda call, field: field.collapse(range(-len(call.arguments["normalized_shape"]), 0)),
    "native_batch_norm": _batch_norm,
    **dict.fromkeys(VIEWS, lambda call, field: fields.reshape(field, call.first.shape, call.output.shape)),
    **dict.fromkeys(("permute", "transpose", "t", "transpose_"), _permute),
    "expand": lambda call, field: fields.broadcast(field, call.first.shape, call.output.shape),
    **dict.fromkeys(PICKS, _pick),
    **dict.fromkeys(("cat", "stack"), _cat),
    "copy_": _copy,
}
