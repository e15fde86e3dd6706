"""Whatever is stacked up, its plan computes the same: results, gradients and running statistics, in float64."""

import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from mnist_tui.backends.native.plan import IMAGE, RESULT
from mnist_tui.backends.native.stages import plan_of
from mnist_tui.backends.native.trace import trace
from tests.backends.native.chains import Batch, batches, chains
from tests.backends.native.interpreter import gradients, interpret

EXACT = {"rtol": 1e-8, "atol": 1e-10}


@settings(deadline=None, max_examples=60)
@given(chains() | chains(dropout=0.3), batches(), st.booleans())
def test_a_plan_computes_what_its_network_computes(
    model: nn.Sequential, batch: Batch, training: bool
) -> None:
    plan = plan_of(trace(model))
    model.double().train(training)
    images, labels = batch.images(), batch.labels()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # for the dropouts of either
        ours = interpret(plan, model, images, training=training)
        torch.manual_seed(0)
        theirs = model(images)
    ours_log, theirs_log = ours.logits.log_softmax(1), theirs.log_softmax(1)
    assert_close(ours_log, theirs_log, **EXACT)
    wanted = gradients(F.nll_loss(theirs_log, labels), model)
    assert_close(gradients(F.nll_loss(ours_log, labels), model), wanted, **EXACT)
    after = {name: buffer for name, buffer in model.named_buffers() if training}
    assert_close(ours.statistics, after, **EXACT)


@settings(deadline=None, max_examples=60)
@given(chains(dropout=0.3))
def test_a_plan_goes_from_the_image_to_ten_logits_without_a_gap(model: nn.Sequential) -> None:
    stages = plan_of(trace(model)).stages
    assert [stage.given for stage in stages] == [IMAGE, *(stage.out for stage in stages[:-1])]
    assert stages[-1].out == RESULT


@settings(deadline=None, max_examples=60)
@given(chains(dropout=0.3))
def test_a_plan_names_each_tensor_of_the_network_once(model: nn.Sequential) -> None:
    names = [name for stage in plan_of(trace(model)).stages for name in stage.tensor_names() if name]
    assert sorted(names) == sorted(model.state_dict())
