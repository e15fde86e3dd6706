"""What can be watched of a training: answers, first filters then and now, confusions once per epoch."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mnist_tui.data import datasets
from mnist_tui.data.types import DIGITS, Split, TestSet
from mnist_tui.models import load_model
from mnist_tui.runs import Run
from mnist_tui.training.snapshot import Snapshot
from mnist_tui.tui.workers.learning_viewer import LearningRequest, LearningViewer, Moment
from mnist_tui.tui.workers.networks import SavedNetwork
from tests import sample_runs, trained_runs

LABELS = [*range(10), 4, 4]
SHOWN = [*range(10), 9, 9]


@pytest.fixture(autouse=True)
def few_images(monkeypatch: pytest.MonkeyPatch) -> None:
    images = TestSet("mnist", Split(trained_runs.pictures(SHOWN), torch.tensor(LABELS)), DIGITS)
    monkeypatch.setattr(datasets, "load_test_set", lambda *_, **__: images)


def moment(run: Run, certainty: float, epoch: int, step: int, *, renews: bool = False) -> LearningRequest:
    config = run.record().train_config()
    weights = trained_runs.weights(certainty)
    return LearningRequest(Snapshot(run, config, weights, epoch, step, steps=10, test_accuracy=None), renews)


def test_a_training_is_watched_from_its_first_epoch(tmp_path: Path) -> None:
    run = sample_runs.write_finished(tmp_path, "a-run", 0.9, model="linear", seed=3)
    viewer = LearningViewer(tmp_path / "data")
    view = viewer.look(moment(run, 1.0, epoch=1, step=2))
    assert [answer.prediction.best.name for answer in view.answers] == list(DIGITS)
    assert view.filters is not None
    assert view.first_filters is not None
    torch.manual_seed(3)
    assert torch.equal(view.first_filters.weights.view(10, -1), load_model("linear").state_dict()["fc.weight"])
    assert torch.equal(view.filters.weights.view(10, -1), trained_runs.weights()["fc.weight"])
    assert [(one.truth, one.predicted, one.count) for one in view.confusions] == [(4, 9, 2)]
    # They stay until they may be found again.
    unlearned = -1.0
    assert viewer.look(moment(run, unlearned, epoch=1, step=3)).confusions is view.confusions
    later = viewer.look(moment(run, unlearned, epoch=2, step=1, renews=True))
    assert later.confusions_at == Moment(1, 1)
    assert later.confusions != view.confusions
    assert later.seconds > 0


def test_the_end_is_looked_at_with_the_saved_weights(tmp_path: Path) -> None:
    trained_runs.write(tmp_path / "runs")
    view = LearningViewer(tmp_path / "data").look(LearningRequest(SavedNetwork(tmp_path / "runs")))
    assert all(answer.is_correct for answer in view.answers)
    assert view.confusions_at == Moment(2)
