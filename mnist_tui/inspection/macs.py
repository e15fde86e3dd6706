"""Multiply-accumulates of one aten operation, by torch's formula if it has one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from torch.utils.flop_counter import flop_registry, sdpa_flop_count

from mnist_tui.inspection.receptive_field.aten_call import AtenCall
from mnist_tui.inspection.receptive_field.rules import CONSTANT, RULES, is_elementwise


def count_macs(call: AtenCall, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> int | None:
    """The MACs of `call`, for its whole batch; 0 if it is no convolution or matrix product, None without a formula.

    Torch counts a multiplication and an addition as two operations, and leaves the bias out as we do.
    """
    formula = flop_registry.get(call.func.overloadpacket)
    if formula is not None:
        return int(formula(*args, **kwargs, out_val=call.output)) // 2
    if call.name in FORMULAS:
        return FORMULAS[call.name](call)
    return 0 if _is_free(call) else None


def _recurrent_layer(call: AtenCall) -> int:
    """One direction of an LSTM as oneDNN computes it: each step of each sequence meets both weight matrices."""
    given, *weights = (call.arguments[name] for name in ("input", "weight0", "weight1"))
    steps = given.numel() // given.shape[-1]
    return int(steps) * sum(int(weight.numel()) for weight in weights)


def _attention(call: AtenCall) -> int:
    shapes = (call.arguments[name].shape for name in ("query", "key", "value"))
    return int(sdpa_flop_count(*shapes)) // 2


def _is_free(call: AtenCall) -> bool:
    named = call.name in RULES or call.name in CONSTANT or call.name in FREE
    return named or call.func.is_view or is_elementwise(call.func) or math.prod(call.output.shape) == 0


FORMULAS: Mapping[str, Callable[[AtenCall], int]] = {
    "mv": lambda call: int(call.arguments["self"].numel()),
    "dot": lambda call: int(call.arguments["self"].numel()),
    "addmv": lambda call: int(call.arguments["mat"].numel()),
    "addbmm": lambda call: int(call.arguments["batch1"].numel()) * int(call.arguments["batch2"].shape[-1]),
    "mkldnn_rnn_layer": _recurrent_layer,
    "_scaled_dot_product_flash_attention_for_cpu": _attention,
}
# Neither convolutions nor matrix products.
MOVES = frozenset(
    {"flip", "roll", "as_strided_", "repeat", "pixel_shuffle", "pixel_unshuffle", "native_channel_shuffle", "unfold"}
    | {"im2col", "col2im", "unsafe_split", "reflection_pad1d", "replication_pad1d", "tril", "triu", "max_unpool2d"}
    | {"upsample_nearest2d", "upsample_bilinear2d", "upsample_bicubic2d"}
)
LOOKUPS = frozenset(
    {"index", "index_select", "gather", "scatter", "embedding", "topk", "argsort", "median", "masked_select"}
    | {"nonzero", "_local_scalar_dense"}
)
CREATORS = frozenset(
    {"arange", "empty", "empty_strided", "eye", "full", "linspace", "ones", "zeros", "scalar_tensor", "rand"}
    | {"randn", "randperm", "bernoulli", "bernoulli_", "normal_", "uniform_", "multinomial"}
)
FREE = MOVES | LOOKUPS | CREATORS
