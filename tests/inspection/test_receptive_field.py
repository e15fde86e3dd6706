"""Analytic receptive fields against an independent measurement: NaN spreads exactly as dependence does."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from mnist_tui.inspection import inspect_model

SIDE = 80
"""Wide enough that the output's middle sees no border: three layers see 1 + 8 + 16 + 32 pixels at most."""


def measured_field(model: nn.Module, dim: int) -> int:
    """The first to the last row (dim 2) or column (dim 3) that can make the output's middle NaN."""
    images = torch.zeros(SIDE, 1, SIDE, SIDE)
    images.select(1, 0).diagonal(dim1=0, dim2=dim - 1).fill_(torch.nan)
    output = model(images)[:, 0]
    middle = output[:, output.shape[1] // 2, output.shape[2] // 2]
    seen = middle.isnan().nonzero()
    return int(seen.max() - seen.min()) + 1


def dependent(model: nn.Module) -> nn.Module:
    """`model` with weights of one, so that no pixel is multiplied away."""
    for weight in model.parameters():
        nn.init.ones_(weight)
    return model.eval().requires_grad_(False)


def analytic_field(model: nn.Module) -> tuple[int, int]:
    found = inspect_model(model, name="chain", input_shape=(1, SIDE, SIDE)).layers[-1].receptive_field
    assert found is not None
    return found if isinstance(found, tuple) else (found, found)


@st.composite
def sliding_layers(draw: st.DrawFn) -> nn.Module:
    pair = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(2))  # noqa: E731
    kernel, stride, dilation = pair(1, 5), pair(1, 2), pair(1, 2)
    padding = tuple(draw(st.integers(0, side // 2)) for side in kernel)
    match draw(st.sampled_from(["conv", "max", "average", "depthwise"])):
        case "conv":
            return nn.Conv2d(1, 1, kernel, stride, padding, dilation)
        case "depthwise":
            return nn.Sequential(
                nn.Conv2d(1, 2, 1), nn.Conv2d(2, 2, kernel, stride, padding, dilation, groups=2), Sum()
            )
        case "max":
            return nn.MaxPool2d(kernel, stride, padding, dilation, ceil_mode=draw(st.booleans()))
        case _:
            return nn.AvgPool2d(kernel, stride, padding)


class Sum(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.sum(1, keepdim=True)


class Branches(nn.Module):
    """The sum of two branches that keep the size and look to different sides."""

    def __init__(self, *branches: nn.Module):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        return self.branches[0](x) + self.branches[1](x)


@st.composite
def lopsided_branches(draw: st.DrawFn) -> nn.Module:
    kernel = draw(st.integers(1, 5))
    before = draw(st.integers(0, kernel - 1))
    after = kernel - 1 - before
    return nn.Sequential(nn.ZeroPad2d((before, after, after, before)), nn.Conv2d(1, 1, kernel))


@settings(deadline=None, max_examples=20)
@given(st.lists(sliding_layers(), min_size=1, max_size=3))
def test_random_chains_see_what_the_measurement_sees(layers):
    model = dependent(nn.Sequential(*layers))
    assert analytic_field(model) == (measured_field(model, 2), measured_field(model, 3))


@settings(deadline=None, max_examples=8)
@given(lopsided_branches(), lopsided_branches(), sliding_layers())
def test_branches_that_look_to_different_sides_are_united(one, other, after):
    model = dependent(nn.Sequential(Branches(one, other), after))
    assert analytic_field(model) == (measured_field(model, 2), measured_field(model, 3))


@settings(deadline=None, max_examples=8)
@given(st.lists(sliding_layers(), min_size=1, max_size=3))
def test_shapes_are_those_of_a_real_forward(layers):
    model = nn.Sequential(*layers).eval()
    last = inspect_model(model, name="chain", input_shape=(1, SIDE, SIDE)).layers[-1]
    assert last.output_shape == tuple(model(torch.zeros(1, 1, SIDE, SIDE)).shape[1:])


def test_an_even_kernel_that_keeps_the_size_looks_one_pixel_further_back():
    pads = nn.Sequential(nn.ZeroPad2d((1, 2, 1, 2)), nn.Conv2d(1, 1, 4))
    assert analytic_field(dependent(pads)) == (4, 4) == (measured_field(pads, 2), measured_field(pads, 3))


def test_normalizing_by_the_statistics_of_the_map_sees_all_of_it():
    model = dependent(nn.Sequential(nn.Conv2d(1, 2, 3), nn.GroupNorm(1, 2)))
    assert analytic_field(model) == (SIDE, SIDE)
