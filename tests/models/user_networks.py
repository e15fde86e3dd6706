"""Users' networks in common styles: each the source of a file with a class Net."""

from __future__ import annotations

from pathlib import Path

HEAD = """
import math
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations
from torch.utils.checkpoint import checkpoint

"""


def module(forward: str, **layers: str) -> str:
    """A class Net with these layers, in the order given, and this body of `forward`."""
    made = "".join(f"        self.{name} = {value}\n" for name, value in layers.items())
    body = "".join(f"        {line.strip()}\n" for line in forward.strip().split(";"))
    made = f"    def __init__(self):\n        super().__init__()\n{made}\n"
    return f"class Net(nn.Module):\n{made}    def forward(self, x):\n{body}"


def write(folder: Path, source: str) -> str:
    """The spec of Net in a file of its own in `folder`."""
    file = folder / "net.py"
    file.write_text(HEAD + source)
    return f"{file}:Net"


CONV, FC = "nn.Conv2d(1, 4, 3)", "nn.Linear(4 * 26 * 26, 10)"
NORM_HEAD = {"conv": "nn.Conv2d(1, 8, 3)", "norm": "nn.BatchNorm1d(8)", "fc": "nn.Linear(8, 10)"}

TRAINS: dict[str, str] = {
    "view": module("x = self.conv(x).relu(); return self.fc(x.view(-1, 4 * 26 * 26))", conv=CONV, fc=FC),
    "view by size": module("x = F.relu(self.conv(x)); return self.fc(x.view(x.size(0), -1))", conv=CONV, fc=FC),
    "view of a weight": module(
        "w = self.conv.weight.view(8, -1); w = (w / w.norm(dim=1, keepdim=True)).view(8, 4, 3, 3);"
        "x = F.conv2d(self.stem(x).relu(), w); return self.fc(x.mean((2, 3)))",
        stem="nn.Conv2d(1, 4, 3)",
        conv="nn.Conv2d(4, 8, 3, bias=False)",
        fc="nn.Linear(8, 10)",
    ),
    "strides": module(
        "x = self.conv(x).relu(); n, c, h, w = x.shape;"
        "x = x.as_strided((n, c * h * w), (c * h * w, 1)); return self.fc(x)",
        conv=CONV,
        fc=FC,
    ),
    "half": module(
        "return self.fc(self.conv(x.half()).relu().flatten(1)).float()",
        conv=CONV + ".half()",
        fc=FC + ".half()",
    ),
    "double": module(
        "return self.fc(self.conv(x.double()).relu().flatten(1))",
        conv=CONV + ".double()",
        fc=FC + ".double()",
    ),
    "bfloat16 within": module(
        "x = self.conv(x).relu().flatten(1).bfloat16();"
        "return F.linear(x, self.fc.weight.bfloat16(), self.fc.bias.bfloat16()).float()",
        conv=CONV,
        fc=FC,
    ),
    "lstm": module(
        "out, _ = self.rnn(x.squeeze(1)); return self.fc(out[:, -1])",
        rnn="nn.LSTM(28, 16, batch_first=True)",
        fc="nn.Linear(16, 10)",
    ),
    "gru with a state of its own": module(
        "h = torch.zeros(1, x.size(0), 16); out, h = self.rnn(x.view(-1, 28, 28), h); return self.fc(h[0])",
        rnn="nn.GRU(28, 16, batch_first=True)",
        fc="nn.Linear(16, 10)",
    ),
    "batch norm over vectors": module("return self.fc(self.norm(self.conv(x).relu().mean((2, 3))))", **NORM_HEAD),
    "group norm": module(
        "return self.fc(self.norm(self.conv(x)).relu().flatten(1))",
        conv=CONV,
        norm="nn.GroupNorm(2, 4)",
        fc=FC,
    ),
    "layer norm": module("return self.fc(self.norm(x.flatten(1)))", norm="nn.LayerNorm(784)", fc="nn.Linear(784, 10)"),
    "weight norm": module(
        "return self.fc(self.conv(x).relu().flatten(1))",
        conv=f"parametrizations.weight_norm({CONV})",
        fc=f"parametrizations.weight_norm({FC})",
    ),
    "weight norm of old": module(
        "return self.fc(self.conv(x).relu().flatten(1))",
        conv=f"torch.nn.utils.weight_norm({CONV})",
        fc=FC,
    ),
    "spectral norm": module(
        "return self.fc(self.conv(x).relu().flatten(1))",
        conv=f"parametrizations.spectral_norm({CONV})",
        fc=FC,
    ),
    "lazy": module("return self.fc(self.conv(x).relu().flatten(1))", conv=CONV, fc="nn.LazyLinear(10)"),
    "tied": module(
        "x = self.a(x.flatten(1)).relu(); x = F.linear(x, self.a.weight.t()).relu(); return self.fc(x)",
        a="nn.Linear(784, 16)",
        fc="nn.Linear(784, 10)",
    ),
    "attention": module(
        "x = x.squeeze(1); y, _ = self.attend(x, x, x); return self.fc((x + y).flatten(1))",
        attend="nn.MultiheadAttention(28, 4, batch_first=True)",
        fc="nn.Linear(784, 10)",
    ),
    "transformer on patches": module(
        "x = self.patch(x).flatten(2).transpose(1, 2);"
        "x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.place; return self.fc(self.body(x)[:, 0])",
        patch="nn.Conv2d(1, 16, 7, 7)",
        token="nn.Parameter(torch.zeros(1, 1, 16))",
        place="nn.Parameter(torch.zeros(1, 17, 16))",
        body="nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 1)",
        fc="nn.Linear(16, 10)",
    ),
    "residual": module(
        "x = self.stem(x).relu(); x = (x + self.norm(self.conv(x))).relu();"
        "return self.fc(F.avg_pool2d(x, 28).view(x.size(0), -1))",
        stem="nn.Conv2d(1, 8, 3, padding=1)",
        conv="nn.Conv2d(8, 8, 3, padding=1, bias=False)",
        norm="nn.BatchNorm2d(8)",
        fc="nn.Linear(8, 10)",
    ),
    "inception": module(
        "x = torch.cat([self.a(x), self.b(x), F.max_pool2d(x, 3, 1, 1)], 1).relu(); return self.fc(x.mean((2, 3)))",
        a="nn.Conv2d(1, 4, 1)",
        b="nn.Conv2d(1, 4, 5, padding=2)",
        fc="nn.Linear(9, 10)",
    ),
    "depthwise": module(
        "x = self.point(self.depth(self.stem(x))).relu(); return self.fc(x.amax((2, 3)))",
        stem="nn.Conv2d(1, 8, 3, 2)",
        depth="nn.Conv2d(8, 8, 3, groups=8)",
        point="nn.Conv2d(8, 16, 1)",
        fc="nn.Linear(16, 10)",
    ),
    "functional": module(
        "x = F.conv2d(x, self.w, stride=2).relu(); return F.linear(x.reshape(len(x), -1), self.v, self.b)",
        w="nn.Parameter(torch.randn(4, 1, 3, 3) / 3)",
        v="nn.Parameter(torch.randn(10, 4 * 13 * 13) / 26)",
        b="nn.Parameter(torch.zeros(10))",
    ),
    "a function with its own gradient": (
        "class Square(torch.autograd.Function):\n"
        "    @staticmethod\n"
        "    def forward(ctx, x):\n"
        "        ctx.save_for_backward(x)\n"
        "        return x * x\n"
        "    @staticmethod\n"
        "    def backward(ctx, grad):\n"
        "        (x,) = ctx.saved_tensors\n"
        "        return 2 * x * grad\n"
        + module(
            "return self.fc(Square.apply(self.a(x.view(-1, 784))))",
            a="nn.Linear(784, 16)",
            fc="nn.Linear(16, 10)",
        )
    ),
    "changes its images": module(
        "x.sub_(0.1); x = F.relu_(x); return self.fc(self.conv(x).relu_().view(-1, 4 * 26 * 26))",
        conv=CONV,
        fc=FC,
    ),
    "layers of the first forward": module(
        "x = x.flatten(1); self.fc = self.fc or nn.Linear(x.shape[1], 10); return self.fc(x)", fc="None"
    ),
    "compiled to TorchScript": (
        "class Inner(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.conv, self.norm = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4)\n"
        "    def forward(self, x):\n"
        "        return self.norm(self.conv(x)).relu()\n"
        + module("return self.fc(self.inner(x).view(-1, 4 * 26 * 26))", inner="torch.jit.script(Inner())", fc=FC)
    ),
    "all of it compiled to TorchScript": "Net = torch.jit.script(nn.Sequential(nn.Flatten(), nn.Linear(784, 10)))\n",
    "a layer compiled by torch.compile": module(
        "return self.fc(x.flatten(1))", fc='torch.compile(nn.Linear(784, 10), backend="eager")'
    ),
    "recomputed in backward": module(
        "x = checkpoint(self.conv, x, use_reentrant=False).relu();"
        "return self.fc(F.dropout(x.flatten(1), 0.2, self.training))",
        conv=CONV,
        fc=FC,
    ),
    "log probabilities": module(
        "x = F.dropout2d(F.max_pool2d(self.conv(x), 2).relu(), 0.2, self.training);"
        "return F.log_softmax(self.fc(x.view(-1, 4 * 13 * 13)), dim=1)",
        conv=CONV,
        fc="nn.Linear(4 * 13 * 13, 10)",
    ),
    "a chain in plain view": module(
        "x = F.max_pool2d(F.relu(self.conv(x)), 2); x = x.view(-1, 4 * 13 * 13); return self.fc(x)",
        conv=CONV,
        fc="nn.Linear(4 * 13 * 13, 10)",
    ),
}
"""Networks that train as in their author's own loop, without a notice."""

LINEAR = "nn.Linear(784, 10)"
NOTICED: dict[str, tuple[str, str]] = {
    "softmax layer": (
        "class Net(nn.Sequential):\n    def __init__(self):\n"
        "        super().__init__(nn.Flatten(), nn.Linear(784, 10), nn.Softmax(dim=1))\n",
        "returns probabilities, as after a softmax",
    ),
    "softmax function": (
        module("return F.softmax(self.fc(F.gelu(x).flatten(1)), 1)", fc=LINEAR),
        "returns probabilities, as after a softmax",
    ),
    "softmax in evaluation": (
        module("x = self.fc(x.flatten(1)); return x if self.training else x.softmax(1)", fc=LINEAR),
        "returns probabilities in evaluation mode, as after a softmax",
    ),
    "sigmoid": (module("return self.fc(x.flatten(1)).sigmoid()", fc=LINEAR), "as after a sigmoid"),
    "dropout for ever": (
        module("return self.fc(F.dropout(x.flatten(1), 0.5))", fc=LINEAR),
        "give F.dropout training=self.training",
    ),
    "noise for ever": (
        module("return self.fc((x + 0.1 * torch.randn_like(x)).flatten(1))", fc=LINEAR),
        "returns random outputs in evaluation mode too",
    ),
    "batch for sequence": (
        module(
            "out, _ = self.rnn(x.squeeze(1)); return self.fc(out[:, -1])",
            rnn="nn.LSTM(28, 16)",
            fc="nn.Linear(16, 10)",
        ),
        "probably LSTM lacks batch_first=True",
    ),
    "attention among images": (
        module(
            "x = x.squeeze(1); y, _ = self.attend(x, x, x); return self.fc(y.flatten(1))",
            attend="nn.MultiheadAttention(28, 4)",
            fc=LINEAR,
        ),
        "probably MultiheadAttention lacks batch_first=True",
    ),
    "softmax over the batch": (
        module("return self.fc(x.flatten(1)).log_softmax(0)", fc=LINEAR),
        "images of a batch influence each other, as with a softmax over the batch dimension",
    ),
    "no running statistics": (
        module(
            "return self.fc(self.norm(self.conv(x)).relu().mean((2, 3)))",
            conv="nn.Conv2d(1, 8, 3)",
            norm="nn.BatchNorm2d(8, track_running_stats=False)",
            fc="nn.Linear(8, 10)",
        ),
        "probably BatchNorm2d keeps no running statistics",
    ),
    "memory of the last batch": (
        module(
            "y = self.fc(x.flatten(1)); z = y + self.before; self.before = y.detach().mean(0); return z",
            fc=LINEAR,
            before="torch.zeros(10)",
        ),
        "keeps something from one batch to the next",
    ),
    "unused layer": (
        module("return self.fc(x.flatten(1))", fc=LINEAR, spare="nn.Linear(5, 5)"),
        "has spare.weight, spare.bias that no gradient reaches",
    ),
    "frozen layer": (
        module(
            "return self.fc(self.first(x.flatten(1)).relu())",
            first="nn.Linear(784, 20).requires_grad_(False)",
            fc="nn.Linear(20, 10)",
        ),
        "has first.weight, first.bias frozen",
    ),
    "vectors": (module("return self.fc(x)", fc=LINEAR), "takes images as vectors (N, 784)"),
    "rows": (
        module(
            "return self.fc(self.rnn(x)[0][:, -1])",
            rnn="nn.GRU(28, 8, batch_first=True)",
            fc="nn.Linear(8, 10)",
        ),
        "takes images as rows (N, 28, 28)",
    ),
    "LeNet's images": (
        module(
            "x = F.max_pool2d(self.first(x), 2); x = F.max_pool2d(self.second(x), 2); return self.fc(x.view(-1, 400))",
            first="nn.Conv2d(1, 6, 5)",
            second="nn.Conv2d(6, 16, 5)",
            fc="nn.Linear(400, 10)",
        ),
        "takes images as 32×32 pixels",
    ),
    "double weights": (
        module("return self.fc(x.flatten(1))", fc=LINEAR + ".double()"),
        "takes images as float64",
    ),
    "images in color": (
        module(
            "return self.fc(self.conv(x).relu().flatten(1))",
            conv="nn.Conv2d(3, 4, 3)",
            fc="nn.Linear(2704, 10)",
        ),
        "takes images as three channels",
    ),
    "probabilities beside logits": (
        module("x = self.fc(x.flatten(1)); return x.softmax(1), x", fc=LINEAR),
        "returns several results, of which 1 is used as its logits",
    ),
    "a dictionary": (
        module("return {'loss': x.mean(), 'logits': self.fc(x.flatten(1))}", fc=LINEAR),
        "returns several results, of which 'logits' is used",
    ),
    "a lazy layer in a dictionary": (
        module("return {'logits': self.fc(x.flatten(1))}", fc="nn.LazyLinear(10)"),
        "returns several results, of which 'logits' is used",
    ),
    "blind": (
        module("return self.fc(torch.zeros_like(x).flatten(1))", fc=LINEAR),
        "returns the same output for every image",
    ),
}
"""Networks that train, and the notice about each."""

REFUSED: dict[str, tuple[str, str]] = {
    "squeeze": (
        module(
            "return self.pool(self.conv(x)).squeeze()",
            conv="nn.Conv2d(1, 10, 3)",
            pool="nn.AdaptiveAvgPool2d(1)",
        ),
        r"shape \(10,\), not \(1, 10\).*squeeze the spatial dimensions only",
    ),
    "squeeze before the last layer": (
        module(
            "return self.fc(self.pool(self.conv(x)).squeeze())",
            conv="nn.Conv2d(1, 10, 3)",
            pool="nn.AdaptiveAvgPool2d(1)",
            fc="nn.Linear(10, 10)",
        ),
        r"shape \(10,\), not \(1, 10\).*squeeze the spatial dimensions only",
    ),
    "squeeze of the images": (
        module(
            "return self.fc(self.rnn(x.squeeze())[0][:, -1])",
            rnn="nn.GRU(28, 8, batch_first=True)",
            fc="nn.Linear(8, 10)",
        ),
        "squeeze the spatial dimensions only",
    ),
    "batch norm over vectors without statistics": (
        module(
            "return self.fc(self.norm(x.flatten(1)))",
            norm="nn.BatchNorm1d(784, track_running_stats=False)",
            fc=LINEAR,
        ),
        "more than 1 value per channel.*let BatchNorm keep running statistics",
    ),
    "two images only": (
        module("return self.fc(x.view(2, -1))", fc=LINEAR),
        r"shape \(1, 1, 28, 28\), in evaluation",
    ),
    "a hidden state of the batch's size": (
        module(
            "self.h = self.cell(x.view(len(x), -1), self.h).detach();"
            "return self.fc(self.cell(x.view(len(x), -1), self.h))",
            cell="nn.GRUCell(784, 8)",
            fc="nn.Linear(8, 10)",
            h="None",
        ),
        "a first batch but not a second one: RuntimeError.*create it in each forward",
    ),
    "a hidden state of the first batch's size": (
        module(
            "self.h = torch.zeros(1, len(x), 8) if self.h is None else self.h;"
            "return self.fc(self.rnn(x.squeeze(1), self.h[:, :len(x)])[0][:, -1])",
            rnn="nn.GRU(28, 8, batch_first=True)",
            fc="nn.Linear(8, 10)",
            h="None",
        ),
        "a first batch but not a second one: RuntimeError.*create it in each forward",
    ),
    "a hidden state with its graph": (
        module(
            "y = self.fc(x.flatten(1)); self.h = y.mean(0) + self.h; return y + self.h",
            fc=LINEAR,
            h="torch.zeros(10)",
        ),
        "a first batch but not a second one: RuntimeError",
    ),
    "no gradient": (
        module("return self.fc(x.flatten(1)).detach()", fc=LINEAR),
        "no gradient flows from its output.*Remove `torch.no_grad",
    ),
    "changed in place": (
        module("y = self.fc(x.flatten(1)).exp(); y += 1; return y", fc=LINEAR),
        "computing its gradients raised RuntimeError",
    ),
    "not a number": (
        module("return self.fc(x.flatten(1)).sub(1000).log()", fc=LINEAR),
        "its loss or its gradients are not finite numbers",
    ),
    "wrong in training only": (
        module("y = self.fc(x.flatten(1)); return y[:, :5] if self.training else y", fc=LINEAR),
        r"shape \(16, 5\), not \(16, 10\)",
    ),
    "raises in training only": (
        module("assert not self.training, 'sorry'; return self.fc(x.flatten(1))", fc=LINEAR),
        "AssertionError: sorry.*in training mode",
    ),
    "two results, neither of them logits": (
        module("x = self.fc(x.flatten(1)); return x[:, :5], x[:, 5:]", fc=LINEAR),
        "returns a tuple, not a tensor.*the logits alone",
    ),
    "a dictionary without logits": (
        module("return {'loss': self.fc(x.flatten(1)).mean()}", fc=LINEAR),
        "returns a dict, not a tensor.*the logits alone",
    ),
    "half weights": (
        module("return self.fc(x.flatten(1))", fc=LINEAR + ".half()"),
        r"this model's weights are float16.*x.to\(torch.float16\)",
    ),
}
"""Networks that cannot be trained or used, and the error with its remedy as a pattern."""
