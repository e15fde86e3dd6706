"""What the screens that show a run have in common: the list of its notices, and the projector."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from mnist_tui.tui.keys import bind
from mnist_tui.tui.screens.panels import PanelScreen
from mnist_tui.tui.widgets.runs.run_view import RunView


class ShowsRun(PanelScreen):
    """To be mixed into a screen with a `RunView`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("notices", "notices", "Notices"),
        bind("projector", "projector", "Projector"),
        bind("back", "leave_projector", "Leave the projector", show=False),
    ]
    DEFAULT_CSS = """
    ShowsRun.-projector {
        & TitleBar, & KeyBar, & #where { display: none; }
    }
    """

    @property
    def run_view(self) -> RunView:
        """The view of the run."""
        return self.query_one(RunView)

    @property
    def is_projecting(self) -> bool:
        """Whether the run is shown for a lecture hall."""
        return self.has_class("-projector")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing of this before there is a run; while it is projected, Escape goes back to it."""
        match action:
            case "notices":
                return self.is_mounted and bool(self.run_view.notices.notices)
            case "projector":
                return self.is_mounted and self.run_view.has_run
            case "leave_projector":
                return self.is_projecting
            case "dismiss":
                return not self.is_projecting
        return super().check_action(action, parameters)

    def action_notices(self) -> None:
        """List all notices of the run."""
        from mnist_tui.tui.screens.dialogs.notices import NoticesDialog  # more than the first frame needs

        self.app.push_screen(NoticesDialog(self.run_view.notices.notices))

    async def action_projector(self) -> None:
        """Large figures, one chart and one row of digits; or everything again."""
        self.zoom(None)
        self.set_class(not self.is_projecting, "-projector")
        await self.run_view.show_projector(self.is_projecting)
        self.refresh_bindings()

    async def action_leave_projector(self) -> None:
        """Show everything again."""
        await self.action_projector()
