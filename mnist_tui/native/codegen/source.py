"""From a plan to small C++ translation units: one struct a stage, which the templates in `cpp/` are made for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mnist_tui.native.codegen.unit import Unit
from mnist_tui.native.plan import Plan, Stage


def compiled_stages(plan: Plan) -> tuple[Stage, ...]:
    """The plan's stages as the templates know them: without a convolution, a ReLU is the one after the norm.

    So a norm that follows such a ReLU begins a stage of its own.
    """
    return tuple(stage for planned in plan.stages for stage in _compiled(planned))


def source_of(plan: Plan) -> tuple[Unit, ...]:
    """One unit for the network and one for each shape of a stage, equal for plans that differ in nothing but names.

    Small units, as several compilers can share them, and as a compiler takes twice as long for one with all in it,
    where it copies one function into another. The network's is first, as it takes longest.
    """
    stages = compiled_stages(plan)
    shapes = [_shape(number, stages) for number in range(len(stages))]
    names = {shape: f"Stage{number}" for number, shape in enumerate(dict.fromkeys(shapes))}
    network = Unit("step.cpp", _network_unit([names[shape] for shape in shapes]))
    return network, *(Unit(f"{name.lower()}.cpp", _stage_unit(name, shape)) for shape, name in names.items())


def _network_unit(made: list[str]) -> str:
    """The chain's links are made by the other units; `made` names their structs, in the chain's order."""
    declarations = "".join(f"{_maker(name)};\n" for name in dict.fromkeys(made))
    makers = ", ".join(f"make{name}" for name in made)
    return (
        f'#include "library.hpp"\n\n{declarations}\n'
        "native::Network::Chain native::chain_of(const Room& room) {\n  Network::Chain chain;\n"
        f"  for (const auto make : {{{makers}}})\n"
        "    chain.push_back(std::unique_ptr<Link>(make(int(chain.size()), room)));\n"
        "  return chain;\n}\n"
    )


def _stage_unit(name: str, shape: str) -> str:
    return (
        f'#include "stage.hpp"\n\nnamespace {{\n\nstruct {name} : native::Nothing {{\n{shape}}};\n\n'
        f"}}  // namespace\n\n{_maker(name)} {{\n  return new native::Stage<{name}>(number, room);\n}}\n"
    )


def _maker(name: str) -> str:
    return f"NATIVE_HIDDEN native::Link* make{name}(int number, const native::Room& room)"


def _compiled(stage: Stage) -> Iterator[Stage]:
    if stage.conv is not None or not stage.relu:
        yield stage
    elif stage.norm is None:
        yield replace(stage, relu=False, relu_after=True)
    else:
        yield Stage(*stage.given, relu_after=True)
        yield replace(stage, relu=False)


def _shape(number: int, stages: tuple[Stage, ...]) -> str:
    """The body of a stage's struct; equal for stages that are the same to the templates."""
    stage = stages[number]
    members = list(_members(stage))
    if number == 0:
        members.append("bool first = true")
    if number + 1 < len(stages):
        following = stages[number + 1].conv
        members.append(f"int next_padding = {following.padding}" if following else "bool next_bare = true")
    lines = "".join(f"  static constexpr {member};\n" for member in members)
    return f"  // {stage.to_text()}\n{lines}"


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
