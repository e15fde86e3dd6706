"""Events as JSON, both ways, and what a damaged log can hold instead."""

from __future__ import annotations

import dataclasses
import json
import math
import typing
from collections.abc import Mapping
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_tui import events
from mnist_tui.events import (
    EVENTS,
    EpochFinished,
    EpochStarted,
    Event,
    Notice,
    Progress,
    RunStarted,
    WeightsMoved,
)

finite = st.floats(allow_nan=False, allow_infinity=False)
losses = st.floats(width=32, allow_nan=False, allow_infinity=False)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
VALUES: Mapping[Any, st.SearchStrategy[Any]] = {
    str: st.text(),
    int: st.integers(),
    bool: st.booleans(),
    float: finite,
    tuple[float, ...]: st.lists(finite).map(tuple),
    tuple[str, ...]: st.lists(st.text()).map(tuple),
    Mapping[str, str]: st.dictionaries(st.text(), st.text()),
    Mapping[str, Any]: st.dictionaries(st.text(), plain),
    float | None: st.none() | finite,
    int | None: st.none() | st.integers(),
}


def field_values(name: str, annotation: Any) -> st.SearchStrategy[Any]:
    if name.endswith("accuracy"):
        return st.floats(0, 1) if annotation is float else st.none() | st.floats(0, 1)
    if name.endswith("loss"):
        return losses if annotation is float else st.none() | losses
    if name == "batch_losses":
        return st.lists(losses).map(tuple)
    if typing.get_origin(annotation) is Literal:
        return st.sampled_from(typing.get_args(annotation))
    return VALUES[annotation]


def any_of(kind: type[Event]) -> st.SearchStrategy[Event]:
    hints = typing.get_type_hints(kind)
    return st.builds(
        kind,
        **{entry.name: field_values(entry.name, hints[entry.name]) for entry in dataclasses.fields(kind)},
    )


any_event = st.sampled_from(list(EVENTS.values())).flatmap(any_of)

STARTED = EpochStarted(epoch=1, epochs=2, steps=3)
PROGRESS = Progress(
    epoch=1,
    epochs=2,
    phase="training",
    step=1,
    steps=3,
    images_per_second=1.0,
    loss=1.0,
    accuracy=0.5,
    learning_rate=0.1,
    batch_losses=(1.0, 2.0),
)
MOVED = WeightsMoved(
    epoch=1, step=7, layers=("conv",), weight_norms=(2.0,), gradient_norms=(0.5,), update_ratios=(0.001,)
)
FINISHED = EpochFinished(
    epoch=1,
    epochs=2,
    train_loss=1.0,
    train_accuracy=0.5,
    test_loss=1.0,
    test_accuracy=0.5,
    learning_rate=0.1,
    seconds=1.0,
    images_per_second=1.0,
    best=True,
)


def changed(event: Event, /, **fields: Any) -> str:
    """The event's line with some of its values replaced."""
    return json.dumps(json.loads(events.to_json(event)) | fields)


@given(any_event)
def test_every_event_survives_its_line_of_a_log(event: Event) -> None:
    line = events.to_json(event)
    assert "\n" not in line
    assert events.from_json(line) == event


@given(any_event)
def test_every_line_can_be_written_as_utf8(event: Event) -> None:
    assert events.from_json(events.to_json(event).encode().decode()) == event


def test_a_path_that_is_no_utf8_survives() -> None:
    path = b"/runs/\xff".decode(errors="surrogateescape")
    event = events.CheckpointSaved(epoch=1, step=1, path=path)
    assert events.from_json(events.to_json(event).encode().decode()) == event


def test_a_line_is_one_flat_object_that_names_its_event_first() -> None:
    record = json.loads(events.to_json(STARTED))
    assert list(record) == ["event", "schema_version", "time", "epoch", "epochs", "steps"]
    assert record["event"] == "EpochStarted"


@given(any_event)
def test_what_comes_many_times_an_epoch_is_known_without_parsing(event: Event) -> None:
    assert events.is_frequent(events.to_json(event).encode()) is isinstance(event, events.FREQUENT)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_null_and_comes_back_as_nan(value: float) -> None:
    line = events.to_json(dataclasses.replace(PROGRESS, loss=value, batch_losses=(1.0, value)))
    assert json.loads(line)["loss"] is None
    back = events.from_json(line)
    assert isinstance(back, Progress)
    assert math.isnan(back.loss)
    assert back.batch_losses[0] == 1.0
    assert math.isnan(back.batch_losses[1])


def test_a_config_with_a_nan_inside_is_still_json() -> None:
    started = RunStarted(
        run="r",
        config={"lr": math.nan, "deep": [{"x": math.inf}]},
        model={},
        data={},
        machine={},
        versions={},
    )
    assert json.loads(events.to_json(started))["config"] == {"lr": None, "deep": [{"x": None}]}


@pytest.mark.parametrize(
    "line",
    [
        "",
        "\n",
        "garbage",
        "null",
        "3",
        "[]",
        "{}",
        '"EpochStarted"',
        "\x00\x00\x00",
        "[" * 100_000,
        '{"a":' * 100_000,
        changed(STARTED, event="SomethingNew"),
        changed(STARTED, event=None),
        changed(STARTED, event=["EpochStarted"]),
        changed(STARTED, event={}),
        changed(STARTED, schema_version=events.SCHEMA_VERSION + 1),
        changed(STARTED, schema_version=None),
        '{"event":"EpochStarted","schema_version":1}',
    ],
    ids=lambda line: line[:30],
)
def test_what_is_no_event_of_this_version_is_none(line: str) -> None:
    assert events.from_json(line) is None


@pytest.mark.parametrize(
    ("event", "wrong"),
    [
        (STARTED, {"epoch": "1"}),
        (STARTED, {"epoch": 1.5}),
        (STARTED, {"epoch": True}),
        (STARTED, {"epoch": None}),
        (STARTED, {"time": 5}),
        (PROGRESS, {"loss": "high"}),
        (PROGRESS, {"loss": True}),
        (PROGRESS, {"loss": 10**400}),
        (PROGRESS, {"phase": "resting"}),
        (PROGRESS, {"phase": ["training"]}),
        (PROGRESS, {"batch_losses": 3}),
        (PROGRESS, {"batch_losses": ["a"]}),
        (PROGRESS, {"batch_losses": {"0": 1.0}}),
        (MOVED, {"layers": ["conv", 3]}),
        (MOVED, {"layers": "conv"}),
        (MOVED, {"update_ratios": ["a"]}),
        (FINISHED, {"best": 1}),
        (FINISHED, {"validation_loss": "none"}),
        (Notice(message="m"), {"message": None}),
        (Notice(message="m"), {"topic": "weather"}),
    ],
)
def test_a_value_of_the_wrong_type_makes_the_line_unreadable(event: Event, wrong: dict[str, Any]) -> None:
    assert events.from_json(changed(event)) == event
    assert events.from_json(changed(event, **wrong)) is None


@pytest.mark.parametrize(
    ("event", "wrong"),
    [
        (PROGRESS, {"accuracy": 1.01}),
        (PROGRESS, {"accuracy": None}),
        (PROGRESS, {"loss": 1e39}),
        (PROGRESS, {"batch_losses": [1.0, -1e308]}),
        (PROGRESS, {"batch_losses": [None, 1e308]}),
        (FINISHED, {"test_accuracy": -0.01}),
        (FINISHED, {"validation_accuracy": 2}),
        (FINISHED, {"train_loss": -1e308}),
    ],
)
def test_numbers_that_no_training_comes_to_make_the_line_unreadable(event: Event, wrong: dict[str, Any]) -> None:
    assert events.from_json(changed(event, **wrong)) is None


def test_every_torn_line_is_none() -> None:
    line = events.to_json(PROGRESS)
    assert {events.from_json(line[:end]) for end in range(len(line))} == {None}


def test_a_field_of_a_later_version_is_dropped() -> None:
    assert events.from_json(changed(STARTED, color="red")) == STARTED


def test_a_whole_number_will_do_for_a_float() -> None:
    back = events.from_json(changed(PROGRESS, loss=2))
    assert isinstance(back, Progress)
    assert back.loss == 2.0
    assert isinstance(back.loss, float)


def test_times_are_utc_with_milliseconds() -> None:
    assert len(events.utc_now()) == len("2026-11-23T21:14:07.123Z")
    assert events.utc_now().endswith("Z")
