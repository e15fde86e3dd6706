"""From a chain of layers to a plan: as many layers per stage as possible, so that each pass over memory does more.

Two layers are swapped only where results and gradients stay exactly the same:

- ReLU moves before max pooling, which picks the same element of a window as long as there is a positive one, and
  lets no gradient through otherwise; and before dropout, which multiplies by numbers that are not negative.
- Pooling moves before dropout of whole channels, which multiplies all of a channel by one such number.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mnist_tui.native.plan import BatchNorm, Conv, Dropout, NetworkPlan, Pool, Stage
from mnist_tui.native.tracing.chain import Layer, Relu


def fuse_layers(layers: Iterable[Layer]) -> NetworkPlan:
    """The chain in stages."""
    stages: list[Stage] = []
    for layer in layers:
        extended = _extend(stages[-1], layer) if stages else None
        if extended is None:
            stages.append(_start(layer))
        else:
            stages[-1] = extended
    return NetworkPlan(tuple(stages))


def _start(layer: Layer) -> Stage:
    empty = Stage(*layer.input_shape)
    if isinstance(layer.operation, Conv):
        return replace(empty, conv=layer.operation, conv_name=layer.name)
    stage = _extend(empty, layer)
    assert stage is not None, "an empty stage takes anything"
    return stage


def _extend(stage: Stage, layer: Layer) -> Stage | None:
    """`stage` with `layer` as its last, or None where that takes a new stage."""
    match layer.operation:
        case Conv():
            return None
        case Relu():
            return _add_relu(stage)
        case BatchNorm() as norm:
            if stage.norm or stage.pool or stage.dropout:
                return None
            return replace(stage, norm=norm, norm_name=layer.name)
        case Pool() as pool:
            if stage.pool or (stage.dropout and not stage.dropout.whole_channels):
                return None
            return replace(stage, pool=pool)
        case Dropout() as dropout:
            return None if stage.dropout else replace(stage, dropout=dropout)


def _add_relu(stage: Stage) -> Stage | None:
    if stage.relu_after or (stage.relu and not stage.norm):
        return stage  # neither pooling nor dropout has made anything negative since
    if stage.pool and stage.pool.kind == "average":
        return None
    return replace(stage, relu_after=True) if stage.norm else replace(stage, relu=True)
