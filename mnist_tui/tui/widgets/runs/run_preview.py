"""The run under the cursor: its curve, its numbers, and the settings that differ from its recipe."""

from __future__ import annotations

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widgets import Sparkline, Static

from mnist_tui.render import formatting
from mnist_tui.runs.config_diff import config_diff
from mnist_tui.runs.index import ScannedRun
from mnist_tui.tui.run_format import status_text


class RunPreview(Container):
    """Beside or below the list, where there is room."""

    DEFAULT_CSS = """
    RunPreview {
        border: round $line;
        border-title-color: $foreground;
        border-title-style: bold;
        padding: 0 1;

        Sparkline {
            height: 6;
            & > .sparkline--min-color { color: $primary 60%; }
        }
        Static, #curve { height: auto; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static(id="facts")
        with Vertical(id="curve"):
            yield Static(id="curve-title")
            yield Sparkline()

    def show(self, found: ScannedRun | None) -> None:
        """Draw this run; None for nothing."""
        self.border_title = Content(found.summary.name) if found else ""
        curve = [row.test_accuracy for row in found.rows] if found else []
        self.query_one(Sparkline).data = curve
        self.query_one("#curve").display = len(curve) > 1
        self.query_one("#curve-title", Static).update(_curve_title(curve))
        self.query_one("#facts", Static).update(Content("\n").join(_facts(found)) if found else "")


def _curve_title(curve: list[float]) -> Content:
    if not curve:
        return Content("")
    return Content.assemble(
        ("test accuracy  ", "$muted"),
        f"{formatting.percent(curve[0])} → {formatting.percent(curve[-1])}",
    )


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
