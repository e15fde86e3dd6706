"""A run as text, for `runs show` and `watch --once`, and the list of all runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from mnist_tui.cli.views.run_statistics import statistics_panel
from mnist_tui.render import formatting
from mnist_tui.render.epoch_table import epoch_table
from mnist_tui.render.progress_line import progress_lines
from mnist_tui.runs import RunRecord, resume_command
from mnist_tui.runs.config_diff import config_diff
from mnist_tui.runs.history import RunHistory
from mnist_tui.runs.summary import RunSummary


def run_report(record: RunRecord, history: RunHistory, summary: RunSummary) -> RenderableType:
    """Settings, data, machine, status, notices, epoch table and statistics."""
    parts: list[RenderableType] = [_facts(record, history, summary)]
    parts += [Text(f"notice: {notice.message}", style="yellow") for notice in history.notices]
    if history.epochs:
        parts += [Text(), epoch_table(history), statistics_panel(history)]
    else:
        parts.append(Text("No epoch is finished yet.", style="dim"))
    if history.failed is not None:
        parts.append(Text(f"failed: {history.failed.message}\n{history.failed.remedy}", style="bold red"))
    return Group(*parts)


def _facts(record: RunRecord, history: RunHistory, summary: RunSummary) -> Table:
    data, machine = record.data, record.machine
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    parameters = "" if summary.parameters is None else f", {summary.parameters:,} parameters"
    held_out = f", {data.validation_images:,} held out" if data.validation_images else ""
    for label, value in (
        ("run", summary.name),
        ("status", f"{summary.status}, {summary.epochs_done} of {summary.epochs} epochs"),
        *_resume_row(summary),
        ("started", summary.created),
        ("dataset", f"{summary.dataset}: {_count(data.train_images)} training images{held_out}"),
        ("model", f"{summary.model}{parameters}"),
        ("recipe", f"{summary.recipe}, seed {summary.seed}{_changes(record.config)}"),
        ("machine", f"{machine.device or '?'}, {_threads(machine.threads)}, {machine.processor or '?'}"),
        ("backend", machine.backend or ""),
        ("versions", ", ".join(f"{name} {version}" for name, version in record.versions.items())),
        ("trained for", formatting.duration(history.seconds)),
        ("folder", summary.path),
    ):
        table.add_row(label, Text(str(value)))
    return table


def _count(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


def _resume_row(summary: RunSummary) -> list[tuple[str, str]]:
    """The command that resumes it, on a line of its own for copying; nothing if it is finished or training."""
    if summary.status not in ("stopped", "interrupted", "failed"):
        return []
    return [("resume with", resume_command(Path(summary.path)))]


def _threads(count: int | None) -> str:
    return f"{_count(count)} thread{'' if count == 1 else 's'}"


def _changes(config: Mapping[str, Any]) -> str:
    """Where the config differs from its recipe; the seed is shown anyway."""
    changed = [f"{change.setting} {change.values[1]}" for change in config_diff(config) if change.setting != "seed"]
    return f", with {', '.join(changed)}" if changed else ""


def run_status(name: str, history: RunHistory) -> RenderableType:
    """What `watch --once` prints."""
    parts: list[RenderableType] = [Text.assemble((name, "bold"), f": {history.status.value}")]
    if history.epochs:
        parts += [Text(), epoch_table(history)]
    if history.progress is not None:
        parts.append(progress_lines(history))
    if history.failed is not None:
        parts.append(Text(f"failed: {history.failed.message}", style="bold red"))
    return Group(*parts)


_STYLES = {
    "finished": "green",
    "failed": "red",
    "interrupted": "yellow",
    "stopped": "yellow",
    "training": "cyan",
}


def run_table(summaries: Sequence[RunSummary]) -> Table:
    """Name, status, epochs, accuracies, parameters and time of each run."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("run", overflow="fold")
    table.add_column("status")
    for name in ("epochs", "best %", "final %", "params", "time"):
        table.add_column(name, justify="right", no_wrap=True)
    for summary in summaries:
        style = _STYLES.get(summary.status, "")
        table.add_row(
            escape(summary.name),
            f"[{style}]{summary.status}[/]" if style else summary.status,
            f"{summary.epochs_done}/{summary.epochs}",
            formatting.bare_percent(summary.best_test_accuracy),
            formatting.bare_percent(summary.final_test_accuracy),
            "–" if summary.parameters is None else f"{summary.parameters:,}",
            formatting.duration(summary.seconds),
        )
    return table
