"""Plans: which trials there are, what they are called, and that they read back."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnist_tui.config import TrainConfig
from mnist_tui.errors import ConfigError, RunError
from mnist_tui.sweep import folder as folders
from mnist_tui.sweep import plans
from mnist_tui.sweep.plans import Grid, Search
from mnist_tui.sweep.search_space import Value, parse_space

BASE = TrainConfig(dataset="mnist", validation=5000)


def make_config(values: Mapping[str, Value]) -> TrainConfig:
    return BASE.replace(**values)


def grid(*seeds: int, **axes: tuple[Value, ...]) -> Grid:
    return Grid(
        "g",
        "2026-11-25T08:00:00.000Z",
        plans.build_combinations(make_config, axes),
        seeds or (1, 2),
        "validation",
    )


def search(*texts: str, trials: int = 5) -> Search:
    return Search("s", "2026-11-25T08:00:00.000Z", BASE, parse_space(texts or ["lr=log:1e-3:1e-1"]), trials, True)


def test_a_seed_goes_through_all_combinations_before_the_next() -> None:
    trials = list(grid(3, 4, lr=(0.1, 0.2), batch_size=(16, 64)).trials())
    assert [trial.label for trial in trials[:5]] == [
        "lr=0.1 batch_size=16 seed=3",
        "lr=0.1 batch_size=64 seed=3",
        "lr=0.2 batch_size=16 seed=3",
        "lr=0.2 batch_size=64 seed=3",
        "lr=0.1 batch_size=16 seed=4",
    ]
    assert [trial.name for trial in trials[3:5]] == ["g-c4-s3", "g-c1-s4"]
    assert (trials[5].config.lr, trials[5].config.batch_size, trials[5].config.seed) == (0.1, 64, 4)


def test_without_settings_it_is_the_recipe_over_seeds() -> None:
    [combination] = grid().combinations
    assert [(trial.name, trial.label) for trial in grid().trials()] == [
        ("g-s1", "reference seed=1"),
        ("g-s2", "reference seed=2"),
    ]
    assert combination.config == BASE


@given(
    st.lists(st.floats(0.001, 1), min_size=1, max_size=4, unique=True),
    st.lists(st.integers(1, 999), min_size=1, max_size=4, unique=True),
    st.lists(st.integers(0, 99), min_size=1, max_size=3, unique=True),
)
def test_every_trial_has_a_run_of_its_own(lrs: list[float], sizes: list[int], seeds: list[int]) -> None:
    plan = grid(*seeds, lr=tuple(lrs), batch_size=tuple(sizes))
    trials = list(plan.trials())
    assert len({trial.name for trial in trials}) == len(trials) == len(lrs) * len(sizes) * len(seeds)
    assert {(t.config.lr, t.config.batch_size, t.config.seed) for t in trials} == {
        (lr, size, seed) for lr in lrs for size in sizes for seed in seeds
    }
    assert plans.from_dict(plans.to_dict(plan)) == plan


def test_a_combination_that_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match="epochs is 0"):
        grid(epochs=(0, 1))


def test_a_searched_trial_has_a_seed_of_its_own() -> None:
    trial = search().trial(7, (("lr", 0.02),))
    assert (trial.name, trial.config.lr, trial.config.seed) == ("s-t007", 0.02, 8)


def test_a_plan_survives_the_disk(tmp_path: Path) -> None:
    for plan in (
        grid(lr=(0.1, 0.2)),
        search("lr=log:1e-3:1e-1", "epochs=int:2:4", "optimizer=choice:sgd,adam"),
    ):
        home = folders.sweep_folder(tmp_path, plan.name)
        home.write(plan)
        assert home.plan() == plan
    assert [home.name for home in folders.list_sweeps(tmp_path)] == ["g", "s"]


def test_more_seeds_and_more_trials_extend_a_plan() -> None:
    old = grid(1, 2, lr=(0.1, 0.2))
    assert plans.merge(old, replace(old, seeds=(2, 3), created="later")) == replace(old, seeds=(1, 2, 3))
    few = search(trials=5)
    assert plans.merge(few, search(trials=9)) == search(trials=9)
    assert plans.merge(search(trials=9), few) == search(trials=9)


def test_other_settings_do_not() -> None:
    for old, new in (
        (grid(lr=(0.1,)), grid(lr=(0.2,))),
        (search(), grid()),
        (search(), search("lr=log:1:2")),
    ):
        with pytest.raises(RunError, match="its settings are others"):
            plans.merge(old, new)


def test_choosing_by_validation_takes_validation_images() -> None:
    plans.check_metric(grid())
    none = TrainConfig(dataset="mnist")
    with pytest.raises(ConfigError, match="none are held out"):
        plans.check_metric(replace(search(), config=none))
    with pytest.raises(ConfigError, match="none are held out"):
        plans.check_metric(grid(validation=(0, 5000)))


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema_version": 2}', '{"schema_version": 1, "on": 3}'])
def test_a_damaged_plan_is_named(text: str, tmp_path: Path) -> None:
    home = folders.sweep_folder(tmp_path, "g")
    home.write(grid())
    home.plan_file.write_text(text)
    with pytest.raises(RunError, match=r"plan\.json cannot be read"):
        home.plan()


@settings(max_examples=50)
@given(st.sampled_from(sorted(plans.to_dict(search()))), st.none() | st.text() | st.lists(st.integers()))
def test_any_json_is_a_plan_or_an_expected_error(key: str, value: object) -> None:
    with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError, ConfigError):
        plans.from_dict({**plans.to_dict(search()), key: value})


def test_a_sweep_is_found_by_name_prefix_and_latest(tmp_path: Path) -> None:
    for name in ("alpha", "beta"):
        folders.sweep_folder(tmp_path, name).write(replace(grid(), name=name))
    assert [folders.find(tmp_path, query).name for query in ("alpha", "be", "latest")] == [
        "alpha",
        "beta",
        "beta",
    ]
    for query in ("gamma", ""):
        with pytest.raises(RunError):
            folders.find(tmp_path, query)


def test_one_process_at_a_time(tmp_path: Path) -> None:
    home = folders.sweep_folder(tmp_path, "g")
    with home.create(), home.lock():
        assert home.is_locked()
        with pytest.raises(RunError, match="being run by another process"), home.lock():
            pass
        with home.lock("another part"):
            pass


def test_a_folder_without_a_plan_goes_again(tmp_path: Path) -> None:
    home = folders.sweep_folder(tmp_path, "g")
    with home.create():
        assert home.path.is_dir()
    assert not home.path.exists()
