"""The notices of a run in one line above everything else: the one that matters most."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from mnist_tui.events import Notice
from mnist_tui.runs.history import RunHistory

_ORDER = {"decisive": 0, "warning": 1, "detail": 2}


class Notices(Widget):
    """One line, hidden while there are no notices, and after Escape until there is a new one."""

    DEFAULT_CSS = """
    Notices {
        height: 1;
        padding: 0 1;
        background: $warning-muted;
        color: $text-warning;
        text-style: bold;
        text-wrap: nowrap;
        text-overflow: ellipsis;
        display: none;
        &.-some { display: block; }
    }
    """

    notices: reactive[tuple[Notice, ...]] = reactive(())

    def __init__(self) -> None:
        super().__init__()
        self._count = 0

    def advance(self, history: RunHistory) -> None:
        """Draw the notices if there are new ones."""
        if len(history.notices) != self._count:
            self._count = len(history.notices)
            self.notices = sort_notices(history.notices)
            self.set_class(bool(self.notices), "-some")

    def hide(self) -> None:
        """Until there is another one."""
        self.remove_class("-some")

    @property
    def is_shown(self) -> bool:
        """Whether there is a notice that has not been hidden."""
        return self.has_class("-some")

    def render(self) -> RenderResult:
        """The first notice, and the keys."""
        if not self.notices:
            return Content("")
        keys = f"  ! all {len(self.notices)} · Esc hides" if len(self.notices) > 1 else "  ! all of it · Esc hides"
        text = Content(f"⚠ {' '.join(self.notices[0].message.split())}")
        room = self.size.width - len(keys)
        return Content.assemble(text.truncate(room, ellipsis=True).pad_right(max(0, room - text.cell_length)), keys)


def sort_notices(notices: Sequence[Notice]) -> tuple[Notice, ...]:
    """The most severe first, of one severity the newest; each message once."""
    newest_first = {notice.message: notice for notice in reversed(notices)}
    return tuple(sorted(newest_first.values(), key=lambda notice: _ORDER[notice.severity]))


def notice_line(notice: Notice) -> Content:
    """The time of day, and the message."""
    try:
        when = f"{datetime.fromisoformat(notice.time).astimezone():%H:%M:%S}"
    except (ValueError, OverflowError, OSError):  # a log may be damaged
        when = "--:--:--"
    style = "$muted" if notice.severity == "detail" else "bold $text-warning"
    return Content.assemble((f"{when}  ", "$muted"), (notice.message, style))
