"""Everything a run can tell, as frozen values; one flat JSON object each, both ways.

The engine yields these, the log stores them, and every face draws from them. Accuracies are fractions
of 1, losses are mean cross-entropy per image, times are UTC in ISO 8601, durations are seconds.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import traceback
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from mnist_tui.errors import MnistTuiError

SCHEMA_VERSION = 1

Phase = Literal["training", "evaluating"]


def utc_now() -> str:
    """This moment as `2026-11-23T21:14:07.123Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, kw_only=True)
class Event:
    """What all events share: when it happened."""

    time: str = field(default_factory=utc_now)


Report = Callable[[Event], None]
"""What takes each event as it happens."""


@dataclass(frozen=True, kw_only=True)
class RunStarted(Event):
    """Training begins, or begins again after `resumed_step` steps of an earlier process."""

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
    """A dataset is on its way: `stage` is what is being done to `item`, in `unit`s."""

    dataset: str
    stage: Literal["fetching", "checking", "drawing"]
    item: str
    done: int
    total: int | None
    unit: Literal["bytes", "images"]


@dataclass(frozen=True, kw_only=True)
class Preparing(Event):
    """Something takes a while to get ready: `what` is being done, such as "compiling the training step".

    `done` of `total` is how far it is, where that is known.
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
    """About ten times a second: how far the epoch is. The losses are those since the last Progress."""

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
    """How far the last of `step` steps (of the whole run) moved each layer's weights; a few times an epoch.

    The tuples have an entry for each layer that learns, all its weights together. Norms are Euclidean.
    """

    epoch: int
    step: int
    layers: tuple[str, ...]
    """Paths, as in the layer table."""
    weight_norms: tuple[float, ...]
    gradient_norms: tuple[float, ...]
    """Of that step's batch."""
    update_ratios: tuple[float, ...]
    """Norm of the step's change by the norm of the weights before it."""


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
    """Whether this is the best epoch so far, by validation where there is one and else by test."""


@dataclass(frozen=True, kw_only=True)
class CheckpointSaved(Event):
    """`last.ckpt` now holds the state after `step` steps (of the whole run)."""

    epoch: int
    step: int
    path: str


@dataclass(frozen=True, kw_only=True)
class RunPaused(Event):
    """Training waits at a step's end."""

    epoch: int
    step: int


@dataclass(frozen=True, kw_only=True)
class RunResumed(Event):
    """Training goes on after a pause."""

    epoch: int
    step: int


@dataclass(frozen=True, kw_only=True)
class RunStopped(Event):
    """Somebody asked for the end; the run can be resumed."""

    epoch: int
    step: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class RunFinished(Event):
    """All epochs are done."""

    epochs: int
    best_epoch: int
    best_accuracy: float
    """On the validation images where there are any, else on the test images."""
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

    @classmethod
    def from_error(cls, error: BaseException) -> RunFailed:
        """The event for `error`, with its traceback if it is none of the expected ones."""
        name = type(error).__name__
        if isinstance(error, MnistTuiError):
            return RunFailed(error=name, message=str(error), remedy=error.remedy, exit_code=error.exit_code)
        trace = "".join(traceback.format_exception(error))
        return RunFailed(error=name, message=str(error) or name, traceback=trace)


@dataclass(frozen=True, kw_only=True)
class Notice(Event):
    """A warning a person should see."""

    message: str
    topic: Literal["data", "model", "machine", "backend", "run"] = "run"


EVENTS: Mapping[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        RunStarted,
        DataProgress,
        Preparing,
        EpochStarted,
        Progress,
        WeightsMoved,
        EpochFinished,
        CheckpointSaved,
        RunPaused,
        RunResumed,
        RunStopped,
        RunFinished,
        RunFailed,
        Notice,
    )
}


FREQUENT = (Progress, WeightsMoved)
"""What comes many times an epoch: worth no wait for the disk, and passed over where only the epochs matter."""


def is_frequent(line: bytes) -> bool:
    """Whether this line of a log is one of a `FREQUENT` event, without parsing it."""
    return line.startswith(_FREQUENT_LINES)


def to_dict(event: Event) -> dict[str, Any]:
    """Plain values for JSON. Numbers that are not finite become None, as JSON has none."""
    fields = {name: _finite_or_none(getattr(event, name)) for name in _FIELDS[type(event).__name__]}
    return {"event": type(event).__name__, "schema_version": SCHEMA_VERSION, **fields}


def to_json(event: Event) -> str:
    """One line of JSON, without the newline."""
    text = json.dumps(to_dict(event), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # A path that is not UTF-8 has lone surrogates, which no file takes; JSON's escape for them is Python's.
    return text.encode(errors="backslashreplace").decode()


def from_json(line: str) -> Event | None:
    """The event in one line of a log; None where there is none this version can read.

    A torn last line and an event of a newer version are normal in a log and are passed over, as is a line with numbers
    that no training comes to. Fields this version does not know are dropped.
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
        event = kind(
            **{name: _restore(kind, name, record[name]) for name in _FIELDS[kind.__name__] if name in record}
        )
    except (TypeError, ValueError, OverflowError):
        return None
    return event if _is_possible(event) else None


def _field_types(kind: type[Event]) -> Mapping[str, Any]:
    hints = typing.get_type_hints(kind)
    return {entry.name: hints[entry.name] for entry in dataclasses.fields(kind)}


_FREQUENT_LINES = tuple(f'{{"event":"{kind.__name__}"'.encode() for kind in FREQUENT)
# For each event, its fields in order with their types.
_FIELDS = {name: _field_types(kind) for name, kind in EVENTS.items()}


_ACCURACIES = {
    name: [entry for entry in fields if entry.endswith("accuracy")] for name, fields in _FIELDS.items()
}
_LOSSES = {name: [entry for entry in fields if entry.endswith("loss")] for name, fields in _FIELDS.items()}
_LARGEST = 3.4028235e38
"""Of the float32 numbers: what is larger was never a loss, and two such numbers may lie infinitely far apart."""


def _is_possible(event: Event) -> bool:
    """Whether its accuracies and losses can be some; a loss may be NaN."""
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


def _finite_or_none(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite_or_none(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite_or_none(entry) for entry in value]
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
