"""The epoch table: one row an epoch, the best marked."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from mnist_tui.events import EpochFinished
from mnist_tui.history import RunHistory
from mnist_tui.render import words


def epoch_table(history: RunHistory, *, newest: int | None = None) -> Table:
    """The table of a run, or only its `newest` rows where there is no room for all."""
    rows = history.rows
    validated = any(row.validation_accuracy is not None for row in rows)
    table = Table(
        box=box.SIMPLE_HEAD,
        title=Text(title(history), style="bold"),  # as Text, since a text's [brackets] would be markup
        title_justify="left",
        pad_edge=False,
    )
    for name in columns(validated):
        table.add_column(name, justify="right", no_wrap=True)
    best = history.best
    for row in rows if newest is None else rows[-newest:]:
        is_best = best is not None and row.epoch == best.epoch
        table.add_row(*cells(row, is_best, validated), style="bold green" if is_best else "")
    return table


def columns(validated: bool) -> list[str]:
    """The heads, with the validation columns where there is such a thing."""
    validation = ["val loss", "acc %"] if validated else []
    return ["epoch", "train loss", "acc %", *validation, "test loss", "acc %", "lr", "img/s", "time"]


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
        started.data.get("name", "?"),
        started.model.get("name", "?"),
        f"recipe {started.config.get('recipe', '?')}",
        f"{started.machine.get('device', '?')}×{started.machine.get('threads', '?')}",
        f"seed {started.config.get('seed', '?')}",
    )
    fallback = "  [drawn digits, not MNIST]" if _fell_back(history) else ""
    return " · ".join(str(part) for part in parts) + fallback


def _fell_back(history: RunHistory) -> bool:
    return any(notice.topic == "data" and "instead" in notice.message for notice in history.notices)
