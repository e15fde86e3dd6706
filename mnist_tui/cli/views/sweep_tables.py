"""The results of a sweep, and the list of all sweeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mnist_tui.render import formatting
from mnist_tui.sweep.plans import Metric, Search, SweepPlan
from mnist_tui.sweep.results import (
    CombinationResult,
    TrialResult,
    TrialStatus,
    group_by_combination,
    sort_best_first,
    varied_settings,
)
from mnist_tui.sweep.search_space import format_brief, format_value

if TYPE_CHECKING:
    from mnist_tui.sweep.statistics import Spread


STYLES = {
    TrialStatus.FINISHED: "green",
    TrialStatus.RUNNING: "cyan",
    TrialStatus.STOPPED: "yellow",
    TrialStatus.PRUNED: "dim",
    TrialStatus.FAILED: "red",
    TrialStatus.WAITING: "dim",
}
_SHORT: dict[Metric, str] = {"validation": "valid", "test": "test"}


def sweep_table(plan: SweepPlan, results: Sequence[TrialResult], *, room: int | None = None) -> RenderableType:
    """The table, best first; with `room`, at most that many rows."""
    ordered = sort_best_first(group_by_combination(results), plan.on)
    shown = ordered if room is None else ordered[: max(room, 1)]
    table = _trial_table(plan, shown) if isinstance(plan, Search) else _combination_table(plan, shown)
    hidden = len(ordered) - len(shown)
    more = [Text(f"… and {hidden} more", style="dim")] if hidden else []
    return Group(Text(_title(plan), style="bold"), table, *more)


def facts(plan: SweepPlan, results: Sequence[TrialResult]) -> Text:
    """What the figures mean."""
    lines = [f"Accuracy of the last epoch on the {plan.on} images, in percent."]
    if not isinstance(plan, Search):
        lines.append("± is half the mean's 95 % confidence interval (Student t), sd the sample's deviation.")
    if plan.on == "validation":
        lines.append("The test set is not used for choosing; --on test shows its accuracy afterwards.")
    elif any(result.validation_accuracy is not None for result in results):
        lines.append("Choosing by these figures would be tuning on the test set; use --on validation.")
    return Text("\n".join(lines), style="dim")


def _title(plan: SweepPlan) -> str:
    config = plan.config if isinstance(plan, Search) else plan.combinations[0].config
    kind = "search" if isinstance(plan, Search) else "sweep"
    return f"{kind} {plan.name} · {config.dataset} · {config.model} · recipe {config.recipe}"


def _combination_table(plan: SweepPlan, rows: Sequence[CombinationResult]) -> Table:
    names = varied_settings(rows)
    validated = plan.on == "test" and any(row.validation for row in rows)
    table = _table([*(names or ["recipe"])])
    heads = [f"{_SHORT[plan.on]} %", "±", "sd", "best %", *(["valid %"] if validated else []), "time"]
    for head in ("seeds", *heads):
        table.add_column(head, justify="right", no_wrap=True)
    for number, row in enumerate(rows):
        counted = row.spread(plan.on)
        values = [format_value(value) for _, value in row.combination.values] or [row.combination.label]
        table.add_row(
            *(Text(value) for value in values),
            _seeds(row),
            *_figures(counted),
            *([formatting.bare_percent(row.validation.mean if row.validation else None)] if validated else []),
            "–" if row.seconds is None else formatting.duration(row.seconds),
            style="bold" if number == 0 and counted is not None and len(rows) > 1 else "",
        )
    return table


def _trial_table(plan: SweepPlan, rows: Sequence[CombinationResult]) -> Table:
    table = _table(["trial", *varied_settings(rows)])
    table.add_column("status", no_wrap=True)
    for head in ("done", f"{_SHORT[plan.on]} %", "time"):
        table.add_column(head, justify="right", no_wrap=True)
    for number, row in enumerate(rows):
        [result] = row.results
        table.add_row(
            str(row.combination.number),
            *(Text(format_brief(value)) for _, value in row.combination.values),
            Text(result.status.value, style=STYLES[result.status]),
            f"{result.epochs_done}/{result.trial.config.all_epochs}",
            formatting.bare_percent(result.accuracy(plan.on)),
            formatting.duration(result.seconds),
            style="bold" if number == 0 and result.status is TrialStatus.FINISHED else "",
        )
    return table


def _table(heads: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for head in heads:
        table.add_column(head, overflow="fold")
    return table


def _seeds(row: CombinationResult) -> Text:
    failed = sum(result.status is TrialStatus.FAILED for result in row.results)
    text = Text(f"{row.done}/{len(row.results)}")
    return text.append(f" {failed} failed", style="red") if failed else text


def _figures(counted: Spread | None) -> list[str]:
    """Mean, margin, deviation and best, in percent."""
    if counted is None:
        return ["–"] * 4
    return [
        f"{100 * counted.mean:.3f}",
        "–" if counted.margin is None else f"{100 * counted.margin:.3f}",
        "–" if counted.deviation is None else f"{100 * counted.deviation:.3f}",
        formatting.bare_percent(counted.best),
    ]


def sweep_list(plans: Sequence[SweepPlan], documents: Sequence[Mapping[str, Any]]) -> Table:
    """Name, varied settings, progress and best mean of each plan; `documents` come from `results.to_dict`."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("sweep", overflow="fold")
    table.add_column("varied", overflow="fold")
    for name in ("trials", "best %", "on"):
        table.add_column(name, justify="right", no_wrap=True)
    for plan, document in zip(plans, documents, strict=True):
        done = document["statuses"]["finished"] + document["statuses"]["pruned"]
        best = next((row[plan.on] for row in document["rows"] if row[plan.on]), None)
        table.add_row(
            Text(plan.name),
            Text(_describe_varied(plan)),
            f"{done}/{document['trials']}",
            formatting.bare_percent(best["mean"] if best else None),
            plan.on,
        )
    return table


def _describe_varied(plan: SweepPlan) -> str:
    if isinstance(plan, Search):
        return ", ".join(f"{name}={domain}" for name, domain in plan.space.items())
    names = dict.fromkeys(name for row in plan.combinations for name, _ in row.values)
    what = [f"{name}×{len({dict(row.values)[name] for row in plan.combinations})}" for name in names]
    return ", ".join([*what, f"seeds×{len(plan.seeds)}"])
