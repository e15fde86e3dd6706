"""The layer table of a network: one row per layer, subtotals and totals. Plain values, no torch."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ReceptiveField = int | tuple[int, int] | None
"""Pixels of the image along each side, or (height, width) if they differ; None if it is not known.

The theoretical number, far from the borders: it may be larger than the image.
"""


@dataclass(frozen=True)
class LayerSummary:
    """One call of one layer, or of one function outside of any layer."""

    path: str
    """Such as `block1.conv1`; of a function, the module whose forward calls it ("" is the network's own)."""
    type: str
    """The class (`Conv2d`), the function (`max_pool2d`), or `Parameter` for one that a container holds."""
    base: str
    """The torch.nn class behind it: `Conv2d` for a subclass of that too; "" for a class of no such kind."""
    settings: str
    """In a few words, such as `3×3, pad 1`."""
    output_shape: tuple[int, ...] | None
    """For one image, without the batch axis; None if there is no output or no single one."""
    parameters: int
    """Without those that an earlier row has counted."""
    macs: int | None
    """Multiply-accumulates of its convolutions and matrix products for one image, bias left out;
    None without a formula."""
    receptive_field: ReceptiveField
    functional: bool = False
    shared_with: str = ""
    """The path under which an earlier row has counted the same parameters or made the same call."""
    averages_map: bool = False
    """Whether it averages each channel over all positions: global average pooling."""


@dataclass(frozen=True)
class BlockSummary:
    """Subtotals over one direct child of the network that has layers of its own."""

    path: str
    type: str
    output_shape: tuple[int, ...] | None
    parameters: int
    macs: int | None
    receptive_field: ReceptiveField


@dataclass(frozen=True)
class ModelSummary:
    """The layer table of one network, in the order of its forward."""

    model: str
    input_shape: tuple[int, ...]
    parameters: int
    trainable_parameters: int
    macs: int | None
    bytes: int
    """Of parameters and buffers, as they are in memory."""
    layers: tuple[LayerSummary, ...]
    blocks: tuple[BlockSummary, ...]
    notes: tuple[str, ...]
    """One sentence for each number that is not known, and for each layer that forward does not use."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values as they come back from JSON: lists, no tuples."""
        values: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ModelSummary:
        """The summary that `to_dict` returned, also after a round trip through JSON. Raises KeyError or TypeError."""
        plain = {**values, "input_shape": tuple(values["input_shape"]), "notes": tuple(values["notes"])}
        plain["layers"] = tuple(LayerSummary(**_to_tuples(layer)) for layer in values["layers"])
        plain["blocks"] = tuple(BlockSummary(**_to_tuples(block)) for block in values["blocks"])
        return cls(**plain)

    @classmethod
    def from_record(cls, recorded: Mapping[str, Any] | None) -> ModelSummary | None:
        """The summary that a run recorded; None where there is none, or another version of the program recorded it."""
        try:
            return cls.from_dict(recorded) if recorded else None
        except (KeyError, TypeError):
            return None


def _to_tuples(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}


def add_counts(counts: list[int | None]) -> int | None:
    """The sum; None if any of them is not known."""
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
