"""`--set` and `--search`: what a person types, as values, and sentences for what cannot be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_tui.config import SETTINGS, TYPES, choices
from mnist_tui.errors import ConfigError
from mnist_tui.sweep.search_space import (
    Categorical,
    Range,
    format_brief,
    format_value,
    parse_axes,
    parse_domain,
    parse_space,
)

NUMBERS = sorted(name for name in SETTINGS if TYPES[name] in (int, float) and name != "seed")
RATES = st.floats(1e-6, 99, allow_nan=False)


def read(parse: Callable[[Sequence[str]], Mapping[str, object]], text: str) -> tuple[Mapping[str, object], str]:
    """What it is, or what is to be done about it."""
    try:
        return parse([text]), ""
    except ConfigError as error:
        return {}, error.remedy


def test_values_have_the_settings_types() -> None:
    assert parse_axes(["lr=0.005, 1e-2", "batch-size=16,64", "optimizer=sgd,adam"]) == {
        "lr": (0.005, 0.01),
        "batch_size": (16, 64),
        "optimizer": ("sgd", "adam"),
    }


def test_domains() -> None:
    assert parse_space(["lr=log:1e-3:3e-2", "momentum=float:0.5:0.9", "epochs=int:5:15", "batch_size=log:16:256"]) == {
        "lr": Range(0.001, 0.03, whole=False, log=True),
        "momentum": Range(0.5, 0.9, whole=False),
        "epochs": Range(5, 15, whole=True),
        "batch_size": Range(16, 256, whole=True, log=True),
    }
    assert parse_space(["batch_size=choice:16,32"]) == {"batch_size": Categorical((16, 32))}


BAD_SETS = {
    "lr": "there is no = in it",
    "epoch=1": "there is no setting 'epoch'; did you mean 'epochs'?",
    "lr=": "'' is not a number",
    "lr=0.1,,0.2": "'' is not a number",
    "lr=fast": "'fast' is not a number",
    "lr=nan": "must be a finite number",
    "lr=0.1,200": "lr is 200.0, but must be between 0 and 100",
    "batch_size=1.5": "'1.5' is not a whole number",
    "optimizer=adm": "must be one of adam, adamw, sgd",
    "lr=0.1,0.10": "0.1 is there twice",
    "seed=1,2": "seeds are not searched",
}


@pytest.mark.parametrize("text", BAD_SETS)
def test_what_cannot_be_set_is_named(text: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_axes([text])
    assert str(raised.value).startswith(f"--set {text}: ")
    assert BAD_SETS[text] in str(raised.value)
    assert raised.value.remedy


BAD_SEARCHES = {
    "lr=0.1,0.2": "'0.1,0.2' is not log, float, int or choice",
    "lr=log:1": "not two numbers",
    "lr=log:1:2:3": "not two numbers",
    "lr=log:0:1": "begins above 0",
    "lr=log:1:1": "1 is not below 1",
    "lr=float:2:1": "2 is not below 1",
    "lr=log:1:1000": "lr is 1000.0",
    "epochs=float:1:5": "epochs takes whole numbers",
    "epochs=int:1.5:5": "'1.5' is not a whole number",
    "optimizer=int:1:2": "optimizer takes words",
    "model=log:1:2": "model takes words",
    "optimizer=choice:": "optimizer is ''",
    "seed=int:1:5": "seeds are not searched",
}


@pytest.mark.parametrize("text", BAD_SEARCHES)
def test_what_cannot_be_searched_is_named(text: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_space([text])
    assert BAD_SEARCHES[text] in str(raised.value)
    assert raised.value.remedy


def test_a_setting_is_there_once() -> None:
    with pytest.raises(ConfigError, match="lr is there twice"):
        parse_axes(["lr=0.1", "lr=0.2"])


@given(st.lists(RATES, min_size=1, max_size=5, unique=True))
def test_what_is_written_reads_back(values: list[float]) -> None:
    assert parse_axes([f"lr={','.join(map(format_value, values))}"]) == {"lr": tuple(values)}
    domain = Categorical(tuple(values))
    assert parse_domain("lr", str(domain)) == domain


@given(RATES, RATES, st.sampled_from(["log", "float"]))
def test_a_range_reads_back(low: float, high: float, kind: str) -> None:
    if low < high:
        domain = parse_domain("lr", f"{kind}:{low!r}:{high!r}")
        assert domain == Range(low, high, whole=False, log=kind == "log")
        assert parse_domain("lr", str(domain)) == domain


@given(st.sampled_from(sorted(SETTINGS)), st.text(max_size=20))
def test_any_text_is_a_value_or_a_sentence(name: str, text: str) -> None:
    for parse in (parse_axes, parse_space):
        found, said = read(parse, f"{name}={text}")
        assert said or list(found) == [name]


@given(st.text(max_size=20))
def test_any_argument_is_a_value_or_a_sentence(text: str) -> None:
    for parse in (parse_axes, parse_space):
        found, said = read(parse, text)
        assert said or found


def test_every_setting_of_words_can_be_chosen_from() -> None:
    for name in SETTINGS:
        if choices(name):
            assert parse_domain(name, f"choice:{','.join(choices(name))}") == Categorical(choices(name))


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_can_be_set_to_its_default(name: str) -> None:
    from mnist_tui.config import TrainConfig

    default = getattr(TrainConfig(), name)
    assert parse_axes([f"{name}={default}"]) == {name: (default,)}


def test_nobody_wants_sixteen_digits() -> None:
    assert [format_brief(value) for value in (0.0020322854432411525, 0.005, 1e-05, 16, "sgd")] == [
        "0.002032",
        "0.005",
        "1e-05",
        "16",
        "sgd",
    ]
