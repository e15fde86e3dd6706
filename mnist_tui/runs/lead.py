"""How far a run is ahead of another one at the same point of its training."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from typing import Literal

from mnist_tui.runs.history import RunHistory

# After less than this share of the first epoch the running accuracies say nothing.
_SETTLED = 0.1


@dataclass(frozen=True)
class Lead:
    """Ahead where positive, behind where negative; None for what is not known of both runs."""

    accuracy: float | None
    """As a fraction: on the test images after the epochs that both have finished, else as far as they have come."""
    measured_on: Literal["test", "train"]
    seconds: float | None
    """How much earlier it came to where it is now, in time spent on training."""


def find_lead(history: RunHistory, reference: RunHistory) -> Lead | None:
    """Compare a run with a reference where the run is now; None before there is anything to compare."""
    lead = _test_lead(history, reference) or _running_lead(history, reference)
    position = _position(history)
    if not position:
        return None
    own, other = _seconds_at(history, position), _seconds_at(reference, position)
    seconds = None if own is None or other is None else other - own
    accuracy, measured_on = lead or (None, "test")
    return None if accuracy is None and seconds is None else Lead(accuracy, measured_on, seconds)


def _test_lead(history: RunHistory, reference: RunHistory) -> tuple[float, Literal["test", "train"]] | None:
    last = history.last
    if last is None or last.epoch not in reference.epochs:
        return None
    return last.test_accuracy - reference.epochs[last.epoch].test_accuracy, "test"


def _running_lead(history: RunHistory, reference: RunHistory) -> tuple[float, Literal["test", "train"]] | None:
    """In the first epoch: the accuracies on the training images so far."""
    own, other = history.running.get(1), reference.running.get(1)
    if history.epochs or own is None or other is None or not own.x or own.x[-1] < _SETTLED:
        return None
    at = bisect.bisect_right(other.x, own.x[-1]) - 1
    return (own.y[-1] - other.y[at], "train") if at >= 0 else None


def _position(history: RunHistory) -> float:
    """How far it has come, in epochs."""
    now = history.progress
    if now is None or now.epoch <= len(history.epochs):
        return float(len(history.epochs))
    return now.epoch - 1 + (now.step / max(now.steps, 1) if now.phase == "training" else 1.0)


def _seconds_at(history: RunHistory, position: float) -> float | None:
    """The time that it spent on its way to this point, in which an epoch passes evenly; None where it is not known."""
    whole = int(position)
    rows = history.rows[: whole + 1]
    if len(rows) < whole:
        return None
    seconds = sum(row.seconds for row in rows[:whole])
    share = position - whole
    if not share:
        return seconds
    epoch = rows[whole].seconds if len(rows) > whole else _running_epoch_seconds(history)
    return None if epoch is None else seconds + share * epoch


def _running_epoch_seconds(history: RunHistory) -> float | None:
    """What the epoch that runs takes at its speed so far, without the evaluation."""
    now = history.progress
    batch_size = history.record.count("batch_size") if history.record else None
    if now is None or not now.images_per_second > 0 or not batch_size:
        return None
    return history.steps * batch_size / now.images_per_second


def describe_lead(lead: Lead) -> str:
    """`ahead by 0.30 %, 12 s`, `behind by 0.05 %, 4 s earlier`, `level, 3 s later`; where they agree, in short."""
    parts = []
    if lead.accuracy is not None:
        parts.append(_by(lead.accuracy))
    if lead.seconds is not None and abs(lead.seconds) >= 1:
        parts.append(f"{abs(lead.seconds):.0f} s {'earlier' if lead.seconds > 0 else 'later'}")
    return ", ".join(parts) or "level"


def _by(accuracy: float) -> str:
    if abs(accuracy) < 0.00005:
        return "level"
    return f"{'ahead' if accuracy > 0 else 'behind'} by {100 * abs(accuracy):.2f} %"
