"""What the five screens have in common: the title bar, the footer, and being told of the session."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.events import Event, ScreenResume
from textual.screen import Screen

from mnist_tui.tui.session import Session, SessionPhase
from mnist_tui.tui.textual_fixes.safe_screen import SafeScreen
from mnist_tui.tui.widgets.frame.key_bar import KeyBar
from mnist_tui.tui.widgets.frame.title_bar import TitleBar

if TYPE_CHECKING:
    from mnist_tui.tui.app import Dashboard


class BaseScreen(SafeScreen, Screen[None]):
    """A screen of the dashboard. Subclasses compose a `body` and draw the session in `draw`."""

    TAB: ClassVar[str] = ""

    def __init__(self) -> None:
        super().__init__()
        self._phase: SessionPhase | None = None

    async def on_event(self, event: Event) -> None:
        """As Textual has it, but coming back styles nothing anew, which takes half of the time.

        What has its styles keeps them: another theme reaches every screen at once.
        """
        if isinstance(event, ScreenResume):
            event.refresh_styles = False
        await super().on_event(event)

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """As Textual has them, but the screen's and the app's come first: a narrow footer cuts the rest off."""
        bindings = super().active_bindings
        return dict(sorted(bindings.items(), key=lambda item: item[1].node not in (self, self.app)))

    @property
    def dashboard(self) -> Dashboard:
        """The app, as what it is."""
        return cast("Dashboard", self.app)

    @property
    def session(self) -> Session:
        """The app's one session."""
        return self.dashboard.session

    def compose(self) -> ComposeResult:
        """Title, body, footer."""
        yield TitleBar(self.TAB)
        yield from self.body()
        yield KeyBar()

    def body(self) -> ComposeResult:
        """What is between title and footer."""
        yield from ()

    def on_mount(self) -> None:
        """Draw what there is already."""
        self.session_changed()

    def on_screen_resume(self) -> None:
        """Coming back: much may have happened meanwhile."""
        self._phase = None
        self.session_changed()

    def session_changed(self) -> None:
        """The session has something new; only the screen on top is told."""
        if not self.query(TitleBar):
            return  # it is closing, and its widgets have gone before it
        self.query_one(TitleBar).show(self.session)
        self.draw(self.session)
        if self.session.phase is not self._phase:
            self._phase = self.session.phase
            # Not at every event: it makes the footer anew.
            self.refresh_bindings()

    def draw(self, session: Session) -> None:
        """Draw the session."""
