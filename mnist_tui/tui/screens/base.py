"""What the five screens have in common: title bar, key bar, and being redrawn when the session changes."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, runtime_checkable

from textual.app import ComposeResult
from textual.events import Event, ScreenResume
from textual.screen import Screen

from mnist_tui.tui.screens.panels import PanelScreen
from mnist_tui.tui.screens.registry import SCREENS
from mnist_tui.tui.session import Session, SessionPhase
from mnist_tui.tui.widgets.frame.key_bar import KeyBar
from mnist_tui.tui.widgets.frame.title_bar import Tab, TitleBar
from mnist_tui.tui.workspace import Workspace

TABS = tuple(Tab(entry.name, entry.title) for entry in SCREENS)


@runtime_checkable
class ShowsSession(Protocol):
    """A screen that is redrawn whenever the session changes."""

    def session_changed(self) -> None:
        """Redraw: the session has something new."""


class BaseScreen(PanelScreen):
    """A screen of the dashboard. Subclasses compose a `body` and draw the session in `draw`."""

    TAB: ClassVar[str] = ""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.workspace = workspace
        self._phase: SessionPhase | None = None

    async def on_event(self, event: Event) -> None:
        """Coming back, keep the styles, which saves half of the time: another theme reaches all screens at once."""
        if isinstance(event, ScreenResume):
            event.refresh_styles = False
        await super().on_event(event)

    @property
    def session(self) -> Session:
        """The session that all screens show."""
        return self.workspace.session

    def compose(self) -> ComposeResult:
        yield TitleBar(TABS, self.TAB)
        yield from self.body()
        yield KeyBar()

    def body(self) -> ComposeResult:
        """What is between title bar and key bar."""
        yield from ()

    def on_mount(self) -> None:
        self.session_changed()

    def on_screen_resume(self) -> None:
        # Only the screen on top is redrawn when the session changes.
        self._phase = None
        self.session_changed()

    def session_changed(self) -> None:
        """Redraw: the session has something new."""
        if not self.query(TitleBar):
            return  # it is closing, and its widgets have gone before it
        self.query_one(TitleBar).show(self.session)
        self.draw(self.session)
        if self.session.phase is not self._phase:
            self._phase = self.session.phase
            # Not at every event: it makes the key bar anew.
            self.refresh_bindings()

    def draw(self, session: Session) -> None:
        """Draw the session."""


def is_on_top(screen: Screen[Any]) -> bool:
    """Whether no other screen covers it, not even in part, and it is not being closed.

    Textual's `is_current` is also true below a transparent top screen. Any change there redraws the whole top screen.
    Messages also arrive while a screen's widgets are being removed.
    """
    return screen.is_active and screen.app.is_running
