"""The epoch table: one row an epoch, the best marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from mnist_tui.events import EpochFinished
from mnist_tui.render import formatting
from mnist_tui.runs.history import RunHistory

_LOSSES = {"train loss", "test loss", "train", "valid", "test"}
# What goes first where there is no room.
_DISPENSABLE = ({"img/s"}, {"lr"}, {"time"}, _LOSSES)
# More columns than any table needs.
_UNBOUNDED = 1000


def epoch_table(history: RunHistory, *, newest: int | None = None) -> RenderableType:
    """The table of a run under its title, or only its `newest` rows where there is no room for all."""
    rows = history.rows
    validated = any(row.validation_accuracy is not None for row in rows)
    shown = rows if newest is None else rows[-newest:]
    # Not as the table's own title, which would be markup, and broken where the table ends.
    return Group(Text(title(history), style="bold"), _Rows(shown, history.best, validated))


@dataclass(frozen=True)
class _Rows:
    """The rows in the columns that fit: a column is left out whole rather than its values cut."""

    rows: Sequence[EpochFinished]
    best: EpochFinished | None
    validated: bool

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        tables = (self._table(count) for count in range(len(_DISPENSABLE) + 1))
        narrowest = self._table(len(_DISPENSABLE))
        unbounded = options.update(max_width=_UNBOUNDED)
        yield next(
            (
                table
                for table in tables
                if console.measure(table, options=unbounded).maximum <= options.max_width
            ),
            narrowest,
        )

    def _table(self, left_out: int) -> Table:
        """Without the first `left_out` of what can be left out."""
        table = Table(
            box=box.SIMPLE_HEAD,
            pad_edge=False,
            padding=(0, 1, 0, 0),  # narrow gaps, so that a table with validation columns fits 80 columns
        )
        names = columns(self.validated)
        missing = {name for group in _DISPENSABLE[:left_out] for name in group}
        kept = [index for index, name in enumerate(names) if name not in missing]
        heads = [names[index] for index in kept]
        if missing >= _LOSSES:
            heads = ["epoch", *accuracy_heads(self.validated)]
        for head in heads:
            table.add_column(head, justify="right", no_wrap=True)
        for row in self.rows:
            is_best = self.best is not None and row.epoch == self.best.epoch
            texts = cells(row, is_best, self.validated)
            table.add_row(*(texts[index] for index in kept), style="bold green" if is_best else "")
        return table


def columns(validated: bool) -> list[str]:
    """The heads, with the validation columns where there is such a thing; those leave no room for long words."""
    if validated:
        losses = ["train", "acc %", "valid", "acc %", "test", "acc %"]
    else:
        losses = ["train loss", "acc %", "test loss", "acc %"]
    return ["epoch", *losses, "lr", "img/s", "time"]


def accuracy_heads(validated: bool) -> list[str]:
    """Of the accuracies where the losses, which tell whose they are, have been left out."""
    return ["train %", "valid %", "test %"] if validated else ["train %", "test %"]


def cells(row: EpochFinished, is_best: bool, validated: bool) -> list[str | Text]:
    """One row's texts."""
    validation = (
        [formatting.loss(row.validation_loss), formatting.bare_percent(row.validation_accuracy)]
        if validated
        else []
    )
    return [
        f"{'★ ' if is_best else ''}{row.epoch}",
        formatting.loss(row.train_loss),
        formatting.bare_percent(row.train_accuracy),
        *validation,
        formatting.loss(row.test_loss),
        formatting.bare_percent(row.test_accuracy),
        formatting.rate(row.learning_rate),
        f"{row.images_per_second:,.0f}",
        formatting.duration(row.seconds),
    ]


def title(history: RunHistory) -> str:
    """What is trained on what, so that a screenshot of the table is complete."""
    record = history.record
    if record is None:
        return ""
    parts = (
        f"{record.data.name or '?'}{', not MNIST' if _fell_back(history) else ''}",
        record.model.name or "?",
        f"recipe {record.text('recipe') or '?'}",
        str(record.machine),
        f"seed {record.text('seed') or '?'}",
    )
    return " · ".join(parts)


def _fell_back(history: RunHistory) -> bool:
    return any(notice.topic == "data" and "instead" in notice.message for notice in history.notices)
