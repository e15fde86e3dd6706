"""A run's epoch table for other programs: CSV and JSON. No torch."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import asdict
from typing import Any

from mnist_tui.history import RunHistory

COLUMNS = (
    "epoch",
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "test_loss",
    "test_accuracy",
    "learning_rate",
    "seconds",
    "images_per_second",
    "best",
)


def epoch_rows(history: RunHistory) -> list[dict[str, Any]]:
    """One dictionary an epoch, in order; numbers that are not finite or not known are None."""
    return [{name: _plain(asdict(row)[name]) for name in COLUMNS} for row in history.rows]


def exported(history: RunHistory, format: str) -> str:
    """The table as text: `csv` (RFC 4180, with a head line) or `json` (a list of objects)."""
    rows = epoch_rows(history)
    if format == "json":
        return json.dumps(rows, indent=2) + "\n"
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
