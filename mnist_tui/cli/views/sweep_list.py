"""All sweeps, one per line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from mnist_tui.render import formatting
from mnist_tui.sweep.plans import Plan, Search


def sweep_list(plans: Sequence[Plan], documents: Sequence[Mapping[str, Any]]) -> Table:
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
            Text(_varied(plan)),
            f"{done}/{document['trials']}",
            formatting.bare_percent(best["mean"] if best else None),
            plan.on,
        )
    return table


def _varied(plan: Plan) -> str:
    if isinstance(plan, Search):
        return ", ".join(f"{name}={domain}" for name, domain in plan.space.items())
    names = dict.fromkeys(name for row in plan.combinations for name, _ in row.values)
    what = [f"{name}×{len({dict(row.values)[name] for row in plan.combinations})}" for name in names]
    return ", ".join([*what, f"seeds×{len(plan.seeds)}"])
