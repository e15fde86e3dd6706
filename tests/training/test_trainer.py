"""The loop's arithmetic and its order of events, without files."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mnist_tui.data.augmentation import make_network_input
from mnist_tui.events import (
    EpochFinished,
    Event,
    Progress,
    RunFailed,
    RunFinished,
    RunPaused,
    RunStopped,
)
from mnist_tui.training import evaluate, trainer
from mnist_tui.training.control import Control
from mnist_tui.training.evaluate import Score, compute_logits
from mnist_tui.training.trainer import Trainer
from tests.engine_fixtures import differences, make_trainer, names, tiny_config, tiny_dataset
from tests.patience import PATIENCE

STEPS = 7  # of 32 images in 200


def weights(trained: Trainer) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in trained.train_state.model.state_dict().items()}


def trained(**changes: object) -> tuple[Trainer, list[Event]]:
    ready = make_trainer(tiny_config(**changes))
    return ready, list(ready.run())


def epochs(happened: list[Event]) -> list[EpochFinished]:
    return [event for event in happened if isinstance(event, EpochFinished)]


@pytest.fixture
def every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Progress after every step and every batch of ten test images."""
    monkeypatch.setattr(trainer, "PROGRESS_SECONDS", 0.0)
    monkeypatch.setattr(evaluate, "BATCH", 10)


# What is computed


def test_the_same_seed_gives_the_same_weights_and_rows() -> None:
    torch.manual_seed(5)
    one, reported = trained(rotation=7.0)
    torch.manual_seed(6)
    other, reported_again = trained(rotation=7.0)
    assert differences(weights(one), weights(other)) == []
    losses = [[(row.train_loss, row.test_loss) for row in epochs(events)] for events in (reported, reported_again)]
    assert losses[0] == losses[1]


def test_another_seed_gives_other_weights() -> None:
    assert differences(weights(trained(seed=1)[0]), weights(trained(seed=2)[0])) != []


def test_a_learnable_dataset_is_learned() -> None:
    _, happened = trained(epochs=4)
    losses = [row.train_loss for row in epochs(happened)]
    assert losses == sorted(losses, reverse=True)
    last = happened[-1]
    assert isinstance(last, RunFinished)
    assert last.final_test_accuracy > 0.9


@pytest.mark.parametrize("settings", [{}, {"label_smoothing": 0.1}, {"optimizer": "sgd"}, {"weight_decay": 0.01}])
def test_losses_weights_and_scores_equal_an_independent_loop(settings: dict[str, object]) -> None:
    config = tiny_config(**settings)
    ready = make_trainer(config)
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    model.load_state_dict({f"1.{name[3:]}": tensor for name, tensor in weights(ready).items()})
    optimizer: torch.optim.Optimizer
    if config.optimizer == "sgd":
        optimizer = torch.optim.SGD(model.parameters(), 0.01, 0.95, nesterov=True)
    else:
        optimizer = torch.optim.Adam(model.parameters(), 0.01, betas=(0.95, 0.999), weight_decay=config.weight_decay)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=2 * STEPS)
    happened = list(ready.run())
    expected_batches: list[float] = []
    for row in epochs(happened):
        loss_sum, correct = 0.0, 0
        for number, (images, labels, _) in enumerate(ready.data.iterate_batches(ready.backend.augment, row.epoch)):
            optimizer.zero_grad()
            logits = model(images)
            loss = F.cross_entropy(logits, labels, label_smoothing=config.label_smoothing)
            loss.backward()
            optimizer.step()
            rate = scheduler.get_last_lr()[0]
            if (row.epoch, number) != (2, STEPS - 1):
                scheduler.step()
            expected_batches.append(loss.item())
            loss_sum += loss.item() * len(labels)
            correct += int((logits.argmax(1) == labels).sum())
        assert row.train_loss == pytest.approx(loss_sum / 200, rel=1e-4)
        assert row.train_accuracy == pytest.approx(correct / 200)
        assert row.learning_rate == pytest.approx(rate)
        test = ready.data.test
        with torch.no_grad():
            logits = model(make_network_input(test.images, config))
        assert row.test_loss == pytest.approx(F.cross_entropy(logits, test.labels).item(), rel=1e-4)
        assert row.test_accuracy == pytest.approx((logits.argmax(1) == test.labels).float().mean().item())
    reported = [loss for event in happened if isinstance(event, Progress) for loss in event.batch_losses]
    assert reported == pytest.approx(expected_batches, rel=1e-4)
    torch.testing.assert_close(model[1].weight, ready.train_state.model.fc.weight, rtol=1e-3, atol=1e-5)


def test_averaged_weights_are_those_computed_by_hand_and_are_evaluated(every_step: None) -> None:
    ready = make_trainer(tiny_config(epochs=1, ema=0.8))
    by_hand: Tensor | None = None
    for event in ready.run():
        if isinstance(event, Progress) and event.phase == "training" and event.batch_losses:
            now = ready.train_state.model.fc.weight.detach().clone()
            by_hand = now if by_hand is None else 0.8 * by_hand + 0.2 * now
        last = event
    assert by_hand is not None
    torch.testing.assert_close(ready.train_state.eval_model.fc.weight.detach(), by_hand)
    test = ready.data.test

    def score(model: nn.Module) -> Score:
        return evaluate.evaluate(partial(compute_logits, model), test.images, test.labels, ready.config)

    assert isinstance(last, RunFinished)
    assert last.final_test_loss == score(ready.train_state.eval_model).loss
    assert score(ready.train_state.model) != score(ready.train_state.eval_model)


def test_the_best_epoch_is_chosen_on_validation_where_there_is_one() -> None:
    ready, happened = trained(epochs=4, validation=50)
    last = happened[-1]
    assert isinstance(last, RunFinished)
    assert last.selected_on == "validation"
    table = epochs(happened)
    accuracies = [row.validation_accuracy for row in table]
    assert None not in accuracies
    best = max(range(4), key=lambda index: (accuracies[index], -index))
    assert last.best_epoch == best + 1
    assert last.best_accuracy == accuracies[best]
    assert (last.best_test_accuracy, last.best_train_loss) == (
        table[best].test_accuracy,
        table[best].train_loss,
    )
    assert [row.epoch for row in table if row.best][-1] == best + 1
    assert ready.data.steps == 5  # of the 150 images that are left


def test_the_statistics_at_the_end_are_those_of_the_table() -> None:
    _, happened = trained(epochs=3)
    table, last = epochs(happened), happened[-1]
    assert isinstance(last, RunFinished)
    assert (last.epochs, last.selected_on) == (3, "test")
    assert (last.final_test_accuracy, last.final_test_loss) == (table[-1].test_accuracy, table[-1].test_loss)
    assert last.best_accuracy == last.best_test_accuracy == max(row.test_accuracy for row in table)
    assert last.seconds == pytest.approx(sum(row.seconds for row in table))
    assert last.mean_epoch_seconds == pytest.approx(last.seconds / 3)


# What is reported, in which order


def test_events_come_in_order(every_step: None) -> None:
    ready = make_trainer(tiny_config(validation=40))
    kinds = [
        f"{event.phase} {event.step}" if isinstance(event, Progress) else type(event).__name__ for event in ready.run()
    ]
    # Update ratios are measured ten times per epoch, so in one of five steps always.
    training = [kind for step in range(1, 6) for kind in ("WeightsMoved", f"training {step}")]
    training.append("training 5")  # the last is reported in any case
    tests = [f"evaluating {done}" for done in (10, 20, 30, 40, 10, 20, 30, 40, 50, 60)]
    epoch = ["EpochStarted", *training, *tests, "EpochFinished"]
    assert kinds == [*epoch, *epoch, "RunFinished"]


def test_every_batch_loss_is_reported_once(every_step: None) -> None:
    _, happened = trained()
    reported = [event.batch_losses for event in happened if isinstance(event, Progress)]
    assert sum(len(losses) for losses in reported) == 2 * STEPS


def test_progress_comes_by_the_clock_and_not_by_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter(range(10**6))
    monkeypatch.setattr(time, "monotonic", lambda: next(seconds) * 0.01)
    ready = make_trainer(tiny_config(epochs=1, batch_size=1))
    reported = [event for event in ready.run() if isinstance(event, Progress) and event.phase == "training"]
    # The clock advances by 0.01 s at every reading, and a step reads it about once: ten steps per Progress.
    assert 10 <= len(reported) <= 30
    assert sum(len(event.batch_losses) for event in reported) == 200


def test_a_quick_epoch_is_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 5.0)
    _, happened = trained()
    kinds = names(happened, without=("WeightsMoved",))
    assert kinds == [*["EpochStarted", "Progress", "EpochFinished"] * 2, "RunFinished"]


def run_with(ready: Trainer, act: Callable[[Event], None]) -> Iterator[Event]:
    for event in ready.run():
        act(event)
        yield event


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_stop_in_training_ends_at_that_step(every_step: None, step: int) -> None:
    control = Control()
    ready = make_trainer(tiny_config(), control=control)

    def stop(event: Event) -> None:
        if isinstance(event, Progress) and event.step == step:
            control.stop("enough")

    happened = list(run_with(ready, stop))
    last = happened[-1]
    assert isinstance(last, RunStopped)
    assert (last.epoch, last.step, last.reason) == (1, step, "enough")
    assert ready.steps_done == step
    assert names(happened) == ["EpochStarted", "RunStopped"]


@pytest.mark.parametrize("validation", [0, 40])
def test_a_stop_in_the_evaluation_ends_at_that_batch(every_step: None, validation: int) -> None:
    control = Control()
    ready = make_trainer(tiny_config(validation=validation), control=control)

    def stop(event: Event) -> None:
        if isinstance(event, Progress) and event.phase == "evaluating" and event.step == 20:
            control.stop("enough")

    happened = list(run_with(ready, stop))
    assert names(happened) == ["EpochStarted", "RunStopped"]
    evaluated = [event.step for event in happened if isinstance(event, Progress) and event.phase == "evaluating"]
    assert evaluated == [10, 20]


def test_a_stop_before_the_first_step_trains_nothing() -> None:
    control = Control()
    control.stop("never mind")
    ready = make_trainer(tiny_config(), control=control)
    before = weights(ready)
    assert names(ready.run()) == ["EpochStarted", "RunStopped"]
    assert differences(weights(ready), before) == []


def test_a_stop_after_the_last_epoch_is_too_late() -> None:
    control = Control()
    ready = make_trainer(tiny_config(epochs=1), control=control)
    happened = list(run_with(ready, lambda event: control.stop() if epochs([event]) else None))
    assert isinstance(happened[-1], RunFinished)


@pytest.mark.parametrize("phase", ["training", "evaluating"])
@pytest.mark.parametrize("action", ["resume", "stop"])
def test_a_pause_waits_for_another_thread(every_step: None, phase: str, action: str) -> None:
    control = Control()
    ready = make_trainer(tiny_config(epochs=1), control=control)
    paused, events = threading.Event(), list[Event]()

    def pause(event: Event) -> None:
        events.append(event)
        if isinstance(event, Progress) and event.phase == phase and not paused.is_set():
            control.pause()
        if isinstance(event, RunPaused):
            paused.set()

    training = threading.Thread(target=lambda: list(run_with(ready, pause)))
    training.start()
    assert paused.wait(PATIENCE)
    assert training.is_alive()
    assert type(events[-1]) is RunPaused
    getattr(control, action)()
    training.join(PATIENCE)
    assert not training.is_alive()
    ending = ["RunResumed", "EpochFinished", "RunFinished"] if action == "resume" else ["RunStopped"]
    assert names(events) == ["EpochStarted", "RunPaused", *ending]


def test_a_pause_costs_no_time_and_no_batch_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    control = Control()
    ready = make_trainer(tiny_config(epochs=1), control=control)
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)

    def wait() -> None:
        nonlocal now
        now += 1000
        control.resume()

    monkeypatch.setattr(control, "wait_while_paused", wait)
    control.pause()
    happened = list(ready.run())
    assert epochs(happened)[0].seconds == 0.0
    kinds = names(happened, without=())
    assert kinds.index("RunPaused") < kinds.index("RunResumed")
    assert sum(len(event.batch_losses) for event in happened if isinstance(event, Progress)) == STEPS


def test_all_batch_losses_are_reported_before_a_pause() -> None:
    """A checkpoint is written at a pause, and a resume from it must find all earlier losses in the log."""
    control = Control()
    ready = make_trainer(tiny_config(epochs=1), control=control)
    batches = ready.data.iterate_batches

    def pausing(*asked: Any) -> Iterator[tuple[Tensor, Tensor]]:
        for number, batch in enumerate(batches(*asked)):
            if number == 4:
                control.pause()
            yield batch

    ready.data.iterate_batches = pausing  # type: ignore[method-assign]
    reported = 0
    for event in ready.run():
        if isinstance(event, Progress):
            reported += len(event.batch_losses)
        if isinstance(event, RunPaused):
            assert reported == event.step == 4
            control.resume()


# What goes wrong


class Breaking(nn.Module):
    """Works until its `number`-th forward in training."""

    def __init__(self, number: int, error: Exception | None) -> None:
        super().__init__()
        self.linear = nn.Linear(784, 10)
        self.left, self.error = number, error

    def forward(self, images: Tensor) -> Tensor:
        logits = self.linear(images.flatten(1))
        self.left -= self.training
        if self.left > 0 or not self.training:
            return logits
        if self.error:
            raise self.error
        return logits * math.nan


def test_a_failure_in_the_model_is_an_event_with_its_traceback() -> None:
    ready = make_trainer(tiny_config(), model=Breaking(10, ZeroDivisionError("by nothing")))
    happened = list(ready.run())
    assert names(happened) == ["EpochStarted", "EpochFinished", "EpochStarted", "RunFailed"]
    failed = happened[-1]
    assert isinstance(failed, RunFailed)
    assert (failed.error, failed.message, failed.exit_code) == ("ZeroDivisionError", "by nothing", 1)
    assert "in forward" in failed.traceback


def test_an_error_without_words_is_called_by_its_name() -> None:
    failed = list(make_trainer(tiny_config(), model=Breaking(1, RuntimeError())).run())[-1]
    assert isinstance(failed, RunFailed)
    assert failed.message == "RuntimeError"


@pytest.mark.parametrize("number", [1, 3, STEPS, STEPS + 1])
def test_a_loss_that_is_no_number_is_divergence(every_step: None, number: int) -> None:
    failed = list(make_trainer(tiny_config(), model=Breaking(number, None)).run())[-1]
    assert isinstance(failed, RunFailed)
    assert failed.error == "DivergedError"
    epoch, step = divmod(number - 1, STEPS)
    assert f"the training loss is nan in epoch {epoch + 1}, step {step + 1}" in failed.message
    assert "--lr" in failed.remedy
    assert failed.exit_code == 1
    assert failed.traceback == ""


def test_a_network_that_tests_as_no_number_has_diverged() -> None:
    class OnlyTrains(nn.Linear):
        def forward(self, images: Tensor) -> Tensor:
            return super().forward(images.flatten(1)) * (1.0 if self.training else math.nan)

    failed = list(make_trainer(tiny_config(), model=OnlyTrains(784, 10)).run())[-1]
    assert isinstance(failed, RunFailed)
    assert "the test loss is nan" in failed.message


def test_training_needs_no_more_than_one_image() -> None:
    ready = make_trainer(tiny_config(epochs=1), dataset=tiny_dataset(train=1, test=1))
    assert names(ready.run()) == ["EpochStarted", "EpochFinished", "RunFinished"]
