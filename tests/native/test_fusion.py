"""Which layers share a stage, and which may change places to do so."""

import pytest
from torch import nn

from mnist_tui.native.codegen.fusion import fuse_layers
from mnist_tui.native.plan import NetworkPlan
from mnist_tui.native.tracing.trace import trace
from tests.native.zoo import PoolThenRelu


def plan_between(*layers: nn.Module) -> NetworkPlan:
    """The plan of a network with `layers` between a convolution of 4 maps 26×26 and a 1×1 one with its pooling."""
    body = (nn.Conv2d(1, 4, 3, bias=False), *layers, nn.Conv2d(4, 10, 1))
    return fuse_layers(trace(nn.Sequential(*body, nn.AdaptiveAvgPool2d(1), nn.Flatten())))


def stages_of(*layers: nn.Module) -> list[str]:
    """What each stage before the last does, with short names."""
    lines = plan_between(*layers).to_text().splitlines()[:-1]
    texts = [line.split(": ")[1] for line in lines]
    return [text.replace(" epsilon 1e-05 momentum 0.1 affine", "").replace("3x3 padding 0 to 4", "") for text in texts]


RELU, MAX, AVERAGE = nn.ReLU(), nn.MaxPool2d(2), nn.AvgPool2d(2)
DROP, DROP_CHANNELS = nn.Dropout(0.1), nn.Dropout2d(0.1)


def norm() -> nn.Module:
    return nn.BatchNorm2d(4)


@pytest.mark.parametrize(
    ("layers", "stage"),
    [
        ([], "conv "),
        ([RELU, norm(), MAX, DROP], "conv , relu, norm, max pool 2 stride 2, drop 0.1"),
        ([norm(), RELU, AVERAGE, DROP], "conv , norm, relu, average pool 2 stride 2, drop 0.1"),
        ([RELU, norm(), RELU], "conv , relu, norm, relu"),
        ([RELU, DROP_CHANNELS], "conv , relu, drop 0.1 of channels"),
    ],
)
def test_layers_in_the_order_of_a_stage_share_one(layers: list[nn.Module], stage: str) -> None:
    assert stages_of(*layers) == [stage]


@pytest.mark.parametrize(
    ("layers", "stage"),
    [
        ([MAX, RELU], "conv , relu, max pool 2 stride 2"),
        ([norm(), MAX, RELU], "conv , norm, relu, max pool 2 stride 2"),
        ([DROP, RELU], "conv , relu, drop 0.1"),
        ([MAX, DROP, RELU], "conv , relu, max pool 2 stride 2, drop 0.1"),
        ([RELU, RELU], "conv , relu"),
        ([RELU, AVERAGE, RELU], "conv , relu, average pool 2 stride 2"),
        ([DROP_CHANNELS, MAX], "conv , max pool 2 stride 2, drop 0.1 of channels"),
        ([DROP_CHANNELS, AVERAGE], "conv , average pool 2 stride 2, drop 0.1 of channels"),
        ([DROP_CHANNELS, MAX, RELU], "conv , relu, max pool 2 stride 2, drop 0.1 of channels"),
    ],
)
def test_layers_change_places_where_that_changes_nothing(layers: list[nn.Module], stage: str) -> None:
    assert stages_of(*layers) == [stage]


@pytest.mark.parametrize(
    ("layers", "stages"),
    [
        ([AVERAGE, RELU], ["conv , average pool 2 stride 2", "relu"]),
        ([RELU, norm(), AVERAGE, RELU], ["conv , relu, norm, average pool 2 stride 2", "relu"]),
        ([MAX, norm()], ["conv , max pool 2 stride 2", "norm"]),
        ([DROP, norm(), RELU], ["conv , drop 0.1", "norm, relu"]),
        ([norm(), norm()], ["conv , norm", "norm"]),
        ([DROP, MAX], ["conv , drop 0.1", "max pool 2 stride 2"]),
        ([MAX, AVERAGE], ["conv , max pool 2 stride 2", "average pool 2 stride 2"]),
        ([DROP, DROP_CHANNELS], ["conv , drop 0.1", "drop 0.1 of channels"]),
    ],
)
def test_what_comes_too_late_for_a_stage_starts_one_without_convolution(
    layers: list[nn.Module], stages: list[str]
) -> None:
    assert stages_of(*layers) == stages


def test_pooling_of_single_positions_is_nothing_unless_it_leaves_some_out() -> None:
    assert stages_of(nn.MaxPool2d(1), nn.AvgPool2d(1)) == ["conv "]
    assert stages_of(nn.MaxPool2d(1, stride=2)) == ["conv , max pool 1 stride 2"]


def test_dropout_before_pooling_and_relu_costs_no_stage() -> None:
    assert fuse_layers(trace(PoolThenRelu())).to_text().splitlines() == [
        "1x28x28: conv 5x5 padding 0 to 4 bias, relu, max pool 2 stride 2",
        "4x12x12: conv 5x5 padding 0 to 6 bias, relu, max pool 2 stride 2, drop 0.5 of channels",
        "6x4x4: conv 4x4 padding 0 to 12 bias, relu, drop 0.5",
        "12x1x1: conv 1x1 padding 0 to 10 bias",
    ]
