"""The same numbers, bit for bit, on any number of threads: steps, augmentation, evaluation and whole runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any

import pytest
import torch

from mnist_tui.config import TrainConfig
from mnist_tui.data import loader
from mnist_tui.events import RunFinished, RunStopped
from mnist_tui.training.backends.base import StepSettings
from tests.engine_fixtures import Lab, at_step, differences, rows, tiny_config, training_state
from tests.native.chains import Batch
from tests.native.compiling import QUICKLY, native, other_flags
from tests.native.fixed_chains import chain
from tests.native.toolchain import needs_compiler

pytestmark = needs_compiler

THREADS = (2, 3, 4, 7, 16, 40)
SIZES = (17, 1, 2, 3, 16, 31)


@pytest.fixture(autouse=True)
def quickly() -> Iterator[None]:
    with other_flags(QUICKLY):
        yield


def trained(name: str, threads: int, config: TrainConfig) -> list[Any]:
    """All results of steps with batches of every size, the last ones of an epoch among them."""
    backend = native(chain(name), config, threads=threads)
    found: list[Any] = []
    for number, size in enumerate(SIZES):
        batch = Batch(size, number)
        images = backend.augment(bytes_of(batch), maps_of(batch))
        settings, weights = StepSettings(number, 0.01, 0.9), torch.linspace(0.5, 1.5, size)
        result = backend.step(loader.Batch(images, batch.labels(), weights), settings)
        assert result.losses is not None
        found += [images, result.loss_sum.clone(), result.correct.clone(), result.losses.clone()]
        found.append(backend.logits(images))
    return [*found, backend.train_state.state()]


def bytes_of(batch: Batch) -> torch.Tensor:
    return (batch.images(torch.float32) * 60 + 128).clamp(0, 255).to(torch.uint8)


def maps_of(batch: Batch) -> torch.Tensor:
    return torch.eye(2, 3).repeat(batch.count, 1, 1) + batch.images(torch.float32)[:, 0, :2, :3] / 10


@pytest.mark.parametrize("name", ["one by one", "fully connected"])
def test_steps_are_the_same_to_the_bit(name: str) -> None:
    config = tiny_config(ema=0.9, optimizer="adamw", weight_decay=0.01, rotation=1.0, interpolation="bilinear")
    alone = trained(name, 1, config)
    for threads in THREADS:
        assert differences(trained(name, threads, config), alone) == [], threads


def test_a_run_goes_on_with_other_threads_as_if_undisturbed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(tmp_path, monkeypatch)
    config = tiny_config(model=lab.small_net(), backend="native", rotation=10.0, ema=0.9, epochs=3, threads=1)
    undisturbed = lab.start(config, name="undisturbed").run
    outcome = lab.start(config, name="stopped", watch=lab.stop_at(at_step(4)))
    for threads, moment in ((3, 9), (2, 16)):
        assert isinstance(outcome.event, RunStopped)
        watch = lab.stop_at(at_step(moment))
        outcome = lab.resume(outcome.run, threads=threads, watch=lambda event, look=watch: look(event))
    assert isinstance(outcome.event, RunStopped)
    assert isinstance(lab.resume(outcome.run, threads=16).event, RunFinished)
    assert differences(training_state(outcome.run), training_state(undisturbed)) == []
    assert rows(outcome.run) == rows(undisturbed)


@pytest.fixture
def one_core() -> Iterator[None]:
    """This thread and those it starts share a core, as beside other work."""
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system does not allow choosing a core")
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    yield
    os.sched_setaffinity(0, cores)


def test_threads_that_share_a_core_burn_little_in_waiting_for_each_other(one_core: None) -> None:
    """CPU time, which other work hardly changes. Threads that wait in a spin take three times as much."""
    alone, both = ([*times_of_steps(threads)] for threads in (1, 2))
    assert min(both) < 2 * min(alone)


def times_of_steps(threads: int) -> Iterator[float]:
    backend = native(chain("one by one"), tiny_config(), threads=threads)
    batch = Batch(16, 1)
    step = loader.Batch(batch.images(torch.float32), batch.labels(), None)
    for _ in range(5):
        started_at = process_time()
        for number in range(200):
            backend.step(step, StepSettings(number, 0.001, 0.9))
        yield process_time() - started_at
