"""Distillation: the targets, and that a run keeps its teacher."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from mnist_tui.config import TrainConfig
from mnist_tui.errors import ConfigError, RunError
from mnist_tui.events import RunFinished, RunStopped
from mnist_tui.models.reference import SoftmaxRegression
from mnist_tui.training import checkpoint
from mnist_tui.training.backends.eager import EagerBackend
from mnist_tui.training.distillation import Teacher
from mnist_tui.training.train_state import TrainState
from tests.engine_fixtures import Lab, at_step, differences, rows, tiny_config, training_state


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    return Lab(tmp_path, monkeypatch)


def teacher(student: TrainConfig, taught: TrainConfig | None = None) -> Teacher:
    torch.manual_seed(1)
    taught = taught or tiny_config()
    return Teacher(EagerBackend(taught, TrainState(taught, SoftmaxRegression())), taught, student)


def images(count: int = 6) -> Tensor:
    return torch.randn(count, 1, 28, 28, generator=torch.Generator().manual_seed(2))


LABELS = torch.tensor([3, 1, 4, 1, 5, 9])


def test_targets_are_the_label_and_the_teachers_probabilities_by_their_shares() -> None:
    made = teacher(tiny_config(teacher_share=0.75, temperature=2.0))
    with torch.no_grad():
        probabilities = (made.backend.train_state.model.eval()(images()) / 2).softmax(1)
    expected = 0.75 * probabilities
    expected[range(6), LABELS] += 0.25
    torch.testing.assert_close(made.targets(images(), LABELS), expected)


@pytest.mark.parametrize(("share", "sure"), [(0.0, 1.0), (1.0, None)])
def test_a_share_of_zero_is_the_label_and_one_is_the_teacher_alone(share: float, sure: float | None) -> None:
    targets = teacher(tiny_config(teacher_share=share)).targets(images(), LABELS)
    torch.testing.assert_close(targets.sum(1), torch.ones(6))
    if sure:
        assert targets[range(6), LABELS].tolist() == [sure] * 6
    else:
        assert not (targets == 0).any()


def test_a_teacher_gets_images_normalized_as_in_its_own_training() -> None:
    taught = tiny_config(mean=0.5, std=0.5)
    pixels = torch.rand(6, 1, 28, 28, generator=torch.Generator().manual_seed(2))
    one = teacher(tiny_config(mean=0.5, std=0.5), taught).targets((pixels - 0.5) / 0.5, LABELS)
    other = teacher(tiny_config(mean=0.1, std=0.3), taught).targets((pixels - 0.1) / 0.3, LABELS)
    torch.testing.assert_close(one, other)


def test_a_run_learns_from_its_teacher_and_keeps_it(lab: Lab) -> None:
    """Stopped, and resumed when the teacher's own run is gone: the same weights as of an undisturbed run."""
    taught = lab.start(name="professor").run
    config = tiny_config(teacher="professor", rotation=10.0, teacher_share=0.9)
    undisturbed = lab.start(config, name="undisturbed").run
    without = lab.start(config.replace(teacher=""), name="without").run
    stopped = lab.start(config, name="stopped", watch=lab.stop_at(at_step(3)))
    assert isinstance(stopped.event, RunStopped)
    taught.delete()
    assert isinstance(lab.resume(stopped.run).event, RunFinished)
    assert differences(training_state(stopped.run), training_state(undisturbed)) == []
    assert rows(stopped.run) == rows(undisturbed)
    assert rows(without) != rows(undisturbed)
    stopped.run.delete()
    assert not stopped.run.folder.exists()


def test_a_teacher_that_is_not_there_is_refused_before_anything_is_made(lab: Lab) -> None:
    with pytest.raises(RunError, match="no run 'missing'"):
        lab.start(tiny_config(teacher="missing"))
    assert not lab.runs_dir.exists()


def test_a_teacher_that_would_get_other_inputs_is_refused(lab: Lab) -> None:
    lab.start(tiny_config(deskew=0.5), name="professor")
    with pytest.raises(ConfigError, match=r"trained with deskew 0\.5") as refused:
        lab.start(tiny_config(teacher="professor"))
    assert "--deskew 0.5" in refused.value.remedy
    student = lab.start(tiny_config(teacher="professor", deskew=0.5), name="student")
    assert isinstance(student.event, RunFinished)


def test_a_teacher_without_weights_that_fit_is_refused(lab: Lab) -> None:
    run = lab.start(name="professor").run
    checkpoint.save_weights(run.weights_file, {"strange": torch.zeros(3)}, {"config": tiny_config().to_dict()})
    with pytest.raises(RunError, match=r"the teacher in .* cannot be used"):
        lab.start(tiny_config(teacher="professor"))
    run.weights_file.unlink()
    with pytest.raises(RunError, match="no readable weights"):
        lab.start(tiny_config(teacher="professor"))
    assert [entry.name for entry in lab.runs_dir.iterdir()] == ["professor"]
