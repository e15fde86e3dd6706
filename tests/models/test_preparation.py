"""Less dropout than a model asks for."""

import torch
from torch import nn

from mnist_tui.models.preparation import scale_dropout
from mnist_tui.models.reference import Reference


def test_each_dropout_layer_drops_as_much_less_and_inference_stays_the_same() -> None:
    model = nn.Sequential(Reference(dropout=0.2), nn.Sequential(nn.Dropout1d(0.5)))
    images = torch.randn(3, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    before = model.eval()(images)
    scale_dropout(model, 0.5)
    kept = [layer.p for layer in model.modules() if hasattr(layer, "p")]
    assert kept == [0.1, 0.1, 0.1, 0.25]
    assert torch.equal(model.eval()(images), before)


def test_at_zero_training_draws_nothing() -> None:
    model = nn.Dropout(0.5).train()
    scale_dropout(model, 0.0)
    assert torch.equal(model(torch.ones(100)), torch.ones(100))
