"""The events of a run, as frozen values; to and from one flat JSON object each.

The trainer yields them, the log stores them, and every view is drawn from them. Accuracies are fractions of 1,
losses are mean cross-entropy per image, times are UTC in ISO 8601, durations are seconds.
"""

from __future__ import annotations

import contextlib
import json
import math
import traceback
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from mnist_tui.errors import MnistTuiError, describe_place

SCHEMA_VERSION = 1

Phase = Literal["training", "evaluating"]
Severity = Literal["decisive", "warning", "detail"]
"""Of a notice: the run is not what was asked for; something may matter; something that the next notice sums up."""


def utc_now() -> str:
    """The time as `2026-11-23T21:14:07.123Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, kw_only=True)
class Event:
    """What all events share: the time."""

    time: str = field(default_factory=utc_now)


Report = Callable[[Event], None]
"""What takes each event as it happens."""


@dataclass(frozen=True, kw_only=True)
class RunStarted(Event):
    """Training begins, or continues after `resumed_step` steps of an earlier process."""

    run: str
    config: Mapping[str, Any]
    model: Mapping[str, Any]
    """`name`, `parameters`, and `source_sha256` where the class came from a file."""
    data: Mapping[str, Any]
    """`name`, `source`, `fingerprint`, `train_images`, `validation_images`, `test_images`."""
    machine: Mapping[str, Any]
    """`device`, `threads`, `backend`, and the processor's name."""
    versions: Mapping[str, str]
    resumed_step: int = 0
    resumed_epoch: int = 0
    """Epochs finished in the checkpoint resumed from; 0 for a new run."""


@dataclass(frozen=True, kw_only=True)
class DataProgress(Event):
    """How much of a dataset is ready: `done` of `total` `unit`s of `item`."""

    dataset: str
    stage: Literal["fetching", "checking", "drawing"]
    item: str
    done: int
    total: int | None
    unit: Literal["bytes", "images"]


@dataclass(frozen=True, kw_only=True)
class Preparing(Event):
    """Something takes a while before training begins: `what`, such as "compiling the training step".

    `done` of `total` is the progress, if it is known.
    """

    what: str
    done: int = 0
    total: int | None = None


@dataclass(frozen=True, kw_only=True)
class EpochStarted(Event):
    """Epoch `epoch` (counted from 1) of `epochs` begins, with `steps` steps."""

    epoch: int
    epochs: int
    steps: int


@dataclass(frozen=True, kw_only=True)
class Progress(Event):
    """The progress of the epoch, about ten times per second. The losses are those since the last Progress."""

    epoch: int
    epochs: int
    phase: Phase
    step: int
    steps: int
    images_per_second: float
    loss: float
    accuracy: float
    learning_rate: float
    batch_losses: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class WeightsMoved(Event):
    """How far step `step` (of the whole run) moved each layer's weights; a few times per epoch.

    The tuples have an entry per layer that learns, for all its weights together. Norms are Euclidean.
    """

    epoch: int
    step: int
    layers: tuple[str, ...]
    """Paths, as in the layer table."""
    weight_norms: tuple[float, ...]
    gradient_norms: tuple[float, ...]
    """Of that step's batch."""
    update_ratios: tuple[float, ...]
    """Norm of the step's change, divided by the norm of the weights before it."""


@dataclass(frozen=True, kw_only=True)
class EpochFinished(Event):
    """One row of the epoch table. `images_per_second` leaves the evaluation out; `seconds` does not."""

    epoch: int
    epochs: int
    train_loss: float
    train_accuracy: float
    test_loss: float
    test_accuracy: float
    validation_loss: float | None = None
    validation_accuracy: float | None = None
    learning_rate: float
    seconds: float
    images_per_second: float
    best: bool
    """Whether this is the best epoch so far: on validation images if there are any, else on test images."""


@dataclass(frozen=True, kw_only=True)
class CheckpointSaved(Event):
    """`last.ckpt` now holds the state after `step` steps (of the whole run)."""

    epoch: int
    step: int
    path: str


@dataclass(frozen=True, kw_only=True)
class RunPaused(Event):
    """Training waits at the end of a step."""

    epoch: int
    step: int


@dataclass(frozen=True, kw_only=True)
class RunResumed(Event):
    """Training continues after a pause."""

    epoch: int
    step: int


@dataclass(frozen=True, kw_only=True)
class RunStopped(Event):
    """Training was stopped on request; the run can be resumed."""

    epoch: int
    step: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class RunFinished(Event):
    """All epochs are done."""

    epochs: int
    best_epoch: int
    best_accuracy: float
    """On the validation images if there are any, else on the test images."""
    best_test_accuracy: float
    best_test_loss: float
    best_train_loss: float
    final_test_accuracy: float
    final_test_loss: float
    selected_on: Literal["validation", "test"]
    seconds: float
    mean_epoch_seconds: float


@dataclass(frozen=True, kw_only=True)
class RunFailed(Event):
    """Training cannot go on; the last good checkpoint is kept."""

    error: str
    message: str
    remedy: str = ""
    traceback: str = ""
    exit_code: int = 1
    place: str = ""
    """What was raised, and where: `ValueError · net.py:7 in forward`; "" where that is not known or says nothing."""

    @classmethod
    def from_error(cls, error: BaseException) -> RunFailed:
        """The event for `error`, with its traceback if it is none of the expected ones."""
        name = type(error).__name__
        if isinstance(error, MnistTuiError):
            return RunFailed(
                error=name, message=str(error), remedy=error.remedy, exit_code=error.exit_code, place=error.place
            )
        trace = "".join(traceback.format_exception(error))
        frames = traceback.extract_tb(error.__traceback__)
        return RunFailed(
            error=name,
            message=str(error) or name,
            traceback=trace,
            place=describe_place(error, frames[-1]) if frames else name,
        )


@dataclass(frozen=True, kw_only=True)
class Notice(Event):
    """A warning to the user."""

    message: str
    topic: Literal["data", "model", "machine", "backend", "run"] = "run"
    severity: Severity = "warning"


EVENTS: Mapping[str, type[Event]] = {kind.__name__: kind for kind in Event.__subclasses__()}
"""All of the above by name, as a log has them."""

FREQUENT = (Progress, WeightsMoved)
"""Events that come many times per epoch: not worth a wait for the disk, and skipped where only epochs matter."""


def is_frequent(line: bytes) -> bool:
    """Whether this line of a log has a `FREQUENT` event, without parsing it."""
    return line.startswith(_FREQUENT_LINES)


def to_dict(event: Event) -> dict[str, Any]:
    """Plain values for JSON, which has no infinite numbers and no NaN: those become None."""
    fields = {name: finite_or_none(getattr(event, name)) for name in _FIELDS[type(event).__name__]}
    return {"event": type(event).__name__, "schema_version": SCHEMA_VERSION, **fields}


def to_json(event: Event) -> str:
    """One line of JSON, without the newline."""
    text = json.dumps(to_dict(event), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # A path that is not UTF-8 has lone surrogates, which no file takes; JSON's escape for them is Python's.
    return text.encode(errors="backslashreplace").decode()


def from_json(line: str) -> Event | None:
    """The event in one line of a log; None if this version cannot read it.

    A torn last line and an event of a newer version are normal in a log, and a line with impossible numbers is damaged.
    Fields that this version does not know are dropped.
    """
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or record.get("schema_version") != SCHEMA_VERSION:
        return None
    kind = EVENTS.get(str(record.get("event")))
    if kind is None:
        return None
    try:
        event = kind(**{name: _restore(kind, name, record[name]) for name in _FIELDS[kind.__name__] if name in record})
    except (TypeError, ValueError, OverflowError):
        return None
    return event if _is_possible(event) else None


_FREQUENT_LINES = tuple(f'{{"event":"{kind.__name__}"'.encode() for kind in FREQUENT)
# For each event, its fields in order with their types.
_FIELDS = {name: typing.get_type_hints(kind) for name, kind in EVENTS.items()}
_ACCURACIES = {name: [entry for entry in fields if entry.endswith("accuracy")] for name, fields in _FIELDS.items()}
_LOSSES = {name: [entry for entry in fields if entry.endswith("loss")] for name, fields in _FIELDS.items()}
_LARGEST = 3.4028235e38
"""The largest float32 number: anything larger was never a loss, and two such numbers may be infinitely far apart."""


def _is_possible(event: Event) -> bool:
    """Whether its accuracies and losses are in range; a loss may be NaN."""
    name = type(event).__name__
    for entry in _ACCURACIES[name]:
        accuracy = getattr(event, entry)
        if not (accuracy is None or 0 <= accuracy <= 1):
            return False
    for entry in _LOSSES[name]:
        loss = getattr(event, entry)
        if loss is not None and abs(loss) > _LARGEST:
            return False
    return not (isinstance(event, Progress) and _has_larger(event.batch_losses))


def _has_larger(losses: tuple[float, ...]) -> bool:
    if not losses:
        return False
    low, high = min(losses), max(losses)
    if math.isnan(low) or math.isnan(high):  # the first one is, with which no other compares
        return any(abs(loss) > _LARGEST for loss in losses)
    return low < -_LARGEST or high > _LARGEST


def finite_or_none(value: Any) -> Any:
    """The value with None in place of numbers that are not finite, which JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite_or_none(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite_or_none(entry) for entry in value]
    return value


def _restore(kind: type[Event], name: str, value: Any) -> Any:
    """`value` as the field's type, or TypeError: a log is a file, and files get damaged."""
    expected = _FIELDS[kind.__name__][name]
    if type(value) is expected:  # as nearly all are, and a log may have a million lines
        return value
    options = reversed(typing.get_args(expected)) if isinstance(expected, types.UnionType) else (expected,)
    for option in options:
        with contextlib.suppress(TypeError):
            return _convert(option, value)
    raise TypeError(f"{kind.__name__}.{name} cannot be {value!r}")


def _convert(expected: Any, value: Any) -> Any:
    origin = typing.get_origin(expected) or expected
    if origin is Literal and value in typing.get_args(expected):
        return value
    if origin is float and value is None:  # written for NaN and infinity
        return math.nan
    if origin is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if origin is tuple and isinstance(value, list):
        if set(map(type, value)) <= {float}:  # as batch losses are, of which a log has hundreds of thousands
            return tuple(value)
        return tuple(_convert(typing.get_args(expected)[0], entry) for entry in value)
    if origin is types.NoneType and value is None:
        return None
    if origin is int and isinstance(value, bool):
        raise TypeError
    if origin in (int, str, bool, Mapping) and isinstance(value, origin):
        return value
    raise TypeError
