"""Replayed steps: the weights of eager ones, bit for bit, with every rate, momentum and random number of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mnist_tui.config import TrainConfig
from mnist_tui.data.loader import Batch, DeviceData
from mnist_tui.events import Progress, RunFailed
from mnist_tui.models.reference import Reference
from mnist_tui.training.backends.base import BackendUnavailable, StepSettings
from mnist_tui.training.backends.cuda_graph import CudaGraphCapture, GraphBackend
from mnist_tui.training.backends.eager import EagerBackend
from mnist_tui.training.control import Control
from mnist_tui.training.rng import random_state
from mnist_tui.training.train_state import TrainState
from mnist_tui.training.trainer import Trainer
from tests.engine_fixtures import differences, tiny_config, tiny_dataset
from tests.training.backends.tape import TapeCapture

CPU = torch.device("cpu")
SIZE, REST = 32, 8  # 200 images are six batches and a rest

SETTINGS: dict[str, dict[str, Any]] = {
    "adam": {},
    "adamw": {"optimizer": "adamw", "weight_decay": 0.01, "rotation": 10.0},
    "sgd": {"optimizer": "sgd", "lr": 0.05},
    "averaged": {"ema": 0.9, "label_smoothing": 0.1},
    "focused": {"focus": 0.5, "clean_epochs": 0},
}


class Net(nn.Sequential):
    """Dropout, BatchNorm, and a count of the times its Python ran in training."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(1, 4, 3, stride=4), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.3),
            nn.Flatten(), nn.Linear(4 * 7 * 7, 10),
        )  # fmt: skip
        self.calls = 0

    def forward(self, images: Tensor) -> Tensor:
        self.calls += self.training
        return super().forward(images)  # type: ignore[no-any-return]


def learner_of(config: TrainConfig, network: Callable[[], nn.Module] = Net) -> TrainState:
    torch.manual_seed(config.seed)
    return TrainState(config, network())


def eager(config: TrainConfig, train_state: TrainState) -> EagerBackend:
    return EagerBackend(config, train_state)


def replaying(config: TrainConfig, train_state: TrainState) -> GraphBackend:
    return GraphBackend(config, train_state, CPU, TapeCapture())


def trainer(kind: Callable[..., EagerBackend], control: Control | None = None, **changes: Any) -> Trainer:
    config = tiny_config(batch_size=SIZE, **changes)
    data = DeviceData(tiny_dataset(), config, CPU)
    return Trainer(config, kind(config, learner_of(config)), data, control or Control())


def all_of(trained: Trainer) -> dict[str, Any]:
    """Its state, but for the seconds in it."""
    state = trained.state()
    state["position"] = {key: value for key, value in state["position"].items() if "seconds" not in key}
    return state


def ended(training: Trainer) -> Trainer:
    for event in training.run():
        assert not isinstance(event, RunFailed), event.traceback
    return training


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_replayed_steps_give_eagers_weights_bit_for_bit(settings: dict[str, Any]) -> None:
    assert differences(all_of(ended(trainer(replaying, **settings))), all_of(ended(trainer(eager, **settings)))) == []


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_a_resumed_graph_goes_on_as_an_undisturbed_one(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnist_tui.training.trainer.PROGRESS_SECONDS", 0.0)
    control = Control()
    stopped = trainer(replaying, control, **settings)
    for event in stopped.run():
        if isinstance(event, Progress) and (event.epoch, event.step) == (2, 3):
            control.stop()
    state = stopped.state()
    resumed = trainer(replaying, **settings)
    resumed.load_state(state)
    assert differences(all_of(ended(resumed)), all_of(ended(trainer(eager, **settings)))) == []


def test_only_the_rest_of_an_epoch_runs_the_models_python() -> None:
    training = trainer(replaying, epochs=3)
    before = training.train_state.model.calls
    assert ended(training).train_state.model.calls == before + 3


def test_recording_does_not_change_the_training_state() -> None:
    config = tiny_config(batch_size=SIZE, ema=0.9)
    train_state, untouched = learner_of(config), learner_of(config)
    torch.manual_seed(7)
    random = random_state(CPU)
    replaying(config, train_state)
    assert differences(train_state.state(), untouched.state()) == []
    assert differences(random_state(CPU), random) == []


def test_every_replay_draws_its_own_dropout() -> None:
    config = tiny_config(batch_size=SIZE)
    backend = replaying(config, learner_of(config))
    images, labels = torch.rand(SIZE, 1, 28, 28), torch.arange(SIZE) % 10
    losses = {
        backend.step(Batch(images, labels), StepSettings(number, 0.0, 0.9)).loss_sum.item() for number in range(5)
    }
    assert len(losses) == 5


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_every_replay_takes_its_own_rate_and_momentum(optimizer: str) -> None:
    config = tiny_config(batch_size=SIZE, optimizer=optimizer)
    steps = [StepSettings(0, 0.1, 0.9), StepSettings(1, 0.0, 0.5), StepSettings(2, 0.2, 0.1)]
    images, labels = torch.rand(SIZE, 1, 28, 28), torch.arange(SIZE) % 10
    weights = []
    for kind in (replaying, eager):
        backend = kind(config, learner_of(config, lambda: Reference(dropout=0.0)))
        backend.begin()
        trail = []
        for settings in steps:
            backend.step(Batch(images, labels), settings)
            trail.append([parameter.detach().clone() for parameter in backend.train_state.model.parameters()])
        weights.append(trail)
    assert differences(weights[0], weights[1]) == []
    first, second, third = weights[0]
    assert differences(first, second) == []
    assert differences(second, third) != []


def test_gradients_are_left_in_every_parameter_after_full_and_smaller_batches() -> None:
    config = tiny_config(batch_size=SIZE)
    backends = [kind(config, learner_of(config, lambda: Reference(dropout=0.0))) for kind in (replaying, eager)]
    for number, count in enumerate((SIZE, REST, SIZE)):
        images, labels = torch.rand(count, 1, 28, 28), torch.arange(count) % 10
        gradients = []
        for backend in backends:
            backend.begin()
            backend.step(Batch(images, labels), StepSettings(number, 0.01, 0.9))
            gradients.append([parameter.grad.clone() for parameter in backend.train_state.model.parameters()])
        assert differences(*gradients) == []


def test_the_processor_has_no_cuda_graphs() -> None:
    with pytest.raises(BackendUnavailable, match="need a CUDA device, and this one is cpu") as raised:
        CudaGraphCapture(CPU)
    assert "--device cuda" in raised.value.hint


def test_a_model_that_cannot_be_recorded_is_refused_and_left_as_it_was() -> None:
    class Reading(Net):
        def forward(self, images: Tensor) -> Tensor:
            super().forward(images)
            raise RuntimeError("called a synchronizing CUDA operation\nC++ stack")

    config = tiny_config(batch_size=SIZE)
    train_state, untouched = learner_of(config, Reading), learner_of(config, Reading)
    with pytest.raises(BackendUnavailable) as raised:
        replaying(config, train_state)
    assert raised.value.reason == (
        "the model cannot be recorded as a CUDA graph (called a synchronizing CUDA operation)"
    )
    assert differences(train_state.state(), untouched.state()) == []


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_a_cuda_graph_trains_as_eager_does(settings: dict[str, Any]) -> None:
    cuda = torch.device("cuda")
    config = tiny_config(batch_size=SIZE, device="cuda", **settings)
    ends = []
    for recorder in (CudaGraphCapture(cuda), None):
        torch.manual_seed(config.seed)
        train_state = TrainState(config, Net().to(cuda))
        backend = GraphBackend(config, train_state, cuda, recorder) if recorder else EagerBackend(config, train_state)
        data = DeviceData(tiny_dataset(), config, cuda)
        ends.append(ended(Trainer(config, backend, data, Control())).train_state.state())
    for one, other in zip(*(end["model"].values() for end in ends), strict=True):
        torch.testing.assert_close(one, other)
