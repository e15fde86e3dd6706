"""How runs look wherever they are listed: status, age, and the color and number under which they are compared."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from textual.content import Content

from mnist_tui.render import formatting
from mnist_tui.tui.theme_colors import RUN_COLORS

# As the title bar colors the session's phases.
_COLORS = {
    "training": "$text-primary",
    "evaluating": "$text-accent",
    "paused": "$text-warning",
    "stopped": "$text-warning",
    "interrupted": "$text-warning",
    "finished": "$text-success",
    "failed": "$text-error",
    "unreadable": "$text-error",
}


class MarkedRuns:
    """The runs that are marked for comparing, each with a slot: the index of its color in `theme_colors.RUN_COLORS`.

    A run keeps its slot however many others are marked and unmarked.
    """

    def __init__(self) -> None:
        self.slots: dict[str, int] = {}

    def toggle(self, name: str) -> bool:
        """Mark or unmark; False when all colors are taken."""
        if name in self.slots:
            del self.slots[name]
            return True
        free = [slot for slot in range(len(RUN_COLORS)) if slot not in self.slots.values()]
        if free:
            self.slots[name] = free[0]
        return bool(free)

    def rename(self, old: str, new: str) -> None:
        """Keep a run's slot under its new name."""
        if old in self.slots:
            self.slots[new] = self.slots.pop(old)

    def keep(self, names: Collection[str]) -> None:
        """Unmark all other runs."""
        for name in [name for name in self.slots if name not in names]:
            del self.slots[name]


def status_text(status: str) -> Content:
    """The status in its color."""
    return Content.styled(status, _COLORS.get(status, "$muted"))


def slot_text(slot: int | None) -> Content:
    """The number of a marked run in its color; a blank for None."""
    return Content(" ") if slot is None else Content.styled(f"{slot + 1}", f"bold ${RUN_COLORS[slot]}")


def bold_percent(fraction: float | None) -> Content:
    """A fraction in percent, without the sign; a dash for None."""
    return Content.styled(formatting.bare_percent(fraction), "bold")


def age_text(created: str, now: datetime | None = None) -> str:
    """How long ago an ISO time was, in its largest unit; "" where there is no time."""
    try:
        then = datetime.fromisoformat(created)
        return formatting.age(((now or datetime.now(UTC)) - then).total_seconds())
    except (ValueError, TypeError):  # a damaged record, or one without a time zone
        return ""
