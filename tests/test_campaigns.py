"""The figures that the README claims, measured again: minutes each, so `make test-slow` only."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest
import torch

from mnist_tui import models
from mnist_tui.data import datasets
from mnist_tui.events import RunFinished
from mnist_tui.recipes import build_config
from mnist_tui.training import checkpoint, run_training
from mnist_tui.training.evaluate import compute_logits, evaluate

pytestmark = [pytest.mark.slow, pytest.mark.mnist]


@pytest.fixture
def mnist_folder() -> Path:
    folder = Path(os.environ.get("MNIST_TUI_DATA_DIR", ""))
    if not (folder / "MNIST" / "raw").is_dir():
        pytest.skip("MNIST_TUI_DATA_DIR has no MNIST")
    return folder


def test_a_network_that_saw_only_drawn_digits_reads_real_ones(tmp_path: Path, mnist_folder: Path) -> None:
    config = build_config("reference", dataset="synthetic", epochs=4, batch_size=64)
    outcome = run_training.start_run(config, data_dir=tmp_path, runs_dir=tmp_path, report=lambda event: None)
    weights, _ = checkpoint.load_weights(outcome.run.weights_file)
    model = models.load_model("reference").to(memory_format=torch.channels_last)
    model.load_state_dict(weights)
    real = datasets.load_dataset("mnist", mnist_folder).test
    score = evaluate(partial(compute_logits, model), real.images, real.labels, config)
    print(f"trained on drawn digits, tested on MNIST: {100 * score.accuracy:.2f} %")
    assert isinstance(outcome.event, RunFinished)
    assert score.accuracy > 0.965


def test_the_reference_recipe_reaches_its_spread(tmp_path: Path, mnist_folder: Path) -> None:
    config = build_config("reference", dataset="mnist", seed=6)
    outcome = run_training.start_run(config, data_dir=mnist_folder, runs_dir=tmp_path, report=lambda event: None)
    assert isinstance(outcome.event, RunFinished)
    print(f"final {outcome.event.final_test_accuracy:.4f}, best {outcome.event.best_test_accuracy:.4f}")
    assert outcome.event.final_test_accuracy >= 0.9925
