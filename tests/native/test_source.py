"""A network's C++ files."""

from __future__ import annotations

from torch import nn

from mnist_tui.native.codegen.source import generate_source
from tests.native.compiling import plan_for


def sources(*layers: nn.Module) -> dict[str, str]:
    return generate_source(plan_for(nn.Sequential(*layers)))


def convolution(padding: int = 1) -> nn.Module:
    return nn.Conv2d(4, 4, 3, padding=padding)


HEAD = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 10))


def test_one_for_the_network_and_one_for_each_stage() -> None:
    found = sources(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), convolution(), *HEAD)
    assert list(found) == ["step.cpp", "stage0.cpp", "stage1.cpp", "stage2.cpp"]
    assert "{makeStage0, makeStage1, makeStage2}" in found["step.cpp"]
    assert all(f"Link* makeStage{number}" in found[f"stage{number}.cpp"] for number in range(3))


def test_equal_stages_share_one() -> None:
    found = sources(nn.Conv2d(1, 4, 3, padding=1), *(convolution() for _ in range(3)), *HEAD)
    assert list(found) == [
        *("step.cpp", "stage0.cpp", "stage1.cpp"),
        *("stage2.cpp", "stage3.cpp"),  # the last convolution has no zeros to lay around its result; the head
    ]
    assert "{makeStage0, makeStage1, makeStage1, makeStage2, makeStage3}" in found["step.cpp"]


def test_what_a_stage_lays_around_its_result_is_the_next_ones_padding() -> None:
    first, other = (
        sources(nn.Conv2d(1, 4, 3, padding=1), convolution(padding), *HEAD)["stage0.cpp"] for padding in (0, 1)
    )
    assert "next_padding = 0" in first
    assert first.replace("next_padding = 0", "next_padding = 1") == other
