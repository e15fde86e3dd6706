"""The layer table of networks that hide what they do, against tables worked out by hand."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mnist_tui.inspection import ModelSummary, inspect_model
from mnist_tui.models import load_model


def table(summary: ModelSummary) -> list[tuple[object, ...]]:
    return [
        (row.path, row.type, row.output_shape, row.parameters, row.macs, row.receptive_field) for row in summary.layers
    ]


def inspect(model: nn.Module) -> ModelSummary:
    return inspect_model(model, name="it")


def block(path: str, side: int, cin: int, middle: int, cout: int, second: int, fields: tuple[int, ...]):
    """The rows of one reference block, from the formulas: weights + bias, and weights times positions."""
    half, (first, after, pooled) = side // 2, fields
    return [
        (
            f"{path}.conv1",
            "Conv2d",
            (middle, side, side),
            9 * cin * middle + middle,
            9 * cin * middle * side**2,
            first,
        ),
        (f"{path}.relu1", "ReLU", (middle, side, side), 0, 0, first),
        (f"{path}.norm1", "BatchNorm2d", (middle, side, side), 2 * middle, 0, first),
        (
            f"{path}.conv2",
            "Conv2d",
            (cout, side, side),
            second * middle * cout + cout,
            second * middle * cout * side**2,
            after,
        ),
        (f"{path}.relu2", "ReLU", (cout, side, side), 0, 0, after),
        (f"{path}.norm2", "BatchNorm2d", (cout, side, side), 2 * cout, 0, after),
        (f"{path}.pool", "MaxPool2d", (cout, half, half), 0, 0, pooled),
        (f"{path}.dropout", "Dropout", (cout, half, half), 0, 0, pooled),
    ]


def test_the_reference_network_is_tabled_as_by_hand():
    assert table(inspect(load_model("reference"))) == [
        *block("block1", 28, 1, 8, 8, 9, (3, 5, 6)),
        *block("block2", 14, 8, 16, 16, 9, (10, 14, 16)),
        *block("block3", 7, 16, 16, 10, 1, (24, 24, 28)),
        ("pool", "AdaptiveAvgPool2d", (10, 1, 1), 0, 0, 44),
        ("flatten", "Flatten", (10,), 0, 0, 44),
    ]


def test_the_totals_of_the_reference_network():
    summary = inspect(load_model("reference"))
    # Buffers: mean and variance of 8 + 8 + 16 + 16 + 16 + 10 channels, and 6 counters of 8 bytes.
    assert (summary.parameters, summary.macs, summary.bytes) == (6790, 1_306_144, 4 * (6790 + 2 * 74) + 8 * 6)
    assert summary.notes == ()


def test_blocks_have_subtotals_that_add_up():
    summary = inspect(load_model("reference"))
    assert [(part.path, part.parameters, part.output_shape, part.receptive_field) for part in summary.blocks] == [
        ("block1", 80 + 16 + 584 + 16, (8, 14, 14), 6),
        ("block2", 1168 + 32 + 2320 + 32, (16, 7, 7), 16),
        ("block3", 2320 + 32 + 170 + 20, (10, 3, 3), 28),
    ]
    assert sum(part.macs for part in summary.blocks) == summary.macs


class PyTorchExample(nn.Module):
    """The network of PyTorch's own MNIST example."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, 1)
        self.conv2 = nn.Conv2d(32, 64, 3, 1)
        self.dropout1 = nn.Dropout(0.25)
        self.dropout2 = nn.Dropout(0.5)
        self.fc1 = nn.Linear(9216, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv2(F.relu(self.conv1(x))))
        x = self.dropout1(F.max_pool2d(x, 2))
        x = self.dropout2(F.relu(self.fc1(torch.flatten(x, 1))))
        return F.log_softmax(self.fc2(x), dim=1)


def test_functional_calls_are_rows_of_their_own():
    summary = inspect(PyTorchExample())
    assert table(summary) == [
        ("conv1", "Conv2d", (32, 26, 26), 32 * 9 + 32, 32 * 9 * 26 * 26, 3),
        ("", "relu", (32, 26, 26), 0, 0, 3),
        ("conv2", "Conv2d", (64, 24, 24), 64 * 32 * 9 + 64, 64 * 32 * 9 * 24 * 24, 5),
        ("", "relu", (64, 24, 24), 0, 0, 5),
        ("", "max_pool2d", (64, 12, 12), 0, 0, 6),
        ("dropout1", "Dropout", (64, 12, 12), 0, 0, 6),
        ("", "flatten", (9216,), 0, 0, 6),
        ("fc1", "Linear", (128,), 9216 * 128 + 128, 9216 * 128, 6 + 11 * 2),
        ("", "relu", (128,), 0, 0, 28),
        ("dropout2", "Dropout", (128,), 0, 0, 28),
        ("fc2", "Linear", (10,), 1290, 1280, 28),
        ("", "log_softmax", (10,), 0, 0, 28),
    ]
    assert [row.functional for row in summary.layers] == [row.path == "" for row in summary.layers]


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, padding=1)
        self.body = nn.Conv2d(4, 4, 3, padding=1)
        self.act = nn.ReLU(inplace=True)
        self.down = nn.Conv2d(4, 8, 3, stride=2, padding=1)
        self.skip = nn.Conv2d(4, 8, 1, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.stem(x))
        y = self.body(x)
        y += x
        z = torch.cat([self.down(y), self.skip(y)], 1)
        return z.mean((2, 3))[:, :10]


def test_branches_keep_the_widest_field_and_in_place_ones_too():
    assert table(inspect(Residual())) == [
        ("stem", "Conv2d", (4, 28, 28), 40, 36 * 784, 3),
        ("act", "ReLU", (4, 28, 28), 0, 0, 3),
        ("body", "Conv2d", (4, 28, 28), 148, 144 * 784, 5),
        ("", "add", (4, 28, 28), 0, 0, 5),
        ("down", "Conv2d", (8, 14, 14), 296, 288 * 196, 7),
        ("skip", "Conv2d", (8, 14, 14), 40, 32 * 196, 5),
        ("", "cat", (16, 14, 14), 0, 0, 7),
        # 14 positions, 2 apart: 7 + 13 * 2.
        ("", "mean", (16,), 0, 0, 33),
        ("", "getitem", (10,), 0, 0, 33),
    ]


class Recurrent(nn.Module):
    """One convolution called three times, and two linear layers with one weight."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, padding=1)
        self.one = nn.Linear(784, 10)
        self.two = nn.Linear(784, 10)
        self.two.weight = self.one.weight

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(self.conv(self.conv(x))).flatten(1)
        return self.one(x) + self.two(x)


def test_shared_parameters_count_once_and_shared_work_each_time():
    summary = inspect(Recurrent())
    assert table(summary) == [
        ("conv", "Conv2d", (1, 28, 28), 10, 9 * 784, 3),
        ("conv", "Conv2d", (1, 28, 28), 0, 9 * 784, 5),
        ("conv", "Conv2d", (1, 28, 28), 0, 9 * 784, 7),
        ("", "flatten", (784,), 0, 0, 7),
        ("one", "Linear", (10,), 7850, 7840, 34),
        ("two", "Linear", (10,), 10, 7840, 34),
        ("", "add", (10,), 0, 0, 34),
    ]
    assert [row.shared_with for row in summary.layers] == ["", "conv", "conv", "", "", "one", ""]


def test_strided_dilated_depthwise_and_lopsided_convolutions():
    model = nn.Sequential(
        nn.Conv2d(1, 6, (3, 1), padding="same"),
        nn.Conv2d(6, 6, 3, stride=2, dilation=2, groups=6),
        nn.Conv2d(6, 12, (1, 5), groups=3),
        nn.MaxPool2d(3, 2, padding=1, ceil_mode=True),
        nn.Flatten(),
        nn.LazyLinear(10),
    )
    summary = inspect(model)
    assert table(summary) == [
        ("0", "Conv2d", (6, 28, 28), 24, 18 * 784, (3, 1)),
        # Dilated by 2, a kernel of 3 spans 5: (28 - 5) // 2 + 1 = 12 positions.
        ("1", "Conv2d", (6, 12, 12), 60, 54 * 144, (7, 5)),
        ("2", "Conv2d", (12, 12, 8), 132, 120 * 96, (7, 13)),
        # ceil((12 + 2 - 3) / 2) + 1 = 7 and ceil((8 + 2 - 3) / 2) + 1 = 5.
        ("3", "MaxPool2d", (12, 7, 5), 0, 0, (11, 17)),
        ("4", "Flatten", (420,), 0, 0, (11, 17)),
        ("5", "Linear", (10,), 4210, 4200, (11 + 6 * 4, 17 + 4 * 4)),
    ]
    assert [row.settings for row in summary.layers] == [
        "3×1, pad same",
        "3×3, stride 2, dilation 2, groups 6",
        "1×5, groups 3",
        "3×3, stride 2, pad 1, ceil",
        "",
        "420 → 10",
    ]


class Squeezing(nn.Module):
    """Squeeze and excitation: an average in the middle that weighs the channels of the map."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.excite = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(4, 4, 1), nn.Sigmoid())
        self.last = nn.Conv2d(4, 10, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return self.last(x * self.excite(x)).amax((2, 3))


def test_after_an_average_over_the_map_everything_sees_everything():
    assert [row.receptive_field for row in inspect(Squeezing()).layers] == [3, 30, 30, 30, 30, 30, 30]


class Raw(nn.Module):
    def __init__(self):
        super().__init__()
        self.kernel = nn.Parameter(torch.ones(10, 1, 5, 5))
        self.offsets = nn.ParameterList([torch.ones(10), torch.ones(10)])

    def forward(self, x: Tensor) -> Tensor:
        x = F.conv2d(x, self.kernel, self.offsets[0], stride=2)
        return F.dropout(x.amax((-1, -2)), 0.3, self.training) + self.offsets[1]


def test_raw_parameters_and_functional_dropout_are_seen():
    summary = inspect(Raw())
    assert table(summary) == [
        ("kernel", "Parameter", (10, 1, 5, 5), 250, 0, None),
        ("offsets.0", "Parameter", (10,), 10, 0, None),
        ("offsets.1", "Parameter", (10,), 10, 0, None),
        ("", "conv2d", (10, 12, 12), 0, 250 * 144, 5),
        ("", "amax", (10,), 0, 0, 5 + 11 * 2),
        ("", "dropout", (10,), 0, 0, 27),
        ("", "add", (10,), 0, 0, 27),
    ]
    assert [row.settings for row in summary.layers[3:6]] == ["5×5, stride 2", "", "p 0.3"]


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(1, 16, 4, stride=4)
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)
        self.head = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = self.attention(x, x, x)[0]
        return self.head(x.mean(1))


def test_attention_is_one_row_with_all_its_products_and_no_field():
    summary = inspect(Attention())
    projections, scores = 49 * 16 * 48 + 49 * 16 * 16, 2 * (2 * 49 * 49 * 8)
    assert table(summary) == [
        ("patches", "Conv2d", (16, 7, 7), 272, 256 * 49, 4),
        ("", "flatten", (16, 49), 0, 0, 4),
        ("", "transpose", (49, 16), 0, 0, 4),
        ("attention", "MultiheadAttention", (49, 16), 1088, projections + scores, None),
        ("", "mean", (16,), 0, 0, None),
        ("head", "Linear", (10,), 170, 160, None),
    ]
    assert [note.split(":")[0] for note in summary.notes] == ["attention"]


def test_channels_last_networks_are_followed():
    class ChannelsLast(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 4, 3)
            self.mix = nn.Linear(4, 10)

        def forward(self, x: Tensor) -> Tensor:
            return self.mix(self.conv(x).permute(0, 2, 3, 1)).mean((1, 2))

    assert [row.receptive_field for row in inspect(ChannelsLast()).layers] == [3, 3, 3, 28]


@pytest.mark.parametrize(
    ("lossy", "reason"),
    [
        (lambda x: F.interpolate(x, scale_factor=2), "upsample_nearest2d"),
        (lambda x: F.conv_transpose2d(x, torch.ones(1, 1, 2, 2), stride=2), "transposed"),
        (lambda x: x[:, :, 1:], "slice"),
        (lambda x: x.flip(2), "flip"),
        (lambda x: torch.fft.fft2(x).abs(), "_fft"),
        (lambda x: F.adaptive_avg_pool2d(x, 5), "unequal"),
        (lambda x: x + F.avg_pool2d(x, 2).repeat(1, 1, 2, 2), "repeat"),
        (lambda x: x * 2 if x.sum() > 0 else x, "reads a number"),
        (lambda x: torch.from_numpy(x.numpy()) + x, "numpy"),
    ],
)
def test_what_cannot_be_followed_has_no_field_and_a_reason(lossy, reason):
    class Lossy(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return lossy(x).flatten(1)

    summary = inspect(Lossy())
    assert summary.layers[-1].receptive_field is None
    assert any(reason in note for note in summary.notes)


def test_writing_through_a_view_loses_the_field_instead_of_guessing():
    class Writes(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            canvas = torch.zeros(2, 1, 28, 28)
            canvas[:, :, :14] = F.avg_pool2d(x, 3, 1, 1)[:, :, :14]
            return canvas + x

    assert inspect(Writes()).layers[-1].receptive_field is None


def test_work_without_a_formula_is_not_called_nothing():
    class Spectrum(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.fft.fft(x.flatten(1)).real[:, :10]

    summary = inspect(nn.Sequential(Spectrum()))
    assert (summary.layers[-1].macs, summary.macs) == (None, None)
    assert any("no formula" in note for note in summary.notes)


def test_a_layer_that_is_never_called_is_listed_with_a_note():
    class Idle(nn.Sequential):
        def __init__(self):
            super().__init__(nn.Flatten(), nn.Linear(784, 10))
            self.spare = nn.ModuleDict({"head": nn.Linear(4, 2)})

        def forward(self, x: Tensor) -> Tensor:
            return self[1](self[0](x))

    summary = inspect(Idle())
    assert table(summary)[-1] == ("spare.head", "Linear", None, 10, 0, None)
    assert summary.notes == ("spare.head is never called",)


STRANGE = [PyTorchExample, Residual, Recurrent, Squeezing, Raw, Attention]


@pytest.mark.parametrize("network", STRANGE)
def test_rows_add_up_to_all_parameters(network):
    model = network()
    summary = inspect(model)
    assert summary.parameters == sum(weight.numel() for weight in model.parameters())
    assert sum(row.parameters for row in summary.layers) == summary.parameters


def test_frozen_parameters_are_not_trainable():
    model = load_model("linear")
    model.fc.bias.requires_grad = False
    assert (inspect(model).parameters, inspect(model).trainable_parameters) == (7850, 7840)


@pytest.mark.parametrize("training", [True, False])
def test_the_model_and_the_random_state_stay_as_they_are(training):
    model = load_model("reference").train(training)
    before, state = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    inspect(model)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)
    assert all(module.training is training and not module._forward_hooks for module in model.modules())


def test_lazy_layers_stay_lazy():
    model = nn.Sequential(nn.Flatten(), nn.LazyLinear(10))
    assert table(inspect(model))[-1] == ("1", "Linear", (10,), 7850, 7840, 28)
    assert model[1].has_uninitialized_params()


def test_a_summary_is_plain_values():
    record = inspect(load_model("reference")).to_dict()
    assert {"model", "input_shape", "parameters", "trainable_parameters", "macs", "bytes", "notes"} < set(record)
    assert record["layers"][0] == {
        "path": "block1.conv1",
        "type": "Conv2d",
        "base": "Conv2d",
        "settings": "3×3, pad 1",
        "output_shape": [8, 28, 28],
        "parameters": 80,
        "macs": 56448,
        "receptive_field": 3,
        "functional": False,
        "shared_with": "",
        "averages_map": False,
    }
