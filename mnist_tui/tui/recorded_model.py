"""The layer table that a run brought with it: showing it needs neither torch nor the model."""

from __future__ import annotations

from mnist_tui.history import RunHistory
from mnist_tui.inspection.summary import ModelSummary


def recorded_summary(history: RunHistory) -> ModelSummary | None:
    """From the run's start; None where there is none, or one of another version of the program."""
    recorded = history.started.model.get("summary") if history.started else None
    try:
        return ModelSummary.from_dict(recorded) if recorded else None
    except (KeyError, TypeError):
        return None
