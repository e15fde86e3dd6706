"""The panel *Best model statistics*, beside the published run's figures."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from mnist_tui.events import EpochFinished
from mnist_tui.render import formatting
from mnist_tui.runs import published_results
from mnist_tui.runs.history import RunHistory, trend


def statistics_panel(history: RunHistory) -> RenderableType:
    """Best and last epoch, mean time, trends; empty before the first epoch is finished."""
    best, last = history.best, history.last
    if best is None or last is None:
        return Text("")
    compared = history.record is not None and history.record.data.name == "mnist"
    table = Table(box=None, pad_edge=False, show_header=compared)
    table.add_column("")
    table.add_column("this run", justify="right", style="bold")
    if compared:
        table.add_column("published", justify="right", style="dim")
    for label, ours, theirs in _rows(history, best, last):
        table.add_row(label, ours, *([theirs] if compared else []))
    return Panel(
        Group(table, Text(), Text(_choice(history), style="italic")),
        title="Best model statistics",
        title_align="left",
        border_style="green",
        expand=False,
    )


def _rows(history: RunHistory, best: EpochFinished, last: EpochFinished) -> list[tuple[str, str, str]]:
    theirs = next(row for row in published_results.EPOCHS if row.epoch == published_results.BEST_EPOCH)
    rows = history.rows
    return [
        (
            "Best test accuracy" if best.validation_accuracy is None else "Test accuracy of the best epoch",
            f"{formatting.percent(best.test_accuracy)} (epoch {best.epoch})",
            f"{formatting.percent(theirs.test_accuracy)} (epoch {theirs.epoch})",
        ),
        ("Training loss there", formatting.loss(best.train_loss), formatting.loss(theirs.train_loss)),
        ("Test loss there", formatting.loss(best.test_loss), formatting.loss(theirs.test_loss)),
        (
            "Final test accuracy",
            formatting.percent(last.test_accuracy),
            formatting.percent(published_results.FINAL_TEST_ACCURACY),
        ),
        (
            "Mean time per epoch",
            formatting.duration(history.seconds / len(rows)),
            f"about {published_results.SECONDS_PER_EPOCH} s",
        ),
        ("Loss trend", trend([row.train_loss for row in rows]), "fell every epoch"),
        ("Accuracy trend", trend([row.test_accuracy for row in rows]), "–"),
    ]


def _choice(history: RunHistory) -> str:
    if history.best is not None and history.best.validation_accuracy is not None:
        return "The best epoch was selected on held-out training images, not on the test set."
    return (
        "The best epoch was selected on the test set itself, as in the published project, which is optimistic.\n"
        "The final accuracy is unbiased; --validation 5000 selects on held-out training images."
    )
