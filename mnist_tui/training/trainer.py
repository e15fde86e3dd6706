"""The training loop: a generator of events that owns no file, screen or thread."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from typing import Any

import torch

from mnist_tui.config import TrainConfig
from mnist_tui.data.loader import Batch, DeviceData
from mnist_tui.data.types import Split
from mnist_tui.errors import MnistTuiError
from mnist_tui.events import (
    EpochFinished,
    EpochStarted,
    Event,
    Phase,
    Progress,
    RunFailed,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStopped,
    WeightsMoved,
)
from mnist_tui.models.code_errors import translate_code_error
from mnist_tui.system.timing import Stopwatch, Throttle
from mnist_tui.training import lr_schedule
from mnist_tui.training.backends.base import Backend, StepSettings
from mnist_tui.training.control import Control
from mnist_tui.training.distillation import Teacher
from mnist_tui.training.evaluate import Score, Scorer
from mnist_tui.training.metrics import EpochMetrics
from mnist_tui.training.position import BestEpoch, Position
from mnist_tui.training.rng import random_state, restore_random_state
from mnist_tui.training.update_ratio import UpdateRatios

PROGRESS_SECONDS = 0.1


class DivergedError(MnistTuiError):
    """A loss or a weight is no longer a finite number."""


class Trainer:
    """Trains a backend's training state: iterate over `run()`; between two events, `state()` is a checkpoint."""

    def __init__(
        self,
        config: TrainConfig,
        backend: Backend,
        data: DeviceData,
        control: Control,
        teacher: Teacher | None = None,
    ) -> None:
        """The training state and `data` are on the same device already."""
        self.config, self.backend, self.data, self.control = config, backend, data, control
        self.teacher = teacher
        self.train_state = backend.train_state
        self.position = Position()
        self._device = data.train.images.device
        self._metrics = EpochMetrics(self._device)
        self._update_ratios = UpdateRatios(self.train_state.model)
        self._epoch_watch = Stopwatch()
        self._progress_due = Throttle(PROGRESS_SECONDS)
        torch.manual_seed(config.seed)

    @property
    def steps_done(self) -> int:
        """Steps of the whole run that are done."""
        return (self.position.epoch - 1) * self.data.steps + self.position.step

    def state(self) -> dict[str, Any]:
        """Everything that `load_state` needs to continue as if never interrupted; the tensors are the live ones."""
        self.position.epoch_seconds = self._epoch_watch.seconds
        return {
            "position": self.position.to_dict(),
            "meter": self._metrics.state(),
            **self.train_state.state(),
            **({"focus": self.data.sampler.state()} if self.data.sampler else {}),
            "random": random_state(self._device),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Continue from the `state()` of a trainer with the same config, data and model class."""
        self.position = Position.from_dict(state["position"])
        self.train_state.load_state(state)
        self._metrics.load_state(state["meter"])
        if self.data.sampler:
            self.data.sampler.load_state(state["focus"])
        self._epoch_watch = Stopwatch(self.position.epoch_seconds)
        restore_random_state(state["random"], self._device)

    def run(self) -> Iterator[Event]:
        """Train until all epochs are done, a request to stop, or a failure; the last event says which."""
        try:
            yield from self._epochs()
        except Exception as error:
            yield RunFailed.from_error(translate_code_error(error))

    def _epochs(self) -> Iterator[Event]:
        while self.position.epoch <= self.config.all_epochs:
            self._epoch_watch.start()
            yield EpochStarted(epoch=self.position.epoch, epochs=self.config.all_epochs, steps=self.data.steps)
            yield from self._train()
            validation = yield from self._score(self.data.validation)
            test = yield from self._score(self.data.test)
            if test is None:
                yield RunStopped(epoch=self.position.epoch, step=self.steps_done, reason=self.control.stop_reason)
                return
            yield self._finish_epoch(test, validation)
        yield self._run_finished()

    def _train(self) -> Iterator[Event]:
        """The remaining steps of this epoch."""
        self.backend.begin()
        self._metrics.watch.start()
        batches = self.data.iterate_batches(self.backend.augment, self.position.epoch, self.position.step)
        for batch in batches:
            yield from self._pause_if_requested()
            if self.control.stop_reason:
                break
            moved = self._take_step(batch)
            if moved is not None:
                yield moved
            if self._progress_due.is_due():
                yield self._progress("training", self.position.step, self.data.steps)
        self._metrics.watch.stop()
        yield self._progress("training", self.position.step, self.data.steps)

    def _take_step(self, batch: Batch) -> WeightsMoved | None:
        """Take one step; returns how far it moved the weights, if it is one of those to measure."""
        before = self._update_ratios.capture(self.position.step, self.data.steps)
        steps = self.config.epochs * self.data.steps
        settings = StepSettings(
            self.steps_done,
            lr_schedule.learning_rate(self.config, self.steps_done, steps),
            lr_schedule.momentum(self.config, self.steps_done, steps),
        )
        targets = self.teacher.targets(batch.images, batch.labels) if self.teacher else None
        result = self.backend.step(batch, settings, targets)
        self._metrics.add(result, len(batch.labels))
        self.data.record_losses(self.position.step, result.losses)
        self.position.step += 1
        if before is None:
            return None
        return self._update_ratios.measure(before, self.position.epoch, self.steps_done)

    def _score(self, split: Split | None) -> Generator[Event, None, Score | None]:
        """Evaluate on `split`; None without a split, or after a request to stop."""
        if split is None or self.control.stop_reason:
            return None
        scorer = Scorer(self.backend.logits, split.images, split.labels, self.config)
        for done in scorer:
            yield from self._pause_if_requested()
            if self.control.stop_reason:
                return None
            if self._progress_due.is_due():
                yield self._progress("evaluating", done, len(split.images))
        return scorer.score

    def _pause_if_requested(self) -> Iterator[Event]:
        """Wait here during a pause. The caller has to check for a request to stop."""
        if not self.control.is_paused:
            return
        training = self._metrics.watch.is_running
        self._epoch_watch.stop()
        self._metrics.watch.stop()
        if training:
            # A pause is a checkpoint, and the log must have every batch loss that a checkpoint is past.
            yield self._progress("training", self.position.step, self.data.steps)
        yield RunPaused(epoch=self.position.epoch, step=self.steps_done)
        self.control.wait_while_paused()
        if not self.control.stop_reason:
            yield RunResumed(epoch=self.position.epoch, step=self.steps_done)
        self._epoch_watch.start()
        if training:
            self._metrics.watch.start()

    def _progress(self, phase: Phase, step: int, steps: int) -> Progress:
        """The epoch's metrics so far. The only place in training that waits for the device, by reading from it."""
        loss = self._metrics.loss
        if not math.isfinite(loss):
            raise self._divergence("training", loss)
        return Progress(
            epoch=self.position.epoch,
            epochs=self.config.all_epochs,
            phase=phase,
            step=step,
            steps=steps,
            images_per_second=self._metrics.images_per_second,
            loss=loss,
            accuracy=self._metrics.accuracy,
            learning_rate=self._learning_rate(),
            batch_losses=self._metrics.take_batch_losses(),
        )

    def _finish_epoch(self, test: Score, validation: Score | None) -> EpochFinished:
        selected_by = validation or test
        for name, score in (("test", test), ("validation", selected_by)):
            if not math.isfinite(score.loss):
                raise self._divergence(name, score.loss)
        position, best = self.position, self.position.best
        is_best = best is None or selected_by.accuracy > best.accuracy
        if is_best:
            position.best = BestEpoch(
                position.epoch, selected_by.accuracy, test.accuracy, test.loss, self._metrics.loss
            )
        position.epoch_seconds = self._epoch_watch.seconds
        row = EpochFinished(
            epoch=position.epoch,
            epochs=self.config.all_epochs,
            train_loss=self._metrics.loss,
            train_accuracy=self._metrics.accuracy,
            test_loss=test.loss,
            test_accuracy=test.accuracy,
            validation_loss=validation.loss if validation else None,
            validation_accuracy=validation.accuracy if validation else None,
            learning_rate=self._learning_rate(),
            seconds=position.epoch_seconds,
            images_per_second=self._metrics.images_per_second,
            best=is_best,
        )
        self.data.finish_epoch(position.epoch)
        position.finish_epoch(test.accuracy, test.loss)
        self._metrics, self._epoch_watch = EpochMetrics(self._device), Stopwatch()
        return row

    def _run_finished(self) -> RunFinished:
        position, best = self.position, self.position.best
        assert best is not None  # a config has at least one epoch
        return RunFinished(
            epochs=self.config.all_epochs,
            best_epoch=best.epoch,
            best_accuracy=best.accuracy,
            best_test_accuracy=best.test_accuracy,
            best_test_loss=best.test_loss,
            best_train_loss=best.train_loss,
            final_test_accuracy=position.test_accuracy,
            final_test_loss=position.test_loss,
            selected_on="validation" if self.data.validation else "test",
            seconds=position.finished_seconds,
            mean_epoch_seconds=position.finished_seconds / self.config.all_epochs,
        )

    def _learning_rate(self) -> float:
        """The learning rate of the last step taken."""
        steps = self.config.epochs * self.data.steps
        return lr_schedule.learning_rate(self.config, max(self.steps_done - 1, 0), steps)

    def _divergence(self, which: str, loss: float) -> DivergedError:
        return DivergedError(
            f"the {which} loss is {loss} in epoch {self.position.epoch}, step {self.position.step:,}: "
            f"training has diverged, with the learning rate at {self._learning_rate():.3g}",
            remedy="Try a smaller --lr. The checkpoint before this is kept.",
        )
