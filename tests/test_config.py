"""The settings of a run: what each takes, and the message when it does not."""

from __future__ import annotations

import json
import math

import pytest

from mnist_tui.config import SETTINGS, TYPES, TrainConfig, choices, find_problems
from mnist_tui.errors import ConfigError
from mnist_tui.recipes import RECIPES, build_config, get_recipe

NUMBERS = [name for name, annotation in TYPES.items() if annotation in (int, float)]
WORDS = [name for name in SETTINGS if choices(name)]


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_is_taken_at_its_bounds(name: str) -> None:
    setting = SETTINGS[name]
    kind = TYPES[name]
    for bound in (setting.low, setting.high):
        if math.isfinite(bound):
            assert find_problems({name: kind(bound)}) == {}


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_beyond_its_bounds_is_refused_by_name(name: str) -> None:
    setting = SETTINGS[name]
    for bound, way in ((setting.low, -1), (setting.high, 1)):
        if math.isfinite(bound):
            beyond = int(bound) + way if TYPES[name] is int else bound + way * max(1e-6, abs(bound) * 1e-6)
            problem = find_problems({name: beyond})[name]
            assert problem.startswith(f"{name} is {beyond}, but must be ")


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [math.nan, math.inf, "3", None, True, [1], {}])
def test_what_is_no_number_is_refused(name: str, value: object) -> None:
    assert "number" in find_problems({name: value})[name]


@pytest.mark.parametrize("name", [name for name in NUMBERS if TYPES[name] is int])
def test_a_count_must_be_whole(name: str) -> None:
    assert "whole number" in find_problems({name: 2.5})[name]


@pytest.mark.parametrize("name", WORDS)
@pytest.mark.parametrize("value", ["", "nonsense", 3, None, ["auto"]])
def test_a_word_that_is_no_choice_is_refused_with_the_choices(name: str, value: object) -> None:
    problem = find_problems({name: value})[name]
    assert all(word in problem for word in choices(name))


def test_an_integer_too_large_for_a_float_is_out_of_range_like_any_other() -> None:
    with pytest.raises(ConfigError, match=r"epochs is 1000.*must be between 1 and 1,000,000"):
        TrainConfig(epochs=10**400)


def test_the_model_must_have_a_name() -> None:
    with pytest.raises(ConfigError, match="model is ''"):
        TrainConfig(model="")


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ConfigError, match=r"epochs is 0.*; lr is -1") as raised:
        TrainConfig(epochs=0, lr=-1)
    assert raised.value.exit_code == 2
    assert raised.value.remedy


def test_a_config_survives_json() -> None:
    config = TrainConfig(epochs=3, optimizer="sgd", lr=0.1, ema=0.99, model="a/b.py:Net")
    assert TrainConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_what_a_file_leaves_out_is_the_default() -> None:
    assert TrainConfig.from_dict({"epochs": 3}) == TrainConfig(epochs=3)


def test_an_unknown_setting_is_named_with_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match="there is no setting 'epoch'; did you mean 'epochs'"):
        TrainConfig.from_dict({"epoch": 3})
    with pytest.raises(ConfigError, match=r"^there is no setting 'xyzzy'$"):
        TrainConfig.from_dict({"xyzzy": 3})


def test_a_changed_config_is_checked_again() -> None:
    with pytest.raises(ConfigError, match="epochs"):
        TrainConfig().replace(epochs=0)


def test_every_setting_explains_itself() -> None:
    assert all(setting.help.endswith(".") for setting in SETTINGS.values())


def test_the_defaults_are_the_published_recipe() -> None:
    config = get_recipe("reference")
    assert (config.batch_size, config.epochs, config.optimizer, config.lr) == (16, 15, "adam", 0.01)
    assert (config.schedule, config.warmup, config.start_divisor, config.end_divisor) == (
        "one-cycle",
        0.3,
        25,
        1e4,
    )
    assert (config.rotation, config.interpolation, config.mean, config.std) == (7, "nearest", 0.5, 0.5)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_knows_its_own_name(name: str) -> None:
    assert get_recipe(name).recipe == name


def test_a_recipe_with_changes_keeps_its_name() -> None:
    config = build_config("reference", epochs=2)
    assert (config.recipe, config.epochs) == ("reference", 2)


def test_an_unknown_recipe_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="no recipe 'referense'; did you mean 'reference'") as raised:
        get_recipe("referense")
    assert "reference" in raised.value.remedy
