"""What is understood of a network, and that looking at it leaves nothing behind."""

import random
import subprocess
import sys
import threading

import pytest
import torch
from torch import nn

from mnist_tui.models import NAMES, load_model
from mnist_tui.native.codegen.fusion import fuse_layers
from mnist_tui.native.plan import BatchNorm, Conv, Dropout, Pool
from mnist_tui.native.tracing.trace import trace
from tests.native.chains import Batch
from tests.native.interpreter import assert_agrees
from tests.native.zoo import ZOO, PoolThenRelu

BATCH = Batch(count=3, seed=5)
BOTH = pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])


@BOTH
@pytest.mark.parametrize("name", NAMES)
def test_a_built_in_network_is_understood(name: str, training: bool) -> None:
    model = load_model(name)
    assert_agrees(fuse_layers(trace(model)), model, BATCH, training=training)


@BOTH
@pytest.mark.parametrize("network", ZOO)
def test_a_network_as_people_write_it_is_understood(network: type[nn.Module], training: bool) -> None:
    model = network()
    assert_agrees(fuse_layers(trace(model)), model, BATCH, training=training)


def test_the_layers_have_their_names_and_their_maps() -> None:
    layers = trace(load_model("reference"))
    assert [layer.name for layer in layers if isinstance(layer.operation, Conv | BatchNorm)][:4] == [
        "block1.conv1",
        "block1.norm1",
        "block1.conv2",
        "block1.norm2",
    ]
    pools = [layer for layer in layers if isinstance(layer.operation, Pool)]
    assert [(layer.input_shape, layer.output_shape) for layer in pools] == [
        ((8, 28, 28), (8, 14, 14)),
        ((16, 14, 14), (16, 7, 7)),
        ((10, 7, 7), (10, 3, 3)),
        ((10, 3, 3), (10, 1, 1)),
    ]


def test_a_dropout_of_nothing_vanishes() -> None:
    model = nn.Sequential(nn.Dropout(0.0), nn.Flatten(), nn.Linear(784, 10))
    assert not any(isinstance(layer.operation, Dropout) for layer in trace(model))


def test_a_network_stays_as_it_is() -> None:
    model = PoolThenRelu()
    model.conv2_drop.eval()
    model.note = "kept"
    modes = [module.training for module in model.modules()]
    attributes, weights = (
        dict(vars(model)),
        {name: value.clone() for name, value in model.state_dict().items()},
    )
    trace(model)
    assert [module.training for module in model.modules()] == modes
    assert vars(model) == attributes
    torch.testing.assert_close(model.state_dict(), weights)


def test_no_random_number_is_drawn() -> None:
    model = PoolThenRelu()
    before = torch.get_rng_state(), random.getstate()
    trace(model)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]


def test_a_network_that_another_thread_runs_meanwhile_is_not_mixed_up() -> None:
    other, image = load_model("reference").eval(), torch.zeros(1, 1, 28, 28)

    class Meanwhile(nn.Sequential):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            thread = threading.Thread(target=lambda: results.append(other(image)))
            thread.start()
            thread.join()
            return super().forward(x)

    results: list[torch.Tensor] = []
    assert len(trace(Meanwhile(nn.Flatten(), nn.Linear(784, 10)))) == 1
    torch.testing.assert_close(results, [other(image)] * 2)


def test_the_compiler_of_torch_is_not_imported() -> None:
    program = (
        "import sys\n"
        "from mnist_tui.native.tracing.trace import trace\n"
        "from mnist_tui.models import load_model\n"
        "trace(load_model('reference'))\n"
        "print('torch._dynamo' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
