"""The epoch table: one row an epoch, the best marked."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mnist_tui.events import EpochFinished
from mnist_tui.history import RunHistory
from mnist_tui.render import words


def epoch_table(history: RunHistory, *, newest: int | None = None) -> RenderableType:
    """The table of a run under its title, or only its `newest` rows where there is no room for all."""
    rows = history.rows
    validated = any(row.validation_accuracy is not None for row in rows)
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),  # narrow gaps, so that a table with validation columns fits 80 columns
    )
    for name in columns(validated):
        table.add_column(name, justify="right", no_wrap=True)
    best = history.best
    for row in rows if newest is None else rows[-newest:]:
        is_best = best is not None and row.epoch == best.epoch
        table.add_row(*cells(row, is_best, validated), style="bold green" if is_best else "")
    # Not as the table's own title, which would be markup, and broken where the table ends.
    return Group(Text(title(history), style="bold"), table)


def columns(validated: bool) -> list[str]:
    """The heads, with the validation columns where there is such a thing; those leave no room for long words."""
    if validated:
        losses = ["train", "acc %", "valid", "acc %", "test", "acc %"]
    else:
        losses = ["train loss", "acc %", "test loss", "acc %"]
    return ["epoch", *losses, "lr", "img/s", "time"]


def cells(row: EpochFinished, is_best: bool, validated: bool) -> list[str | Text]:
    """One row's texts."""
    validation = (
        [words.loss(row.validation_loss), words.bare_percent(row.validation_accuracy)] if validated else []
    )
    return [
        f"{'★ ' if is_best else ''}{row.epoch}",
        words.loss(row.train_loss),
        words.bare_percent(row.train_accuracy),
        *validation,
        words.loss(row.test_loss),
        words.bare_percent(row.test_accuracy),
        words.rate(row.learning_rate),
        f"{row.images_per_second:,.0f}",
        words.duration(row.seconds),
    ]


def title(history: RunHistory) -> str:
    """What is trained on what, so that a screenshot of the table is complete."""
    if history.started is None:
        return ""
    started = history.started
    parts: Sequence[object] = (
        f"{started.data.get('name', '?')}{', not MNIST' if _fell_back(history) else ''}",
        started.model.get("name", "?"),
        f"recipe {started.config.get('recipe', '?')}",
        f"{started.machine.get('device', '?')}×{started.machine.get('threads', '?')}",
        f"seed {started.config.get('seed', '?')}",
    )
    return " · ".join(str(part) for part in parts)


def _fell_back(history: RunHistory) -> bool:
    return any(notice.topic == "data" and "instead" in notice.message for notice in history.notices)
