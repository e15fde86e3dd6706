"""Time to an accuracy: what is counted, who goes next, and both loops for real on a few easy digits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from mnist_tui.bench import time_to_accuracy
from mnist_tui.bench.time_to_accuracy import Contender, EpochTiming
from mnist_tui.cli.views.bench_tables import time_table
from mnist_tui.config import TrainConfig
from mnist_tui.data.types import Dataset, Split
from mnist_tui.errors import ConfigError
from mnist_tui.training.control import Control
from tests.cli import easy_digits
from tests.render.samples import text

CONFIG = TrainConfig(dataset="synthetic", model="linear", epochs=3, batch_size=16, backend="eager", lr=0.05)


@pytest.fixture
def data() -> Dataset:
    splits = [
        Split(*map(torch.from_numpy, easy_digits.draw(count, 0, progress=lambda done: None))) for count in (256, 100)
    ]
    return Dataset("synthetic", *splits, tuple("0123456789"), "drawn", "0" * 16)


def contender(name: str, seconds: float, *rounds: tuple[float, ...]) -> Contender:
    """Takes `seconds` for each epoch, and has these accuracies in each round."""

    def run(seed: int) -> Iterator[EpochTiming]:
        for number, accuracy in enumerate(rounds[seed - 1], 1):
            yield EpochTiming(number * seconds, accuracy)

    return Contender(name, CONFIG, run)


def test_the_mean_over_rounds_decides_and_each_round_is_counted(data: Dataset) -> None:
    plain = contender("plain loop", 40.0, (0.98, 0.990, 0.995), (0.98, 0.989, 0.994))
    ours = contender("ours", 4.0, (0.991, 0.995, 0.993), (0.991, 0.991, 0.991))
    result = time_to_accuracy.measure_time_to_accuracy(
        [plain, ours], data, [0.99, 0.994], rounds=2, report=lambda text: None, control=Control()
    )
    assert result is not None
    theirs, mine = result.racers
    assert (theirs.seconds, theirs.accuracy) == (120.0, pytest.approx(0.9945))
    first, second = theirs.reached
    assert (first.rounds, first.median_seconds, first.mean_epoch, first.mean_seconds) == (2, 100.0, 3, 120.0)
    assert (second.rounds, second.median_seconds, second.mean_epoch, second.sooner) == (2, 120.0, 3, 1.0)
    first, second = mine.reached
    assert (first.rounds, first.median_seconds, first.mean_epoch, first.sooner) == (2, 4.0, 1, 30.0)
    assert (second.rounds, second.median_seconds, second.mean_epoch, second.sooner) == (1, 8.0, None, None)
    document = result.to_dict()
    assert document["racers"][1]["accuracy"] == pytest.approx(0.992)
    assert document["racers"][1]["rounds"][0][0] == {"seconds": 4.0, "accuracy": 0.991}


def test_the_widest_table_fits_80_columns(data: Dataset) -> None:
    epochs = *(0.5,) * 8, 0.99, *(0.5,) * 5, 0.995
    contenders = [contender("plain loop", 40.7, epochs), contender("reference", 3.25, epochs)]
    result = time_to_accuracy.measure_time_to_accuracy(
        contenders, data, [0.99, 0.994], rounds=1, report=lambda line: None, control=Control()
    )
    assert result is not None
    shown = text(time_table(result))
    assert "48.8 s (15)" in shown
    assert "…" not in shown


def test_the_loop_that_has_spent_the_least_goes_next(data: Dataset) -> None:
    lines: list[str] = []
    contenders = [contender("plain loop", 10.0, (0.9, 0.9)), contender("ours", 4.0, (0.9, 0.9, 0.9, 0.9))]
    time_to_accuracy.measure_time_to_accuracy(contenders, data, [0.9], rounds=1, report=lines.append, control=Control())
    order = [text.split(": ")[1].split(",")[0] for text in lines]
    assert order == ["plain loop", "ours", "ours", "ours", "plain loop", "ours"]


def test_a_stop_keeps_the_rounds_that_are_done(data: Dataset) -> None:
    control = Control()
    lines: list[str] = []

    def stop_in_the_second(text: str) -> None:
        lines.append(text)
        if text.startswith("round 2"):
            control.stop()

    loop = contender("plain loop", 1.0, (0.9, 0.9), (0.9, 0.9), (0.9, 0.9))
    measure = time_to_accuracy.measure_time_to_accuracy
    result = measure([loop], data, [0.9], rounds=3, report=stop_in_the_second, control=control)
    assert result is not None
    assert result.rounds == 1
    assert len(lines) == 3
    assert measure([loop], data, [0.9], rounds=3, report=lines.append, control=control) is None


def test_a_recipe_with_a_teacher_does_not_run_by_itself(data: Dataset) -> None:
    with pytest.raises(ConfigError, match="it learns from reference"):
        time_to_accuracy.recipe_contender(CONFIG.replace(teacher="reference"), data, lambda text: None)


def test_both_loops_train_and_are_timed(data: Dataset) -> None:
    before = torch.get_num_threads()
    contenders = [
        time_to_accuracy.plain_contender(CONFIG, data),
        time_to_accuracy.recipe_contender(CONFIG, data, lambda text: None),
    ]
    try:
        result = time_to_accuracy.measure_time_to_accuracy(
            contenders, data, [0.5], rounds=1, report=lambda text: None, control=Control()
        )
    finally:
        torch.set_num_threads(before)
    assert result is not None
    for loop in result.racers:
        [epochs] = loop.rounds
        assert len(epochs) == 3
        assert 0 < epochs[0].seconds < epochs[1].seconds < epochs[2].seconds
        assert epochs[2].accuracy > 0.9
        assert loop.reached[0].rounds == 1
