"""MACs against the formula for convolutions, and against torch's own counter."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from mnist_tui.inspection import inspect_model
from mnist_tui.models import NAMES, load_model


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 5), st.integers(1, 3), st.integers(1, 2), st.sampled_from([1, 2, 4]))
def test_a_convolution_costs_its_kernel_at_each_position(kernel, stride, dilation, groups):
    conv = nn.Conv2d(4, 8, kernel, stride, dilation=dilation, groups=groups)
    side = (28 - dilation * (kernel - 1) - 1) // stride + 1
    summary = inspect_model(nn.Sequential(conv), name="conv", input_shape=(4, 28, 28))
    assert summary.macs == kernel**2 * (4 // groups) * 8 * side**2


@pytest.mark.parametrize("name", NAMES)
def test_the_total_is_half_of_torchs_count_of_operations(name):
    model = load_model(name).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, 1, 28, 28))
    assert inspect_model(model, name=name).macs == counter.get_total_flops() // 2


def test_weights_multiplied_with_weights_cost_once_whatever_the_batch():
    class LowRank(nn.Module):
        def __init__(self):
            super().__init__()
            self.down, self.up = nn.Parameter(torch.ones(784, 3)), nn.Parameter(torch.ones(3, 10))

        def forward(self, x: Tensor) -> Tensor:
            return x.flatten(1) @ (self.down @ self.up)

    assert inspect_model(LowRank(), name="low rank").macs == 784 * 3 * 10 + 784 * 10


def test_a_matrix_times_a_vector_counts_though_torch_has_no_formula():
    class OneVector(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.flatten(1) @ torch.ones(784)

    # The two images of the trial together are the matrix.
    assert inspect_model(OneVector(), name="vector").macs == 784


def test_counts_the_same_products_in_channels_last() -> None:
    model = load_model("reference").to(memory_format=torch.channels_last)
    assert inspect_model(model, name="reference").macs == 1_306_144
