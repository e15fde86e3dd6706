"""A run's state, folded from its events, whichever way the run went."""

from __future__ import annotations

import dataclasses
import itertools
import math

import pytest

from mnist_tui.events import (
    CheckpointSaved,
    EpochFinished,
    EpochStarted,
    Event,
    Notice,
    Progress,
    RunFailed,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    RunStopped,
)
from mnist_tui.runs.history import RunHistory, RunStatus, TimeLeft, fold, trend

STEPS, EPOCHS, BATCH = 4, 3, 10


def started(*, step: int = 0, epoch: int = 0) -> RunStarted:
    return RunStarted(
        run="r",
        config={"batch_size": BATCH},
        model={},
        data={},
        machine={},
        versions={},
        resumed_step=step,
        resumed_epoch=epoch,
        time="",
    )


def progress(epoch: int, step: int, losses: tuple[float, ...], *, speed: float = 20.0) -> Progress:
    return Progress(
        epoch=epoch,
        epochs=EPOCHS,
        phase="training",
        step=step,
        steps=STEPS,
        images_per_second=speed,
        loss=0.0,
        accuracy=0.0,
        learning_rate=0.1,
        batch_losses=losses,
        time="",
    )


def row(epoch: int, *, best: bool = True, seconds: float = 3.0) -> EpochFinished:
    return EpochFinished(
        epoch=epoch,
        epochs=EPOCHS,
        train_loss=1 / epoch,
        train_accuracy=0.5,
        test_loss=1 / epoch,
        test_accuracy=0.5,
        learning_rate=0.1,
        seconds=seconds,
        images_per_second=20.0,
        best=best,
        time="",
    )


def epoch_events(epoch: int, first_step: int = 0, last_step: int = STEPS) -> list[Event]:
    """An epoch's events, with one Progress a step; a loss tells which step of the run it is of."""
    steps = range(first_step, last_step)
    events = [progress(epoch, step + 1, ((epoch - 1) * STEPS + float(step),)) for step in steps]
    start = EpochStarted(epoch=epoch, epochs=EPOCHS, steps=STEPS, time="")
    return [start, *events, *([row(epoch)] if last_step == STEPS else [])]


FINISHED = RunFinished(
    epochs=EPOCHS,
    best_epoch=3,
    best_accuracy=0.5,
    best_test_accuracy=0.5,
    best_test_loss=0.3,
    best_train_loss=0.3,
    final_test_accuracy=0.5,
    final_test_loss=0.3,
    selected_on="test",
    seconds=9.0,
    mean_epoch_seconds=3.0,
    time="",
)
UNDISTURBED = [started(), *epoch_events(1), *epoch_events(2), *epoch_events(3), FINISHED]


@pytest.mark.parametrize(("saved", "reached"), list(itertools.combinations_with_replacement(range(5), 2)))
def test_a_run_killed_and_resumed_tells_the_undisturbed_story(saved: int, reached: int) -> None:
    """Killed after step `reached` of epoch 2, with a checkpoint of step `saved`; the log has both times."""
    log = [
        started(),
        *epoch_events(1),
        *epoch_events(2, last_step=reached),
        started(step=STEPS + saved, epoch=1),
        *epoch_events(2, first_step=saved),
        *epoch_events(3),
        FINISHED,
    ]
    resumed, undisturbed = fold(log), fold(UNDISTURBED)
    assert resumed.batch_losses == undisturbed.batch_losses == [float(step) for step in range(12)]
    assert dataclasses.replace(resumed, started=None) == dataclasses.replace(undisturbed, started=None)


def test_a_run_killed_before_any_checkpoint_begins_its_story_anew() -> None:
    log = [started(), *epoch_events(1), *epoch_events(2, last_step=2), *UNDISTURBED]
    assert fold(log) == fold(UNDISTURBED)


def test_nothing_is_an_empty_history() -> None:
    history = fold([])
    assert history.status is RunStatus.EMPTY
    assert (history.rows, history.best, history.last, history.time_left()) == ([], None, None, None)


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (started(), RunStatus.TRAINING),
        (dataclasses.replace(progress(1, 1, ()), phase="evaluating"), RunStatus.EVALUATING),
        (RunPaused(epoch=1, step=1), RunStatus.PAUSED),
        (RunResumed(epoch=1, step=1), RunStatus.TRAINING),
        (RunStopped(epoch=1, step=1, reason="x"), RunStatus.STOPPED),
        (FINISHED, RunStatus.FINISHED),
        (RunFailed(error="E", message="m"), RunStatus.FAILED),
    ],
)
def test_the_last_word_is_the_status(event: Event, status: RunStatus) -> None:
    history = fold([started(), event])
    assert history.status is status
    assert status.is_open == (status in (RunStatus.TRAINING, RunStatus.EVALUATING, RunStatus.PAUSED))


@pytest.mark.parametrize("event", [Notice(message="m"), CheckpointSaved(epoch=1, step=1, path="p")])
def test_an_aside_changes_no_status(event: Event) -> None:
    assert fold([started(), RunPaused(epoch=1, step=1), event]).status is RunStatus.PAUSED


def test_a_resume_forgets_how_it_ended_before() -> None:
    history = fold([started(), RunStopped(epoch=1, step=1, reason="x"), RunFailed(error="E", message="m"), started()])
    assert history.stopped is None
    assert history.failed is None
    assert history.status is RunStatus.TRAINING


def test_the_best_epoch_is_the_last_that_was_best() -> None:
    history = fold([started(), row(1), row(2), row(3, best=False)])
    assert history.best is not None
    assert history.best.epoch == 2
    assert history.last is not None
    assert history.last.epoch == 3
    assert history.seconds == 9.0


def test_two_hundred_thousand_batch_losses_are_kept_in_order() -> None:
    losses = [float(step) for step in range(200_000)]
    log = [progress(1, step, tuple(losses[step : step + 20])) for step in range(0, 200_000, 20)]
    assert fold([started(), *log]).batch_losses == losses


def test_time_left_in_the_first_epoch_goes_by_the_speed() -> None:
    # 4 steps of 10 images at 20 per second are 2 seconds per epoch, and one step is done.
    left = fold([started(), progress(1, 1, ())]).time_left()
    assert left is not None
    assert left.epoch == pytest.approx(1.5)
    assert left.run == pytest.approx(1.5 + 2 * 2)


def test_the_first_steps_of_a_run_say_nothing_about_the_time_left() -> None:
    def left(step: int, speed: float, *before: Event) -> object:
        now = dataclasses.replace(progress(len(before) + 1, step, (), speed=speed), steps=1000)
        return fold([started(), *before, now]).time_left()

    assert left(1, 2.0) is None  # a slow first step would make it hours
    assert left(30, 2000.0) is not None  # 3 % of the epoch
    assert left(29, 2000.0) is None
    assert left(20, 100.0) is not None  # two seconds
    # Later the epochs before say it.
    found = fold([started(), row(1, seconds=5.0), dataclasses.replace(progress(2, 1, (), speed=2.0), steps=1000)])
    assert found.time_left() == TimeLeft(pytest.approx(5.0, rel=0.01), pytest.approx(10.0, rel=0.01))


def test_the_seconds_are_those_of_the_epochs_that_count_also_after_a_resume() -> None:
    first = [started(), *(row(epoch, seconds=epoch) for epoch in (1, 2, 3))]
    assert fold(first).seconds == 6.0
    assert fold([*first, started(step=STEPS, epoch=1)]).seconds == 1.0
    assert fold([*first, started(step=STEPS, epoch=1), row(2, seconds=20.0)]).seconds == 21.0
    assert fold([*first, row(3, seconds=30.0)]).seconds == 33.0


def test_time_left_later_counts_what_whole_epochs_took() -> None:
    left = fold([started(), row(1, seconds=5.0), progress(2, 2, ())]).time_left()
    assert left is not None
    assert left.epoch == pytest.approx(1.0)
    assert left.run == pytest.approx(1.0 + 5.0)


def test_an_evaluation_leaves_only_the_epochs_to_come() -> None:
    now = dataclasses.replace(progress(3, 5, ()), phase="evaluating")
    left = fold([started(), now]).time_left()
    assert left is not None
    assert (left.epoch, left.run) == (0.0, 0.0)


def test_the_images_of_an_evaluation_are_not_taken_for_steps() -> None:
    # Two epochs of 4 steps of 10 images are to come, at 20 images per second.
    now = dataclasses.replace(progress(1, 500, ()), phase="evaluating", steps=10_000)
    left = fold([started(), EpochStarted(epoch=1, epochs=EPOCHS, steps=STEPS), now]).time_left()
    assert left is not None
    assert left.run == pytest.approx(2 * 2)


@pytest.mark.parametrize("speed", [0.0, math.nan, -1.0])
def test_an_unknown_speed_gives_no_time_left(speed: float) -> None:
    assert fold([started(), progress(1, 1, (), speed=speed)]).time_left() is None


def test_a_damaged_progress_or_config_gives_no_nonsense() -> None:
    nowhere = dataclasses.replace(progress(1, 0, ()), steps=0)
    assert fold([started(), nowhere]).time_left() is None
    odd = dataclasses.replace(started(), config={"batch_size": "many"})
    assert fold([odd, progress(1, 1, ())]).time_left() is not None


def test_live_and_from_the_log_is_the_same() -> None:
    live = RunHistory()
    for event in UNDISTURBED:
        live.apply(event)
    assert live == fold(UNDISTURBED)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "one epoch only"),
        ([1.0], "one epoch only"),
        ([3.0, 2.0, 1.0], "fell every epoch"),
        ([1.0, 2.0, 3.0], "rose every epoch"),
        ([1.0, 3.0, 2.0, 2.0], "rose 1, fell 1 times"),
    ],
)
def test_a_trend_in_words(values: list[float], words: str) -> None:
    assert trend(values) == words
