"""From a plan to small C++ files: one struct per stage, for which the templates in `cpp/` are instantiated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mnist_tui.native.plan import NetworkPlan, Stage


def lower_stages(plan: NetworkPlan) -> tuple[Stage, ...]:
    """The plan's stages as the templates take them: without a convolution, a ReLU is the one after the norm.

    So a norm that follows such a ReLU begins a stage of its own.
    """
    return tuple(stage for planned in plan.stages for stage in _lower(planned))


def generate_source(plan: NetworkPlan) -> dict[str, str]:
    """C++ text by file name: the network's, then one per distinct stage. Equal for plans that differ only in names.

    The files are small because several compilers can share them, and because a compiler takes twice as long for one
    file with everything in it, where it inlines one function into another. The network's is first, as it takes longest.
    """
    stages = lower_stages(plan)
    bodies = [_struct_body(number, stages) for number in range(len(stages))]
    names = {body: f"Stage{number}" for number, body in enumerate(dict.fromkeys(bodies))}
    network = {"step.cpp": _network_source([names[body] for body in bodies])}
    return network | {f"{name.lower()}.cpp": _stage_source(name, body) for body, name in names.items()}


def _network_source(names: list[str]) -> str:
    """The chain's links are made in the other files; `names` are those of their structs, in the chain's order."""
    declarations = "".join(f"{_factory(name)};\n" for name in dict.fromkeys(names))
    factories = ", ".join(f"make{name}" for name in names)
    return (
        f'#include "library.hpp"\n\n{declarations}\n'
        "native::Links native::make_links(const Capacity& capacity) {\n  Links links;\n"
        f"  for (const auto make : {{{factories}}})\n"
        "    links.push_back(std::unique_ptr<Link>(make(int(links.size()), capacity)));\n"
        "  return links;\n}\n"
    )


def _stage_source(name: str, body: str) -> str:
    return (
        f'#include "stage.hpp"\n\nnamespace {{\n\nstruct {name} : native::StageDefaults {{\n{body}}};\n\n'
        f"}}  // namespace\n\n{_factory(name)} {{\n  return new native::Stage<{name}>(number, capacity);\n}}\n"
    )


def _factory(name: str) -> str:
    return f"NATIVE_HIDDEN native::Link* make{name}(int number, const native::Capacity& capacity)"


def _lower(stage: Stage) -> Iterator[Stage]:
    if stage.conv is not None or not stage.relu:
        yield stage
    elif stage.norm is None:
        yield replace(stage, relu=False, relu_after=True)
    else:
        yield Stage(*stage.input_shape, relu_after=True)
        yield replace(stage, relu=False)


def _struct_body(number: int, stages: tuple[Stage, ...]) -> str:
    """Equal for stages that are the same to the templates."""
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
    if stage.dropout is not None:
        yield f"double drop = {stage.dropout.probability!r}"
        yield f"bool drop_channels = {_bool(stage.dropout.whole_channels)}"


def _bool(value: bool) -> str:
    return "true" if value else "false"
