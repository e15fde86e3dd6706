"""Whatever is stacked up, its plan computes the same: results, gradients and running statistics, in float64."""

import pytest
import torch
from hypothesis import given, settings
from torch import nn

from mnist_tui.native.codegen.fusion import fuse_layers
from mnist_tui.native.plan import INPUT_SHAPE, OUTPUT_SHAPE
from mnist_tui.native.tracing.trace import trace
from tests.native.chains import Batch, Chain, batches, chains, grown
from tests.native.interpreter import assert_agrees


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@settings(deadline=None, max_examples=20)
@given(model=chains() | chains(dropout=0.3), batch=batches())
def test_a_plan_computes_what_its_network_computes(model: nn.Sequential, batch: Batch, training: bool) -> None:
    assert_agrees(fuse_layers(trace(model)), model, batch, training=training)


@settings(deadline=None, max_examples=20)
@given(chains(dropout=0.3))
def test_a_plan_leads_from_the_image_to_ten_logits_without_a_gap(model: nn.Sequential) -> None:
    stages = fuse_layers(trace(model)).stages
    assert [stage.input_shape for stage in stages] == [
        INPUT_SHAPE,
        *(stage.output_shape for stage in stages[:-1]),
    ]
    assert stages[-1].output_shape == OUTPUT_SHAPE


@settings(deadline=None, max_examples=20)
@given(chains(dropout=0.3))
def test_a_plan_names_each_tensor_of_the_network_once(model: nn.Sequential) -> None:
    names = [name for stage in fuse_layers(trace(model)).stages for name in stage.tensor_names() if name]
    assert sorted(names) == sorted(model.state_dict())


@settings(deadline=None, max_examples=20)
@given(chains() | chains(dropout=0.3))
def test_a_chain_is_made_again_from_what_is_printed_of_it(model: Chain) -> None:
    again = eval(repr(model), {"grown": grown, "nn": nn})
    assert list(map(repr, again)) == list(map(repr, model))
    assert model.state_dict().keys() == again.state_dict().keys()
    assert all(torch.equal(tensor, again.state_dict()[name]) for name, tensor in model.state_dict().items())
