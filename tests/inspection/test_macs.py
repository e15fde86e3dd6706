"""MACs against the formula for convolutions, and against torch's own counter."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
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


class Over(nn.Module):
    """Rows of the image as a sequence (N, 28, 28) through `layer`, whose result is all that counts."""

    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        result = self.layer(x.squeeze(1))
        return result[0] if isinstance(result, tuple) else result


class Loop(nn.Module):
    """A cell by hand, from zeros for each image."""

    def __init__(self, cell: nn.Module, kept: int = 1):
        super().__init__()
        self.cell, self.kept = cell, kept

    def forward(self, x: Tensor) -> Tensor:
        state = tuple(x.new_zeros(len(x), self.cell.hidden_size) for _ in range(self.kept))
        for row in x.unbind(1):
            state = self.cell(row, state if self.kept > 1 else state[0])
            state = state if self.kept > 1 else (state,)
        return state[0]


class Asking(nn.Module):
    """Learned queries for each image, expanded, repeated, or broadcast by the product itself."""

    def __init__(self, how: str):
        super().__init__()
        self.how, self.ask = how, nn.Linear(28, 28)
        self.query = nn.Parameter(torch.randn(1, 4, 28))

    def forward(self, x: Tensor) -> Tensor:
        query = self.query.expand(len(x), -1, -1) if self.how == "expand" else self.query
        query = self.query.repeat(len(x), 1, 1) if self.how == "repeat" else query
        return self.ask(query + 0 * x[:, :4]) @ x.mT if self.how == "add" else self.ask(query) @ x.mT


class Attention(nn.Module):
    def __init__(self, *, queries: int):
        super().__init__()
        self.attention = nn.MultiheadAttention(28, 4, batch_first=True)
        self.query = nn.Parameter(torch.randn(1, queries, 28)) if queries else None

    def forward(self, x: Tensor) -> Tensor:
        query = x if self.query is None else self.query.expand(len(x), -1, -1)
        return self.attention(query, x, x, need_weights=True)[0]


class Hidden(nn.Module):
    """A recurrence in plain matrices, from a state of zeros."""

    def __init__(self):
        super().__init__()
        self.read, self.keep = nn.Linear(28, 16), nn.Linear(16, 16, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        state = torch.zeros(len(x), 16)
        for row in x.unbind(1):
            state = (self.read(row) + self.keep(state)).tanh()
        return state


@contextmanager
def one_by_one() -> Iterator[None]:
    """Without the fused layers, for which torch's counter has no formula."""
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.backends.mkldnn.flags(enabled=False, allow_tf32=None), sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(True)


SEQUENTIAL = {
    "rnn": lambda: nn.RNN(28, 64, batch_first=True),
    "rnn, both ways": lambda: nn.RNN(28, 12, batch_first=True, bidirectional=True),
    "gru": lambda: nn.GRU(28, 64, batch_first=True),
    "gru, two layers both ways": lambda: nn.GRU(28, 8, 2, batch_first=True, bidirectional=True),
    "lstm": lambda: nn.LSTM(28, 64, batch_first=True),
    "lstm, no bias": lambda: nn.LSTM(28, 8, batch_first=True, bias=False),
    "lstm, two layers both ways": lambda: nn.LSTM(28, 8, 2, batch_first=True, bidirectional=True),
    "lstm, projected": lambda: nn.LSTM(28, 16, batch_first=True, proj_size=5),
    "lstm over the batch": lambda: nn.LSTM(28, 8),
    "rnn cell": lambda: Loop(nn.RNNCell(28, 32)),
    "gru cell": lambda: Loop(nn.GRUCell(28, 32)),
    "lstm cell": lambda: Loop(nn.LSTMCell(28, 32), kept=2),
    "plain matrices": Hidden,
    "query expanded": lambda: Asking("expand"),
    "query repeated": lambda: Asking("repeat"),
    "query added": lambda: Asking("add"),
    "attention": lambda: Attention(queries=0),
    "attention of a query": lambda: Attention(queries=3),
    "transformer": lambda: nn.TransformerEncoderLayer(28, 4, 32, batch_first=True),
}


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize("name", SEQUENTIAL)
def test_a_sequence_costs_what_torch_counts_for_any_number_of_images(name):
    model = Over(SEQUENTIAL[name]()).eval()
    macs = inspect_model(model, name=name).macs
    for images in (1, 2, 3, 7):
        with FlopCounterMode(display=False) as counter, one_by_one():
            model(torch.zeros(images, 1, 28, 28))
        assert counter.get_total_flops() == 2 * images * macs


def test_a_query_that_is_broadcast_costs_its_own_product_once():
    # Weights met with weights are computed once, and then by each image.
    assert inspect_model(Over(Asking("broadcast")), name="query").macs == 4 * 28 * 28 + 4 * 28 * 28


@pytest.mark.parametrize("body", ["(x @ x.T) @ x", "torch.cdist(x, x) @ x"])
def test_work_that_grows_faster_than_the_images_is_not_given_a_number(body):
    class Among(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return eval(body, {"torch": torch, "x": x.flatten(1)})

    summary = inspect_model(Among(), name="among")
    assert summary.macs is None
    assert any("depends on the number of images" in note for note in summary.notes)


def test_a_normed_weight_that_carries_its_graph_is_inspected():
    with pytest.warns(FutureWarning):
        layer = torch.nn.utils.weight_norm(nn.Linear(784, 10))
    assert inspect_model(nn.Sequential(nn.Flatten(), layer), name="normed").macs == 7840
