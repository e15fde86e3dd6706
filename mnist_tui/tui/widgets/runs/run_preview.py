"""The run under the cursor: its curve, its numbers, and the settings that differ from its recipe."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widgets import Static

from mnist_tui.render import formatting
from mnist_tui.render.sparkline import spark_rows
from mnist_tui.runs.config_diff import config_diff
from mnist_tui.runs.index import ScannedRun
from mnist_tui.tui.run_format import status_text

_MOST_BARS, _BAR_ROWS = 42, 6
_LEAST_ERROR = 1e-3


class RunPreview(Container):
    """Beside or below the list, where there is room."""

    DEFAULT_CSS = """
    RunPreview {
        border: round $line;
        border-title-color: $foreground;
        border-title-style: bold;
        padding: 0 1;

        #bars { color: $primary; }
        Static, #curve { height: auto; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static(id="facts")
        with Vertical(id="curve"):
            yield Static(id="curve-title")
            yield Static(id="bars")

    def show(self, found: ScannedRun | None) -> None:
        """Draw this run; None for nothing."""
        self.border_title = Content(found.summary.name) if found else ""
        curve = [row.test_accuracy for row in found.rows] if found else []
        self.query_one("#curve").display = len(curve) > 1
        self.query_one("#bars", Static).update(_bars(curve))
        self.query_one("#curve-title", Static).update(_curve_title(curve))
        self.query_one("#facts", Static).update(Content("\n").join(_facts(found)) if found else "")


def _curve_title(curve: list[float]) -> Content:
    if not curve:
        return Content("")
    return Content.assemble(
        ("test accuracy  ", "$muted"),
        f"{formatting.percent(curve[0])} → {formatting.percent(curve[-1])}",
    )


def _bars(accuracies: Sequence[float]) -> str:
    """Each epoch's accuracy by its error, on a logarithmic scale: 90 % is low, 99.9 % as high as there is room."""
    nines = [-math.log10(max(1 - accuracy, _LEAST_ERROR)) for accuracy in _thin(accuracies, _MOST_BARS)]
    # With bars for the ends of the scale: alone, the lowest of three would be empty and the highest full.
    rows = spark_rows([0.5, 3.0, *nines], _BAR_ROWS)
    width = 3 if len(nines) <= _MOST_BARS // 4 else 1
    return "\n".join("".join(f"{bar * width} " if width > 1 else bar for bar in row[2:]) for row in rows)


def _thin(values: Sequence[float], most: int) -> Sequence[float]:
    """Every so many, and always the last."""
    step = math.ceil(len(values) / most)
    return values[::-1][::step][::-1] if step > 1 else values


def _facts(found: ScannedRun) -> Iterator[Content]:
    summary = found.summary
    if summary.status == "unreadable":
        yield _fact("status", status_text(summary.status))
        yield Content(summary.reason)
        return
    done = Content.assemble(status_text(summary.status), f", {summary.epochs_done} of {summary.epochs} epochs")
    yield _fact("status", done)
    if summary.best_test_accuracy is not None:
        yield _fact("best", f"{formatting.percent(summary.best_test_accuracy)} at epoch {summary.best_epoch}")
    if found.rows:
        yield _fact(
            "loss",
            f"test {formatting.loss(found.rows[-1].test_loss)}, train {formatting.loss(found.rows[-1].train_loss)}",
        )
        yield _fact("time", f"{formatting.duration(summary.seconds / len(found.rows))} per epoch")
    yield from _changes(found)


def _changes(found: ScannedRun) -> Iterator[Content]:
    """The settings that differ from the recipe."""
    for change in config_diff(found.record.config) if found.record else ():
        recipe, own = change.values
        yield _fact(change.setting, Content.assemble(f"{own}", (f"  (recipe {recipe})", "$muted")))


def _fact(label: str, value: str | Content) -> Content:
    return Content.assemble((f"{label:<16}", "$muted"), value)
