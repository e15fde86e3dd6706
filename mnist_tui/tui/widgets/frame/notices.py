"""The warnings of a run, above everything else."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from mnist_tui.runs.history import RunHistory

_MOST_SHOWN = 2


class Notices(Static):
    """The newest ones, those about the data first; hidden while there are none."""

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
        """Draw the notices if there are new ones."""
        about_data = [notice.message for notice in history.notices if notice.topic == "data"]
        newest = [notice.message for notice in reversed(history.notices)]
        messages = list(dict.fromkeys(about_data + newest))
        if messages == self._shown:
            return
        self._shown = messages
        lines = [f"⚠ {message}" for message in messages[:_MOST_SHOWN]]
        if len(messages) > _MOST_SHOWN:
            lines[-1] += f"  (and {len(messages) - _MOST_SHOWN} more)"
        self.update(Content("\n".join(lines)))
        self.set_class(bool(lines), "-some")
