"""Several compiled steps: optimizers, averages and evaluation against torch's own in float64, and without a step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mnist_tui.data import loader
from mnist_tui.data.augmentation import apply_maps, draw_random_maps
from mnist_tui.training.backends.base import StepSettings
from mnist_tui.training.backends.eager import EagerBackend
from mnist_tui.training.train_state import TrainState
from tests.engine_fixtures import tiny_config
from tests.native.chains import Batch
from tests.native.compiling import QUICKLY, native, other_flags, plan_for
from tests.native.dropping import stand_in
from tests.native.fixed_chains import chain
from tests.native.toolchain import needs_compiler

pytestmark = needs_compiler

CHAIN = "fully connected"
STEPS = [StepSettings(0, 0.01, 0.95), StepSettings(1, 0.02, 0.9), StepSettings(2, 0.005, 0.85)]

OPTIMIZERS: dict[str, dict[str, Any]] = {
    "sgd": {"optimizer": "sgd", "momentum": 0.0},
    "sgd with decay": {"optimizer": "sgd", "momentum": 0.0, "weight_decay": 0.05},
    "sgd with momentum": {"optimizer": "sgd", "weight_decay": 0.05},
    "adam": {"optimizer": "adam"},
    "adam with decay": {"optimizer": "adam", "weight_decay": 0.05},
    "adamw": {"optimizer": "adamw", "weight_decay": 0.05},
    "averaged": {"optimizer": "adamw", "ema": 0.7, "label_smoothing": 0.1},
    "averaged sgd": {"optimizer": "sgd", "ema": 0.9},
}


@pytest.fixture(autouse=True)
def quickly() -> Iterator[None]:
    with other_flags(QUICKLY):
        yield


@pytest.mark.parametrize("changes", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_weights_and_averages_move_as_torch_moves_them_in_float64(changes: dict[str, Any]) -> None:
    """By the gradients and statistics of the compiled step itself, so that nothing but the update is compared."""
    config = tiny_config(**changes)
    twin = EagerBackend(config, TrainState(config, chain(CHAIN).double()))
    backend = native(chain(CHAIN), config)
    for settings in STEPS:
        batch = Batch(16, settings.number)
        backend.step(loader.Batch(batch.images(torch.float32), batch.labels()), settings)
        hand_over(backend.train_state.model, twin.train_state.model)
        twin.update(settings)
    ours, exact = direct_tensors(backend.train_state), direct_tensors(twin.train_state)
    assert ours.keys() == exact.keys()
    for name, truth in exact.items():
        torch.testing.assert_close(ours[name].double(), truth.double(), rtol=2e-6, atol=1e-7, msg=name)


def hand_over(model: nn.Module, twin: nn.Module) -> None:
    """The gradients and statistics of one model to another."""
    for mine, other in zip(model.parameters(), twin.parameters(), strict=True):
        assert mine.grad is not None
        other.grad = mine.grad.to(other.dtype)
    for buffer, other in zip(model.buffers(), twin.buffers(), strict=True):
        other.copy_(buffer)


def direct_tensors(train_state: TrainState) -> dict[str, Tensor]:
    """All that an update changes."""
    found = dict(train_state.model.state_dict())
    if train_state.average:
        found |= {f"average of {name}": tensor for name, tensor in train_state.average.state_dict().items()}
    for what, tensors in (*train_state.optimizer.memory.items(), ("steps", train_state.optimizer.steps)):
        found |= {f"{what} {number}": tensor for number, tensor in enumerate(tensors)}
    return found


@pytest.mark.parametrize("changes", [OPTIMIZERS["sgd with momentum"], OPTIMIZERS["averaged"]], ids=str)
def test_three_steps_end_where_torch_ends_in_float64(changes: dict[str, Any]) -> None:
    """Adam makes a whole step of a gradient that is nothing but rounding, so the ends are further apart."""
    model, config = chain(CHAIN), tiny_config(**changes)
    exact, dropouts = stand_in(model, plan_for(model), torch.float64)
    twin, backend = EagerBackend(config, TrainState(config, exact)), native(model, config)
    twin.begin()
    for settings in STEPS:
        batch = Batch(16, settings.number)
        dropouts.draw(batch.count, seed=config.seed, step=settings.number)
        for one, dtype in ((backend, torch.float32), (twin, torch.float64)):
            one.step(loader.Batch(batch.images(dtype), batch.labels()), settings)
    images = Batch(30, 9).images()
    torch.testing.assert_close(
        backend.logits(images.float()).double().log_softmax(1),
        twin.logits(images).log_softmax(1),
        rtol=1e-3,
        atol=1e-3,
    )


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_images_are_mapped_as_grid_sample_maps_them(interpolation: str) -> None:
    config = tiny_config(rotation=40.0, scale=0.3, shift=9.0, interpolation=interpolation)
    random = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (100, 1, 28, 28), dtype=torch.uint8, generator=random)
    maps = draw_random_maps(100, 28, config, random)
    found = native(chain(CHAIN), config, threads=3).augment(images, maps)
    expected = apply_maps(images, maps, config)
    off = (found - expected).abs()
    if interpolation == "bilinear":
        assert off.max() < 1e-3  # of 2: the maps' own rounding, times the steepest edge
    else:
        # Half way between two pixels rounding decides, and both are the nearest.
        assert (off > 1e-6).double().mean() < 1e-3
    assert off.median() < 1e-6


def test_a_map_that_leaves_the_image_sees_black() -> None:
    config = tiny_config()
    images = torch.full((3, 1, 28, 28), 255, dtype=torch.uint8)
    maps = torch.tensor([[[1.0, 0.0, 1e6], [0.0, 1.0, 0.0]], [[0.1, 0, 0], [0, 0.1, -3]], [[1, 0, 0], [0, 1, 2.5]]])
    found = native(chain(CHAIN), config).augment(images, maps)
    assert torch.equal(found, torch.full_like(found, -config.mean / config.std))


@pytest.mark.parametrize("count", [1, 2, 100])
def test_without_maps_images_are_only_normalized(count: int) -> None:
    config = tiny_config()
    images = torch.randint(0, 256, (count, 1, 28, 28), dtype=torch.uint8)
    found = native(chain(CHAIN), config, threads=4).augment(images, None)
    torch.testing.assert_close(found, apply_maps(images, None, config), rtol=0, atol=1e-6)
