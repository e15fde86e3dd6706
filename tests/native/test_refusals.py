"""Whatever is not compiled is refused in one sentence that names the layer."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune

from mnist_tui.native.tracing.trace import trace
from mnist_tui.native.unsupported import Unsupported


class Written(nn.Module):
    """A network with a convolution, a norm, a linear layer, and a `forward` that a test writes."""

    def __init__(self, forward: Callable[[Written, Tensor], Tensor]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3, padding=1)
        self.norm = nn.BatchNorm2d(3)
        self.fc = nn.Linear(3 * 28 * 28, 10)
        self.written = forward

    def forward(self, x: Tensor) -> Tensor:
        return self.written(self, x)

    def body(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))

    def head(self, x: Tensor) -> Tensor:
        return self.fc(x.flatten(1))


class MyConv(nn.Conv2d):
    """What a subclass may do: anything."""

    def forward(self, input: Tensor) -> Tensor:
        return -super().forward(input)


def refusal(model: nn.Module) -> str:
    """The sentence, which is one and has no full stop."""
    with pytest.raises(Unsupported) as caught:
        trace(model)
    reason = caught.value.reason
    assert reason == str(caught.value)
    assert "\n" not in reason
    assert not reason.endswith(".")
    return reason


def first(layer: nn.Module) -> nn.Module:
    """`layer` on the images, and a head that would fit if it kept their shape."""
    return nn.Sequential(layer, nn.Flatten(), nn.Linear(784, 10))


def then(*layers: nn.Module) -> nn.Module:
    """`layers` after a linear layer that gives ten numbers."""
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10), *layers)


CONV = {
    "has stride 2; only stride 1": nn.Conv2d(1, 1, 3, stride=2),
    "has stride (1, 2); only": nn.Conv2d(1, 1, 3, stride=(1, 2)),
    "has dilation 2; only dilation 1": nn.Conv2d(1, 1, 3, dilation=2),
    "has 2 groups": nn.Conv2d(2, 2, 3, groups=2),
    "pads with 'reflect'; only zeros": nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect"),
    "has kernel 7; only 1, 3 and 5 are compiled, or the whole map": nn.Conv2d(1, 1, 7),
    "has kernel 2; only": nn.Conv2d(1, 1, 2),
    "has kernel_size (3, 1); only equal sides": nn.Conv2d(1, 1, (3, 1)),
    "has padding (1, 0); only equal sides": nn.Conv2d(1, 1, 3, padding=(1, 0)),
    "has padding 3; for kernel 3 only 0 to 2": nn.Conv2d(1, 1, 3, padding=3),
    "has a weight of torch.float64; only torch.float32": nn.Conv2d(1, 1, 3).double(),
    "takes 3 channels and is given 1": nn.Conv2d(3, 1, 3),
}


@pytest.mark.parametrize("reason", CONV)
def test_a_convolution_of_another_kind_is_refused(reason: str) -> None:
    assert refusal(first(CONV[reason])).startswith(f"Conv2d `0` {reason}")


@pytest.mark.parametrize(
    ("pool", "reason"),
    [
        (nn.MaxPool2d(3, padding=1), "MaxPool2d `0` has padding 1; only pooling without padding is compiled"),
        (nn.AvgPool2d(3, padding=(0, 1)), "AvgPool2d `0` has padding (0, 1); only pooling without padding"),
        (nn.MaxPool2d(2, ceil_mode=True), "MaxPool2d `0` has ceil_mode; only"),
        (nn.MaxPool2d(2, dilation=2), "MaxPool2d `0` has dilation 2; only"),
        (nn.MaxPool2d((2, 1)), "MaxPool2d `0` has kernel_size (2, 1); only equal sides"),
        (nn.MaxPool2d(2, stride=(2, 1)), "MaxPool2d `0` has stride (2, 1); only equal sides"),
        (nn.MaxPool2d(29), "MaxPool2d `0` does not fit on a map of 28×28"),
        (nn.MaxPool2d(2, return_indices=True), "MaxPool2d `0` is not compiled"),
        (nn.AvgPool2d(2, divisor_override=3), "AvgPool2d `0` has a divisor of its own; only"),
        (nn.AdaptiveAvgPool2d(7), "AdaptiveAvgPool2d `0` pools to size 7; only global pooling, to size 1"),
        (nn.AdaptiveAvgPool2d((1, None)), "AdaptiveAvgPool2d `0` pools to size (1, None); only global"),
        (nn.LPPool2d(2, 2), "LPPool2d `0` is not compiled; only convolution"),
    ],
)
def test_pooling_of_another_kind_is_refused(pool: nn.Module, reason: str) -> None:
    assert refusal(first(pool)).startswith(reason)


@pytest.mark.parametrize(
    ("norm", "reason"),
    [
        (nn.BatchNorm2d(1, track_running_stats=False), "BatchNorm2d `0` has no running statistics; only"),
        (nn.BatchNorm2d(1, momentum=None), "BatchNorm2d `0` has momentum None; only a fixed momentum"),
        (nn.BatchNorm2d(2), "BatchNorm2d `0` takes 2 channels and is given 1"),
        (nn.GroupNorm(1, 1), "GroupNorm `0` is none of the layers with weights that are compiled: Conv2d"),
        (nn.InstanceNorm2d(1), "InstanceNorm2d `0` is not compiled; only convolution"),
    ],
)
def test_a_norm_of_another_kind_is_refused(norm: nn.Module, reason: str) -> None:
    assert refusal(first(norm)).startswith(reason)


@pytest.mark.parametrize(
    "activation", [nn.GELU(), nn.LeakyReLU(), nn.ReLU6(), nn.ELU(), nn.SiLU(), nn.Tanh(), nn.Sigmoid()]
)
def test_another_activation_than_relu_is_refused(activation: nn.Module) -> None:
    name = type(activation).__name__
    assert refusal(first(activation)) == f"{name} `0` is another activation than ReLU; only ReLU is compiled"


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (nn.Sequential(nn.Linear(28, 10)), "Linear `0` is given an image (N, 1, 28, 28); flatten it first"),
        (first(nn.Conv2d(1, 2, 1)), "Linear `2` takes 784 numbers and is given 1568"),
        (
            then(nn.Softmax(dim=1)),
            "Softmax `2` returns probabilities; end with the logits or with log_softmax",
        ),
        (then(nn.LogSoftmax(dim=1), nn.Linear(10, 10)), "Linear `3` stands after log_softmax, which"),
        (
            nn.Sequential(nn.Conv2d(1, 10, 28), nn.LogSoftmax(dim=1), nn.Flatten(), nn.ReLU()),
            "ReLU `3` stands after log_softmax, which",
        ),
        (then(nn.LogSoftmax(dim=0)), "LogSoftmax `2` is over dimension 0 of (N, 10); only over the classes"),
        (
            nn.Sequential(nn.Flatten(), nn.Linear(784, 9)),
            "`forward` returns (N, 9); a network is compiled that",
        ),
        (nn.Sequential(nn.Conv2d(1, 10, 28)), "`forward` returns (N, 10, 1, 1); a network is compiled that"),
        (
            nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.BatchNorm1d(1352), nn.Linear(1352, 10)),
            "BatchNorm1d `2` normalizes each element of a map separately; use BatchNorm2d",
        ),
        (first(nn.Dropout(1.0)), "Dropout `0` drops everything; only"),
        (first(nn.Dropout1d(0.5)), "Dropout1d `0` is not compiled; only"),
        (first(MyConv(1, 1, 3)), "MyConv `0` is a subclass of Conv2d, which may compute anything; only"),
    ],
)
def test_a_stack_that_is_not_compiled_is_refused(model: nn.Module, reason: str) -> None:
    assert refusal(model).startswith(reason)


def _residual(net: Written, x: Tensor) -> Tensor:
    y = net.body(x)
    return net.head(y + F.relu(y))


def _branches(net: Written, x: Tensor) -> Tensor:
    return net.head(net.body(x)) + x.mean((2, 3))


def _dead_end(net: Written, x: Tensor) -> Tensor:
    net.conv(x)
    return net.head(net.norm(x))


def _two_results(net: Written, x: Tensor) -> object:
    x = net.body(x)
    return net.head(x), x


def _in_two_modes(net: Written, x: Tensor) -> Tensor:
    x = net.body(x)
    return net.head(x.relu() if net.training else x)


def _without_gradients(net: Written, x: Tensor) -> Tensor:
    with torch.no_grad():
        x = net.conv(x)
    return net.head(net.norm(x))


def _by_the_dice(net: Written, x: Tensor) -> Tensor:
    x = net.body(x)
    return net.head(x.relu() if random.random() < 0.5 else x)


def _by_torchs_dice(net: Written, x: Tensor) -> Tensor:
    x = net.body(x)
    return net.head(x.relu() if torch.rand(()) < 0.5 else x)


def _keeps_its_features(net: Written, x: Tensor) -> Tensor:
    net.features = net.body(x)
    return net.head(net.features)


@pytest.mark.parametrize(
    ("forward", "reason"),
    [
        (
            _residual,
            "`add` in `forward` joins two results, as a residual connection does; only a chain of layers is compiled, "
            "without branches",
        ),
        (_branches, "`mean` in `forward` uses a result that another layer has used already; only a chain"),
        (_dead_end, "BatchNorm2d `norm` uses a result that another layer has used already; only a chain"),
        (
            lambda net, x: net.head(torch.cat([x, x, x], 1)),
            "`cat` in `forward` joins two results, as a residual connection does; only a chain",
        ),
        (lambda net, x: net.head(net.body(net.body(x)[:, :1])), "`getitem` in `forward` is not compiled"),
        (lambda net, x: net.head(net.norm(net.body(x))), "BatchNorm2d `norm` is called twice; a layer with"),
        (lambda net, x: net.head(2 * net.body(x)), "`mul` in `forward` is not compiled; only convolution"),
        (lambda net, x: net.head(net.body(x).tanh()), "`tanh` in `forward` is another activation than ReLU"),
        (lambda net, x: net.head(nn.GELU()(net.body(x))), "`gelu` in `forward` is another activation than"),
        (
            lambda net, x: net.head(F.dropout(net.body(x))),
            "`dropout` in `forward` is active in evaluation too; use",
        ),
        (
            lambda net, x: net.head(F.conv2d(x, net.conv.weight)),
            "`conv2d` in `forward` is given weights that",
        ),
        (lambda net, x: net.head(net.body(x).permute(0, 2, 3, 1)), "`permute` in `forward` is not compiled"),
        (lambda net, x: net.fc(net.body(x).flatten()), "`flatten` in `forward` flattens all images into one"),
        (
            lambda net, x: net.fc(net.body(x).view(-1, 784)),
            "`view` in `forward` reshapes images of 2352 numbers",
        ),
        (
            lambda net, x: net.fc(net.body(x).view(64, -1)),
            "`view` in `forward` reshapes images of 2352 numbers",
        ),
        (
            lambda net, x: net.fc(net.body(x).view(x.size(0) * 3, -1)),
            "`mul` in `forward` computes with the number of images",
        ),
        (
            lambda net, x: net.head(net.body(x).mean(1)),
            "`mean` in `forward` is not the average of each channel",
        ),
        (
            lambda net, x: net.head(net.body(x.view(-1, 4, 14, 14))),
            "Conv2d `conv` is given (N, 4, 14, 14), where",
        ),
        (lambda net, x: net.head(net.body(x) if x.sum() > 0 else x), "`sum` in `forward` is not compiled"),
        (
            lambda net, x: net.head(net.body(x) if x.is_cuda else x),
            "`forward` decides by what it computes, in an",
        ),
        (
            lambda net, x: net.head(torch.stack([net.body(i) for i in x])),
            "`forward` loops over a tensor; only",
        ),
        (
            lambda net, x: net.head(net.body(x).view(len(x), -1)),
            "`forward` cannot be traced: RuntimeError: ",
        ),
        (lambda net, x: net.head(net.body(x)) / 0, "`truediv` in `forward` is not compiled"),
        (lambda net, x: net.missing(x), "`forward` cannot be traced: AttributeError: "),
        (_two_results, "`forward` does not return the result of its last layer alone; only a chain"),
        (_in_two_modes, "`forward` computes something else in training than in evaluation; only a chain"),
        (_without_gradients, "Conv2d `conv` runs under no_grad or autocast; only plain float32"),
        (_by_the_dice, "`forward` draws random numbers itself; only dropout layers"),
        (_by_torchs_dice, "`forward` draws random numbers itself; only dropout layers"),
        (_keeps_its_features, "`forward` sets `features`, which a compiled step would not"),
        (lambda net, x: net.head(x.repeat(1, 3, 1, 1)), "`repeat` in `forward` is not compiled"),
    ],
)
def test_a_forward_that_is_not_a_chain_is_refused(forward: Callable[[Written, Tensor], Tensor], reason: str) -> None:
    assert refusal(Written(forward)).startswith(reason)


def plain() -> Written:
    return Written(lambda net, x: net.head(net.body(x)))


def frozen() -> nn.Module:
    model = plain()
    model.conv.weight.requires_grad = False
    return model


def hooked() -> nn.Module:
    model = plain()
    model.norm.register_forward_hook(lambda module, args, output: 2 * output)
    return model


def hooked_at_a_weight() -> nn.Module:
    model = plain()
    model.conv.weight.register_hook(lambda gradient: gradient.clamp(-1, 1))
    return model


def parametrized() -> nn.Module:
    model = plain()
    parametrizations.weight_norm(model.conv)
    return model


def pruned() -> nn.Module:
    model = plain()
    prune.l1_unstructured(model.conv, "weight", 0.5)
    return model


def patched() -> nn.Module:
    model = plain()
    model.conv.forward = lambda x: x.repeat(1, 3, 1, 1)
    return model


def tied() -> nn.Module:
    model = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3), nn.Flatten(), nn.Linear(576, 10))
    model[1].weight = model[0].weight
    return model


def with_a_spare_layer() -> nn.Module:
    model = plain()
    model.spare = nn.Linear(2, 2)
    return model


def with_a_spare_buffer() -> nn.Module:
    model = plain()
    model.register_buffer("seen", torch.zeros(()))
    return model


class KeepsNormsFixed(nn.Sequential):
    """Overrides what the training mode is."""

    def train(self, mode: bool = True) -> KeepsNormsFixed:
        return super().train(False)


class TakesMore(nn.Sequential):
    """Has another argument."""

    def forward(self, x: Tensor, deep: bool = False) -> Tensor:
        return super().forward(x)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (frozen(), "`conv.weight` is frozen (requires_grad=False); only training all of it is compiled"),
        (hooked(), "BatchNorm2d `norm` has hooks, which a compiled step would not call; remove them"),
        (hooked_at_a_weight(), "`conv.weight` has hooks, which a compiled step would not call; remove them"),
        (
            parametrized(),
            "ParametrizedConv2d `conv` has parametrizations; only plain parameters are compiled",
        ),
        (pruned(), "Conv2d `conv` has hooks, which a compiled step would not call; remove them"),
        (
            patched(),
            "Conv2d `conv` has its own `__call__`, `train` or `eval`, or a `forward` that was replaced; only",
        ),
        (tied(), "`1` and `0` share their weights; each needs its own"),
        (with_a_spare_layer(), "`spare.weight` belongs to no layer that `forward` calls; remove it, or use"),
        (
            with_a_spare_buffer(),
            "`seen` belongs to no layer that `forward` calls; remove it, or use its layer",
        ),
        (
            KeepsNormsFixed(nn.Flatten(), nn.Linear(784, 10)),
            "KeepsNormsFixed has its own `__call__`, `train`",
        ),
        (
            TakesMore(nn.Flatten(), nn.Linear(784, 10)),
            "`forward` takes (x: 'Tensor', deep: 'bool' = False); only",
        ),
        (nn.Module(), "`forward` takes (*input: Any); only one argument, the images, is compiled"),
    ],
)
def test_what_a_network_does_besides_its_layers_is_refused(model: nn.Module, reason: str) -> None:
    assert refusal(model).startswith(reason)


def test_a_refused_network_leaves_the_random_numbers_alone() -> None:
    """Even one that creates random weights in its `forward`."""
    model = Written(lambda net, x: net.head(nn.Conv2d(1, 3, 3, padding=1)(x)))
    before = torch.get_rng_state()
    assert "`conv2d` in `forward` is given weights" in refusal(model)
    assert torch.equal(torch.get_rng_state(), before)
