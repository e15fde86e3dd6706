"""From a plan to a small C++ translation unit: one struct a stage, which the templates in `cpp/` are made for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mnist_tui.backends.native.plan import Plan, Stage


def compiled_stages(plan: Plan) -> tuple[Stage, ...]:
    """The plan's stages as the templates know them: without a convolution, a ReLU is the one after the norm.

    So a norm that follows such a ReLU begins a stage of its own.
    """
    return tuple(stage for planned in plan.stages for stage in _compiled(planned))


def source_of(plan: Plan) -> str:
    """The translation unit, equal for plans that differ in nothing but names."""
    stages = compiled_stages(plan)
    structs = "\n".join(_struct(number, stage) for number, stage in enumerate(stages))
    names = ", ".join(f"Stage{number}" for number in range(len(stages)))
    return (
        f'#include "network.hpp"\n\nnamespace {{\n\n{structs}\n}}  // namespace\n\n'
        f'using Compiled = native::Network<{names}>;\n\n#include "library.hpp"\n'
    )


def _compiled(stage: Stage) -> Iterator[Stage]:
    if stage.conv is not None or not stage.relu:
        yield stage
    elif stage.norm is None:
        yield replace(stage, relu=False, relu_after=True)
    else:
        yield Stage(*stage.given, relu_after=True)
        yield replace(stage, relu=False)


def _struct(number: int, stage: Stage) -> str:
    members = "".join(f"  static constexpr {member};\n" for member in _members(stage))
    return f"struct Stage{number} : native::Nothing {{  // {stage.to_text()}\n{members}}};\n"


def _members(stage: Stage) -> Iterator[str]:
    yield f"int inputs = {stage.inputs}, height = {stage.height}, width = {stage.width}"
    if stage.conv is not None:
        conv = stage.conv
        yield f"bool conv = true, bias = {_bool(conv.bias)}, relu = {_bool(stage.relu)}"
        yield f"int outputs = {conv.outputs}, kernel = {conv.kernel}, padding = {conv.padding}"
    if stage.norm is not None:
        yield "bool norm = true"
        yield f"double epsilon = {stage.norm.epsilon!r}, momentum = {stage.norm.momentum!r}"
    if stage.relu_after:
        yield "bool relu_after = true"
    if stage.pool is not None:
        yield f"int pool = {stage.pool.size}, stride = {stage.pool.stride}"
        yield f"bool average = {_bool(stage.pool.kind == 'average')}"
    if stage.drop is not None:
        yield f"double drop = {stage.drop.probability!r}"
        yield f"bool drop_channels = {_bool(stage.drop.whole_channels)}"


def _bool(value: bool) -> str:
    return "true" if value else "false"
