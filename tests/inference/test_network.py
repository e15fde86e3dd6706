"""The network of a run can be opened from any thread, with what is known of its weights."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from mnist_tui.errors import RunError
from mnist_tui.inference.network import load_trained
from mnist_tui.models.isolated_rng import IsolatedRNG, load_model_isolated
from mnist_tui.training import checkpoint
from tests import sample_runs, trained_runs


def test_the_best_weights_are_opened_with_what_is_known_of_them(tmp_path: Path) -> None:
    network = load_trained(trained_runs.write(tmp_path))
    assert network.label == "reader · best weights, epoch 2"
    assert (network.test_accuracy, network.classes[3]) == (0.98, "3")
    assert not network.model.training
    labels = [3, 1, 4, 1, 5]
    assert network.logits(trained_runs.pictures(labels)).argmax(1).tolist() == labels
    assert network.logits(torch.zeros(0, 1, 28, 28, dtype=torch.uint8)).shape == (0, 10)


def test_the_last_weights_are_the_averaged_ones_where_there_are_any(tmp_path: Path) -> None:
    run = trained_runs.write(tmp_path)
    assert load_trained(run, "last").logits(trained_runs.pictures([3])).abs().max() == 0
    average = {"n_averaged": torch.tensor(7), **{f"module.{k}": v for k, v in trained_runs.weights().items()}}
    trained_runs.save_checkpoint(run, {"fc.weight": torch.zeros(10, 784), "fc.bias": torch.zeros(10)}, average)
    network = load_trained(run, "last")
    assert network.logits(trained_runs.pictures([3])).argmax(1).tolist() == [3]
    assert (network.label, network.test_accuracy) == ("reader · last weights, epoch 3", 0.96)


def test_a_dataset_with_names_gives_the_classes_their_names(tmp_path: Path) -> None:
    assert load_trained(trained_runs.write(tmp_path, dataset="fashion-mnist")).classes[9] == "Ankle boot"


@pytest.mark.parametrize("weights", ["best", "last"])
def test_a_run_without_weights_says_so(tmp_path: Path, weights: str) -> None:
    run = sample_runs.write_finished(tmp_path, "bare", 0.9, model="linear")
    with pytest.raises(RunError, match=r"run bare has no .* yet") as error:
        load_trained(run, weights)  # type: ignore[arg-type]
    assert error.value.remedy


def test_weights_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    run = trained_runs.write(tmp_path)
    checkpoint.save_weights(run.weights_file, {"other": torch.zeros(3)}, {})
    with pytest.raises(RunError, match="do not fit its network linear"):
        load_trained(run)
    checkpoint.save_weights(run.weights_file, trained_runs.weights(float("nan")), {})
    with pytest.raises(RunError, match="not all finite"):
        load_trained(run)
    run.weights_file.write_bytes(b"\0" * 100)
    with pytest.raises(RunError, match="no readable weights"):
        load_trained(run)
    run.checkpoint_file.write_bytes(pickle.dumps(print))
    with pytest.raises(RunError, match="not a readable checkpoint"):
        load_trained(run, "last")


def test_code_that_is_gone_or_has_changed_is_no_network_of_the_run(tmp_path: Path) -> None:
    run = trained_runs.write(tmp_path)
    changed = run.config_file.read_text().replace('"source_sha256": null', '"source_sha256": "0"')
    run.config_file.write_text(changed)
    with pytest.raises(RunError, match="not the code that run reader was trained with"):
        load_trained(run)
    run.config_file.write_text(changed.replace('"model": "linear"', '"model": "gone.py:Net"'))
    with pytest.raises(RunError, match="cannot be built"):
        load_trained(run)


@pytest.mark.parametrize("spec", ["reference", "tests.trained_runs:Dropping"])
def test_opening_a_network_leaves_torchs_random_numbers_as_they_were(spec: str) -> None:
    before = torch.get_rng_state()
    model = load_model_isolated(spec)
    assert torch.equal(torch.get_rng_state(), before)
    assert any(parameter.std() > 0 for parameter in model.parameters() if parameter.numel() > 1)


def test_a_training_elsewhere_draws_the_same_dropout_while_networks_are_opened_and_used(
    tmp_path: Path,
) -> None:
    run = trained_runs.write(tmp_path)
    images = trained_runs.pictures([1, 2, 3])

    def drawn() -> list[float]:
        torch.manual_seed(7)
        return [float(torch.nn.functional.dropout(torch.ones(5000)).sum()) for _ in range(300)]

    undisturbed = drawn()
    with ThreadPoolExecutor(1) as pool:
        training = pool.submit(drawn)
        while not training.done():
            load_trained(run).logits(images)
            load_model_isolated("reference")
        assert training.result() == undisturbed


def test_attention_without_dropout_needs_no_random_numbers() -> None:
    """torch chooses a fused one by what has run before, and that one takes no generator."""
    query = torch.randn(2, 4, 8, 16)
    with IsolatedRNG():
        fused = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(query, query, query, dropout_p=0.0)
        positional = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(query, query, query)
    assert torch.equal(fused[0], positional[0])
    with IsolatedRNG(), pytest.raises(NotImplementedError, match="from a separate generator"):
        torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(query, query, query, dropout_p=0.5)
