"""The settings of a layer in a few words: `3×3, pad 1`, `2×2, stride 2`, `p 0.1`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import nn

from mnist_tui.inspection.receptive_field.windows import Window


def describe_settings(module: nn.Module) -> str:
    """The settings of `module`; "" if there are none worth showing."""
    for kind, describe_kind in KINDS.items():
        if isinstance(module, kind):
            return describe_kind(module)
    return module.extra_repr() if type(module).__module__.startswith("torch.nn") else ""


def describe_windows(over: Sequence[Window], *, pools: bool = False, groups: int = 1) -> str:
    """The windows of one functional call; "" if it has none. The stride of a pooling is always included."""
    if not over:
        return ""
    kernel, stride, padding, dilation = (
        tuple(getattr(window, name) for window in over) for name in ("kernel", "stride", "padding", "dilation")
    )
    return _format_window(kernel, stride, padding, dilation, groups=groups, always_stride=pools)


def _format_window(kernel: Any, stride: Any, pad: Any, dilation: Any, *, groups: int = 1, always_stride: bool) -> str:
    words = [_format_sides(kernel, square=True)]
    if always_stride or _format_sides(stride) != "1":
        words.append(f"stride {_format_sides(stride)}")
    if _format_sides(pad) not in ("0", "valid"):
        words.append(f"pad {_format_sides(pad)}")
    if _format_sides(dilation) != "1":
        words.append(f"dilation {_format_sides(dilation)}")
    if groups > 1:
        words.append(f"groups {groups}")
    return ", ".join(words)


def _format_sides(value: Any, *, square: bool = False) -> str:
    """`3` for (3, 3) or 3×3 if `square`, `3×1` for (3, 1), words as they are."""
    if isinstance(value, (tuple, list)):
        alike = len(set(value)) == 1 and not square
        return str(value[0]) if alike else "×".join(str(side) for side in value)
    return f"{value}×{value}" if square else str(value)


def _convolution(module: Any) -> str:
    window = (module.kernel_size, module.stride, module.padding, module.dilation)
    words = _format_window(*window, groups=module.groups, always_stride=False)
    return words if module.padding_mode == "zeros" else f"{words} ({module.padding_mode})"


def _pooling(module: Any) -> str:
    dilation = getattr(module, "dilation", 1)  # average pooling has none
    words = _format_window(module.kernel_size, module.stride, module.padding, dilation, always_stride=True)
    return words + (", ceil" if module.ceil_mode else "")


KINDS: Mapping[type[nn.Module] | tuple[type[nn.Module], ...], Callable[[Any], str]] = {
    nn.modules.conv._ConvNd: _convolution,
    (nn.MaxPool2d, nn.AvgPool2d): _pooling,
    (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d): lambda module: f"to {_format_sides(module.output_size, square=True)}",
    nn.Linear: lambda module: f"{module.in_features} → {module.out_features}",
    nn.modules.dropout._DropoutNd: lambda module: f"p {module.p:g}",
    # Their size is the output's, and their other numbers are hardly ever changed.
    (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.Flatten, nn.ReLU, nn.LogSoftmax): lambda module: "",
    nn.GroupNorm: lambda module: f"{module.num_groups} groups",
}
