"""Filters, feature maps and saliency: the right numbers of networks small enough to know by heart."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mnist_tui.inference.layer_images import as_maps, compute_feature_maps, find_first_filters
from mnist_tui.inference.saliency import gradient_saliency, log_odds, occlusion
from mnist_tui.models import load_model

PAPER = -1.0


def blank() -> Tensor:
    return torch.full((1, 1, 28, 28), PAPER)


def dotted(row: int, column: int) -> Tensor:
    image = blank()
    image[0, 0, row : row + 2, column : column + 2] = 1.0
    return image


class Watching(nn.Module):
    """Its logit 3 is the sum of the pixels of one region; all others are 0."""

    def __init__(self, rows: slice, columns: slice) -> None:
        super().__init__()
        weight = torch.zeros(10, 28, 28)
        weight[3, rows, columns] = 1.0
        self.fc = nn.Linear(784, 10, bias=False)
        self.fc.weight.data = weight.reshape(10, 784)

    def forward(self, images: Tensor) -> Tensor:
        return self.fc(images.flatten(1))  # type: ignore[no-any-return]


# Filters


def test_the_filters_of_a_convolution_are_its_kernels() -> None:
    model = load_model("reference").eval()
    filters = find_first_filters(model, blank())
    assert filters is not None
    assert (filters.path, filters.type) == ("block1.conv1", "Conv2d")
    kernels = dict(model.named_parameters())["block1.conv1.weight"]
    assert torch.equal(filters.weights, kernels[:, 0].detach())
    assert filters.weights.data_ptr() != kernels.data_ptr()


def test_the_filters_of_a_linear_layer_are_templates() -> None:
    filters = find_first_filters(load_model("linear").eval(), blank())
    assert filters is not None
    assert filters.weights.shape == (10, 28, 28)


def test_the_first_layer_is_the_first_that_is_called() -> None:
    class Backwards(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.last = nn.Linear(4, 10)
            self.first = nn.Conv2d(1, 4, 5)

        def forward(self, images: Tensor) -> Tensor:
            return self.last(self.first(images).mean((2, 3)))  # type: ignore[no-any-return]

    filters = find_first_filters(Backwards().eval(), blank())
    assert filters is not None
    assert (filters.path, filters.weights.shape) == ("first", (4, 5, 5))


@pytest.mark.parametrize("model", [nn.Flatten(), nn.Sequential(nn.BatchNorm2d(1), nn.Flatten(), nn.Linear(784, 10))])
def test_weights_that_are_no_pictures_are_none(model: nn.Module) -> None:
    assert find_first_filters(model.eval(), blank()) is None


# Feature maps


def test_every_layer_has_maps_in_the_order_of_forward() -> None:
    model = load_model("reference").eval()
    maps = compute_feature_maps(model, dotted(10, 10))
    assert list(maps)[:3] == ["block1.conv1", "block1.relu1", "block1.norm1"]
    shapes = [tuple(maps[path].shape) for path in ("block1.conv1", "block3.pool", "pool", "flatten")]
    assert shapes == [(8, 28, 28), (10, 3, 3), (10, 1, 1), (1, 1, 10)]
    conv1 = model.get_submodule("block1.conv1")
    with torch.no_grad():
        assert torch.equal(maps["block1.conv1"], conv1(dotted(10, 10))[0])
        assert torch.equal(maps["flatten"][0, 0], model(dotted(10, 10))[0])


def test_an_in_place_relu_does_not_change_what_came_before_it() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(inplace=True))
    maps = compute_feature_maps(model.eval(), torch.randn(1, 1, 28, 28, generator=torch.Generator().manual_seed(0)))
    assert maps["0"].min() < 0
    assert torch.equal(maps["0"].clamp(min=0), maps["1"])


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((1, 8, 7, 6), (8, 7, 6)),
        ((1, 10), (1, 1, 10)),
        ((1, 49, 64), (1, 49, 64)),
        ((1, 2, 3, 7, 6), (6, 7, 6)),
        ((1,), (1, 1, 1)),
        ((), (1, 1, 1)),
    ],
)
def test_any_output_becomes_maps(shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    assert as_maps(torch.zeros(shape)).shape == expected


def test_layers_that_give_several_tensors_or_none() -> None:
    class Pair(nn.Module):
        def forward(self, images: Tensor) -> tuple[Tensor, str]:
            return images * 2, "more"

    class Silent(nn.Module):
        def forward(self, images: Tensor) -> None:
            return None

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pair, self.silent, self.unused = Pair(), Silent(), nn.ReLU()

        def forward(self, images: Tensor) -> Tensor:
            self.silent(images)
            return self.pair(images)[0].flatten(1)[:, :10]  # type: ignore[no-any-return]

    maps = compute_feature_maps(Net(), blank())
    assert list(maps) == ["pair"]
    assert maps["pair"].shape == (1, 28, 28)


def test_looking_leaves_no_hook_and_no_gradient_behind() -> None:
    model = load_model("reference").eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    image = dotted(10, 10)
    compute_feature_maps(model, image)
    find_first_filters(model, image)
    gradient_saliency(model, image, 3)
    occlusion(model, image, 3)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


# Saliency


def test_log_odds_are_those_of_the_probability() -> None:
    logits = torch.tensor([[1.0, 2.0, 5.0]])
    p = torch.softmax(logits.double(), 1)[0, 2]
    assert log_odds(logits, 2) == pytest.approx(float(torch.log(p / (1 - p))))


def test_the_gradient_is_strong_where_the_network_looks() -> None:
    heat = gradient_saliency(Watching(slice(4, 8), slice(10, 20)), dotted(20, 4), 3)
    assert heat.shape == (28, 28)
    assert heat.max() == 1
    assert (heat[4:8, 10:20] > 0.9).all()
    assert heat[10:, :].max() == 0  # a linear network does not look at the ink elsewhere


def test_the_gradient_is_the_same_every_time_and_draws_no_random_number_of_torchs_own() -> None:
    model, before = load_model("reference").eval(), torch.get_rng_state()
    one, other = (gradient_saliency(model, dotted(10, 10), 3) for _ in range(2))
    assert torch.equal(one, other)
    assert torch.equal(before, torch.get_rng_state())


def test_covering_what_the_network_looks_at_lowers_its_log_odds() -> None:
    image = torch.maximum(dotted(6, 14), dotted(20, 4))
    fall = occlusion(Watching(slice(4, 10), slice(10, 20)), image, 3)
    row, column = divmod(int(fall.argmax()), 28)
    assert abs(row - 6.5) <= 3
    assert abs(column - 14.5) <= 3
    assert fall.max() == pytest.approx(8.0)  # four pixels from 1 to -1
    assert fall[18:, :8].abs().max() == 0  # ink elsewhere does not matter


def test_covering_what_speaks_against_a_class_raises_its_log_odds() -> None:
    class Against(Watching):
        def forward(self, images: Tensor) -> Tensor:
            return -super().forward(images)

    assert occlusion(Against(slice(4, 10), slice(10, 20)), dotted(6, 14), 3).min() == pytest.approx(-8.0)


def test_on_a_blank_image_there_is_nothing_to_cover() -> None:
    assert occlusion(Watching(slice(0, 28), slice(0, 28)), blank(), 3).abs().max() == 0


def test_every_pixel_is_covered_by_some_square() -> None:
    everywhere = torch.ones(1, 1, 28, 28)
    everywhere[0, 0, 0, 0] = PAPER
    fall = occlusion(Watching(slice(0, 28), slice(0, 28)), everywhere, 3)
    assert (fall > 0).all()
    assert all(later >= earlier for earlier, later in pairwise(fall[14, :8].tolist()))


def test_a_network_without_gradient_has_no_saliency() -> None:
    class Deaf(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return F.pad(0 * images.flatten(1)[:, :1], (0, 9))

    assert gradient_saliency(Deaf(), dotted(3, 3), 3).max() == 0
