"""Numbers as people read them, the same everywhere."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mnist_tui.runs.epoch_columns import Kind


def percent(fraction: float, digits: int = 2) -> str:
    """0.9947 -> `99.47 %`."""
    return f"{100 * fraction:.{digits}f} %" if math.isfinite(fraction) else "–"


def bare_percent(fraction: float | None) -> str:
    """0.9947 -> `99.47`, for a column whose heading has the unit."""
    return "–" if fraction is None or not math.isfinite(fraction) else f"{100 * fraction:.2f}"


def loss(value: float | None) -> str:
    """Four decimals."""
    return "–" if value is None or not math.isfinite(value) else f"{value:.4f}"


def rate(value: float) -> str:
    """A learning rate: five decimals, or two digits and a power of ten if it is small."""
    return f"{value:.5f}" if value >= 1e-4 or value == 0 else f"{value:.1e}"


def figure(kind: Kind, value: float | None, *, unit: bool = False) -> str:
    """A value of an `EpochColumn`; an accuracy has a percent sign only with `unit`, as most headings have it."""
    if value is None:
        return "–"
    match kind:
        case "loss":
            return loss(value)
        case "accuracy":
            return percent(value) if unit else bare_percent(value)
        case "rate":
            return rate(value)
        case "time":
            return duration(value)
        case "speed":
            return f"{value:,.0f}"
        case "count":
            return str(value)


def duration(seconds: float) -> str:
    """9.1 s, 1:41 or 2:03:05."""
    if not math.isfinite(seconds):
        return "–"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    return clock(seconds)


def clock(seconds: float) -> str:
    """0:03, 1:41 or 2:03:05."""
    whole = max(0, round(seconds)) if math.isfinite(seconds) else 0
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def age(seconds: float) -> str:
    """How long ago, in the largest unit: now, 3 min, 2 h, 5 d."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return "now"


def capitalize(words: str) -> str:
    """With a capital letter at the start."""
    return words[:1].upper() + words[1:]


def byte_size(count: float) -> str:
    """Bytes: 9.9 MB, 27.2 kB, 12 B."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count:.0f} B"


def amount(done: float, total: float | None, unit: str) -> str:
    """Progress: `3.4 MB of 9.9 MB`, `21,000 of 60,000 images`; without `of` if the total is unknown."""
    show = byte_size if unit == "bytes" else "{:,.0f}".format
    whole = f" of {show(total)}" if total else ""
    return f"{show(done)}{whole}{'' if unit == 'bytes' else f' {unit}'}"


def shape(extents: Sequence[int] | int | None) -> str:
    """(8, 28, 28) -> `8×28×28`, of an output or a receptive field."""
    if extents is None:
        return "?"
    return str(extents) if isinstance(extents, int) else "×".join(map(str, extents))


def millions(count: int | None) -> str:
    """1,306,144 -> `1.31 M`; below a million in full."""
    if count is None:
        return "unknown"
    return f"{count / 1e6:.2f} M" if count >= 1_000_000 else f"{count:,}"
