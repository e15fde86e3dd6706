"""Examining a network before it is trained, which leaves no trace."""

import re

import pytest
import torch
from torch import nn

from mnist_tui.errors import ModelError
from mnist_tui.inspection import inspect_model
from mnist_tui.models import NAMES, load_model, resolve_spec
from mnist_tui.models.examination import Examination, examine_model
from tests.models.user_networks import LINEAR, NOTICED, REFUSED, TRAINS, module, write

# Users' networks may use features that torch has deprecated.
pytestmark = [
    pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm` is deprecated"),
    pytest.mark.filterwarnings("ignore:`torch.jit.script"),
    pytest.mark.filterwarnings("ignore:The .grad attribute"),  # of torch's own copy of a ScriptModule
]


def examined(spec: str, **sizes: int) -> Examination:
    return examine_model(resolve_spec(spec), load_model(spec), **sizes)


def refusal(spec: str, **sizes: int) -> str:
    with pytest.raises(ModelError) as caught:
        examined(spec, **sizes)
    assert "\n" not in caught.value.remedy
    return f"{caught.value} {caught.value.remedy}".replace("\n", " ")


@pytest.mark.parametrize("name", TRAINS)
def test_of_a_sound_network_nothing_is_said(tmp_path, name):
    assert examined(write(tmp_path, TRAINS[name]), last=3).notices == ()


@pytest.mark.parametrize("name", NOTICED)
def test_a_likely_mistake_is_said_in_one_sentence(tmp_path, name):
    source, words = NOTICED[name]
    (notice,) = examined(write(tmp_path, source)).notices
    assert notice.startswith("the network Net ")
    assert words in notice


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_trained_or_used_is_refused(tmp_path, name):
    source, pattern = REFUSED[name]
    assert re.search(pattern, refusal(write(tmp_path, source)))


def test_batch_norm_over_vectors_takes_no_single_image(tmp_path):
    spec = write(tmp_path, TRAINS["batch norm over vectors"])
    assert "more than 1 value per channel" in examined(spec, last=1).refuses_single_image
    assert "Use --batch-size 2 or more" in refusal(spec, batch=1, last=1)


def test_a_deviation_over_a_single_image_is_no_number(tmp_path):
    body = "x = self.fc(x.flatten(1)); return x / (1 + x.std(0)) if self.training else x"
    assert "not finite" in examined(write(tmp_path, module(body, fc=LINEAR)), last=1).refuses_single_image


def test_most_networks_train_on_a_single_image(tmp_path):
    assert examined(write(tmp_path, TRAINS["view"]), batch=1, last=1).refuses_single_image == ""


def test_a_last_layer_that_begins_with_zeros_is_not_called_blind(tmp_path):
    zeroed = "def zeroed(layer):\n    nn.init.zeros_(layer.weight)\n    return layer\n\n"
    source = zeroed + module("return self.fc(x.flatten(1))", fc=f"zeroed({LINEAR})")
    assert examined(write(tmp_path, source)).notices == ()


STATEFUL = module(
    "self.calls += 1; self.seen.append(len(x)); self.last = x; self.count += 1;"
    "self.fc.weight.data = self.fc.weight.data * 0.99;"
    "return self.fc(self.norm(self.conv(x)).flatten(1))",
    conv="nn.Conv2d(1, 4, 3)",
    norm="nn.BatchNorm2d(4)",
    fc="nn.Linear(4 * 26 * 26, 10)",
    calls="0",
    seen="[]",
    count="torch.zeros(())",
)


def test_a_network_stays_what_its_constructor_made(tmp_path):
    spec = write(tmp_path, STATEFUL)
    torch.manual_seed(3)
    model = load_model(spec)
    examine_model(resolve_spec(spec), model)
    after = torch.get_rng_state()
    torch.manual_seed(3)
    made = type(model)()
    assert torch.equal(torch.get_rng_state(), after)
    assert (model.calls, model.seen, hasattr(model, "last"), model.count.item()) == (0, [], False, 0)
    assert model.state_dict().keys() == made.state_dict().keys()
    for name, value in made.state_dict().items():
        assert torch.equal(model.state_dict()[name], value), name
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(part.training for part in model.modules())


def test_layers_that_forward_makes_at_its_first_call_are_kept(tmp_path):
    source = module("x = x.flatten(1); self.fc = self.fc or nn.Linear(x.shape[1], 10); return self.fc(x)", fc="None")
    model = load_model(write(tmp_path, source))
    assert [tuple(weight.shape) for weight in model.parameters()] == [(10, 784), (10,)]


@pytest.mark.parametrize("name", NAMES)
def test_the_programs_own_networks_are_not_tried(name, monkeypatch):
    monkeypatch.setattr(nn.Module, "__call__", lambda *_: pytest.fail("called"))
    model = torch.nn.Module()
    assert examine_model(resolve_spec(name), model) == Examination()


@pytest.mark.parametrize("name", [*TRAINS, *NOTICED])
def test_it_has_a_layer_table_with_its_products(tmp_path, name):
    source = TRAINS.get(name) or NOTICED[name][0]
    summary = inspect_model(load_model(write(tmp_path, source)), name=name)
    # In attention among images each meets all others.
    assert (summary.macs is None) == (name == "attention among images")
