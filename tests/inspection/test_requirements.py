"""The requirements of a network, and how close ones are judged."""

import subprocess
import sys

import pytest
import torch.nn.functional as F
from torch import Tensor, nn

from mnist_tui.inspection import Limits, Requirement, check_requirements, inspect_model
from mnist_tui.models import load_model


def answers(model: nn.Module, **limits: object) -> dict[str, Requirement]:
    return {answer.name: answer for answer in check_requirements(inspect_model(model, name="it"), Limits(**limits))}


def found(model: nn.Module, **limits: object) -> dict[str, tuple[str, bool]]:
    return {name: (answer.found, answer.met) for name, answer in answers(model, **limits).items()}


def test_the_reference_network_meets_all():
    assert found(load_model("reference")) == {
        "parameters": ("6,790", True),
        "batch normalization": ("6 BatchNorm2d", True),
        "dropout": ("3 Dropout", True),
        "head": ("1 AdaptiveAvgPool2d", True),
    }


def test_softmax_regression_lacks_normalization_and_dropout():
    assert [answer.name for answer in answers(load_model("linear")).values() if not answer.met] == [
        "batch normalization",
        "dropout",
    ]


def test_the_parameter_limit_itself_is_too_many():
    assert not answers(load_model("reference"), max_parameters=6790)["parameters"].met
    assert answers(load_model("reference"), max_parameters=6791)["parameters"].met


@pytest.mark.parametrize(("limit", "met"), [(6, True), (7, False)])
def test_more_batch_norms_can_be_asked_for(limit, met):
    assert answers(load_model("reference"), min_batch_norms=limit)["batch normalization"].met is met


@pytest.mark.parametrize(("limit", "met"), [(3, True), (4, False)])
def test_more_dropouts_can_be_asked_for(limit, met):
    assert answers(load_model("reference"), min_dropouts=limit)["dropout"].met is met


@pytest.mark.parametrize(
    ("name", "head", "met"),
    [
        ("reference", "gap", True),
        ("reference", "fc", False),
        ("reference-fc", "gap", False),
        ("reference-fc", "fc", True),
        ("reference-fc", "any", True),
    ],
)
def test_either_head_can_be_asked_for(name, head, met):
    assert answers(load_model(name), head=head)["head"].met is met


class Ends(nn.Module):
    """A convolution to 10 channels of 13×13, and an end."""

    def __init__(self, end):
        super().__init__()
        self.conv = nn.Conv2d(1, 10, 3, stride=2)
        self.end = end

    def forward(self, x: Tensor) -> Tensor:
        return self.end(self.conv(x))


@pytest.mark.parametrize(
    ("end", "met"),
    [
        (lambda x: x.mean((2, 3)), True),
        (lambda x: x.flatten(2).mean(2), True),
        (lambda x: F.avg_pool2d(x, 13).flatten(1), True),
        (lambda x: F.adaptive_avg_pool2d(x, 1).flatten(1), True),
        (lambda x: F.avg_pool2d(x, 9).flatten(1), False),
        (lambda x: x.amax((2, 3)), False),
        (lambda x: x.mean(2).amax(2), False),
    ],
)
def test_an_average_over_the_whole_map_counts_however_it_is_written(end, met):
    assert answers(Ends(end), head="gap")["head"].met is met


def test_an_average_that_only_weighs_channels_is_no_head():
    def excite(x: Tensor) -> Tensor:
        return (x * F.adaptive_avg_pool2d(x, 1)).amax((2, 3))

    assert found(Ends(excite))["head"] == ("none", False)


def test_functional_dropout_and_batch_norm_count():
    def end(x: Tensor) -> Tensor:
        x = F.dropout2d(x, 0.2, training=False)
        return F.batch_norm(x, x.new_zeros(10), x.new_ones(10)).mean((2, 3))

    answer = found(Ends(end))
    assert answer["dropout"] == ("1 dropout2d", True)
    assert answer["batch normalization"] == ("1 batch_norm", True)


def test_a_layer_that_forward_never_calls_meets_nothing():
    model = Ends(lambda x: x.mean((2, 3)))
    model.dropout, model.norm = nn.Dropout(), nn.BatchNorm2d(10)
    assert found(model)["dropout"] == found(model)["batch normalization"] == ("none", False)


def test_a_subclass_counts_as_what_it_derives_from():
    class Norm(nn.BatchNorm2d):
        pass

    model = nn.Sequential(nn.Conv2d(1, 10, 3), Norm(10), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert found(model)["batch normalization"] == ("1 Norm", True)


def test_a_finished_summary_is_checked_without_torch():
    code = "import sys, mnist_tui.inspection; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
