"""All notices of a run, with their times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from mnist_tui.events import Notice
from mnist_tui.tui.keys import bind
from mnist_tui.tui.textual_fixes.screens import SafeScreen
from mnist_tui.tui.widgets.frame.notices import notice_line


class NoticesDialog(SafeScreen, ModalScreen[None]):
    """The most severe first; it scrolls where there are many."""

    DEFAULT_CSS = """
    NoticesDialog {
        align: center middle;
        background: $background 60%;

        & > VerticalScroll {
            width: 90;
            max-width: 94%;
            height: auto;
            max-height: 80%;
            padding: 1 2;
            border: round $warning;
            border-title-color: $text-warning;
            border-title-style: bold;
            border-subtitle-color: $muted;
            background: $surface;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("back", "dismiss", "Close"),
        bind("notices", "dismiss", "Close", show=False),
    ]

    def __init__(self, notices: Sequence[Notice]) -> None:
        super().__init__()
        self._notices = notices

    def compose(self) -> ComposeResult:
        with VerticalScroll() as box:
            box.border_title = "Notices"
            box.border_subtitle = "Esc closes"
            yield Static(Content("\n\n").join(map(notice_line, self._notices)))
