"""Looking into a trained network, beside a training that must not notice."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mnist_tui.config import TrainConfig
from mnist_tui.data.augmentation import deskew_pixels
from mnist_tui.inference.explain import METHODS, compute_saliency, inspect_image
from mnist_tui.inference.network import DIGITS, TrainedNetwork
from mnist_tui.models import load_model
from tests.engine_fixtures import tiny_dataset


class AlwaysDropping(nn.Sequential):
    """The usual slip: functional dropout that does not stop when the network evaluates."""

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(F.dropout(images, 0.5))  # type: ignore[no-any-return]


def network(model: nn.Module) -> TrainedNetwork:
    return TrainedNetwork(model.eval().requires_grad_(False), TrainConfig(), DIGITS, "a-run", "best")


IMAGE = tiny_dataset().test.images[0]


@pytest.mark.parametrize("method", METHODS)
def test_what_is_seen_fits_together(method: str) -> None:
    reference = network(load_model("reference"))
    insight = inspect_image(reference, IMAGE)
    assert insight.filters is not None
    assert len(insight.maps) == 26
    logits = insight.maps["flatten"].flatten()
    assert insight.prediction.probabilities == pytest.approx(torch.softmax(logits.double(), 0).tolist(), abs=1e-6)
    saliency = compute_saliency(reference, IMAGE, insight.prediction.best.index, method)  # type: ignore[arg-type]
    assert saliency.heat.shape == (28, 28)
    assert saliency.heat.abs().max() == pytest.approx(1.0)
    assert saliency.scale > 0


def test_what_is_drawn_is_what_the_network_gets() -> None:
    reference = network(load_model("reference"))
    assert torch.equal(inspect_image(reference, IMAGE).pixels, IMAGE[0])
    upright = replace(reference, config=TrainConfig(deskew=1.0, interpolation="bilinear"))
    seen = inspect_image(upright, IMAGE)
    assert torch.equal(seen.pixels, deskew_pixels(IMAGE[None], upright.config)[0, 0])
    assert not torch.equal(seen.pixels, IMAGE[0])


def test_even_a_network_that_always_draws_leaves_torchs_random_numbers_alone() -> None:
    dropping = network(AlwaysDropping(nn.Flatten(), nn.Linear(784, 10)))
    before = torch.get_rng_state()
    inspect_image(dropping, IMAGE)
    for method in METHODS:
        compute_saliency(dropping, IMAGE, 3, method)
    assert torch.equal(torch.get_rng_state(), before)
