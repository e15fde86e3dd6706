"""The networks that come with this program."""

import subprocess
import sys
from collections import Counter

import pytest
import torch
from torch import nn

from mnist_tui.models import NAMES, load_model
from mnist_tui.models.reference import Reference


def kinds(model: nn.Module) -> Counter[type]:
    return Counter(type(module) for module in model.modules())


def parameters(model: nn.Module) -> int:
    return sum(weight.numel() for weight in model.parameters())


def test_the_reference_network_is_made_of_what_was_published():
    counted = kinds(load_model("reference"))
    wanted = {
        nn.Conv2d: 6,
        nn.BatchNorm2d: 6,
        nn.ReLU: 6,
        nn.MaxPool2d: 3,
        nn.Dropout: 3,
        nn.AdaptiveAvgPool2d: 1,
    }
    assert {kind: counted[kind] for kind in wanted} == wanted
    assert nn.Linear not in counted


@pytest.mark.parametrize(
    ("name", "count"), [("reference", 6790), ("reference-fc", 6790 + 910), ("linear", 784 * 10 + 10)]
)
def test_parameters_are_as_many_as_by_hand(name, count):
    assert parameters(load_model(name)) == count


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("images", [1, 7])
def test_any_number_of_images_gives_ten_logits_each(name, images):
    assert load_model(name).eval()(torch.randn(images, 1, 28, 28)).shape == (images, 10)


def test_each_convolution_is_followed_by_relu_and_then_batch_norm():
    block = load_model("reference").block2
    assert [name for name, _ in block.named_children()] == (
        ["conv1", "relu1", "norm1", "conv2", "relu2", "norm2", "pool", "dropout"]
    )


def test_dropout_can_be_chosen():
    drops = [module.p for module in Reference(dropout=0.25).modules() if isinstance(module, nn.Dropout)]
    assert drops == [0.25] * 3


def test_the_same_seed_gives_the_same_weights():
    weights = []
    for _ in range(2):
        torch.manual_seed(3)
        weights.append(load_model("reference").state_dict())
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])


def test_the_names_are_known_without_torch():
    code = "import sys, mnist_tui.models as m; m.resolve_spec('linear'); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
