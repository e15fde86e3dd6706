"""The layer table that a run brought with it: showing it needs neither torch nor the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mnist_tui.inspection.summary import ModelSummary
from mnist_tui.runs.history import RunHistory


def recorded_summary(history: RunHistory) -> ModelSummary | None:
    """From the run's start; None where there is none, or one of another version of the program."""
    return summary_in(history.record.model.layer_table) if history.record else None


def summary_in(recorded: Mapping[str, Any] | None) -> ModelSummary | None:
    """What a run recorded of its model; None as above."""
    try:
        return ModelSummary.from_dict(recorded) if recorded else None
    except (KeyError, TypeError):
        return None
