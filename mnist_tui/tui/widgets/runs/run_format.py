"""How a run's status, age and mark look, the same wherever runs are listed."""

from __future__ import annotations

from datetime import UTC, datetime

from textual.content import Content

from mnist_tui.render import formatting

# As the title bar colours the session's phases.
_COLOURS = {
    "training": "$text-primary",
    "evaluating": "$text-primary",
    "paused": "$text-warning",
    "stopped": "$text-warning",
    "interrupted": "$text-warning",
    "finished": "$text-success",
    "failed": "$text-error",
    "unreadable": "$text-error",
}

# Of one brightness, which reads on dark and on light.
RUN_COLORS = ("#4a8df0", "#e8833a", "#3aa564", "#d9568f", "#9a6fe8", "#1fa3a3", "#b8960f", "#e0574f")


def status_word(status: str) -> Content:
    """The word in its colour."""
    return Content.styled(status, _COLOURS.get(status, "$foreground 60%"))


def mark(slot: int | None) -> Content:
    """The number and colour under which a marked run is compared."""
    return Content(" ") if slot is None else Content.styled(f"{slot + 1}", f"bold {RUN_COLORS[slot]}")


def age(created: str, now: datetime | None = None) -> str:
    """How long ago an ISO time was, in its largest unit; "" where there is no time."""
    try:
        then = datetime.fromisoformat(created)
        return formatting.age(((now or datetime.now(UTC)) - then).total_seconds())
    except (ValueError, TypeError):  # a damaged record, or one without a time zone
        return ""
