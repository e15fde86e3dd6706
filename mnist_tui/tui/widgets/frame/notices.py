"""The warnings of a run, where nobody can overlook them."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from mnist_tui.runs.history import RunHistory

_MOST = 2


class Notices(Static):
    """The newest ones, those about the data first; gone while there are none."""

    DEFAULT_CSS = """
    Notices {
        height: auto;
        padding: 0 1;
        background: $warning-muted;
        color: $text-warning;
        text-style: bold;
        display: none;
        &.-some { display: block; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[str] = []

    def advance(self, history: RunHistory) -> None:
        """Draw those that are new."""
        about_data = [notice.message for notice in history.notices if notice.topic == "data"]
        newest = [notice.message for notice in reversed(history.notices)]
        messages = list(dict.fromkeys(about_data + newest))
        if messages == self._shown:
            return
        self._shown = messages
        lines = [f"⚠ {message}" for message in messages[:_MOST]]
        if len(messages) > _MOST:
            lines[-1] += f"  (and {len(messages) - _MOST} more)"
        self.update(Content("\n".join(lines)))
        self.set_class(bool(lines), "-some")
