"""A screen made of panels: a letter goes to each, and any of them can fill the screen."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.events import Key
from textual.screen import Screen
from textual.widget import Widget

from mnist_tui.tui.keys import bind
from mnist_tui.tui.textual_fixes.screens import SafeScreen
from mnist_tui.tui.widgets.frame.panel import Panel


class PanelScreen(SafeScreen, Screen[None]):
    """`z` zooms the panel with the focus; the capital letter in a panel's title goes to it.

    A panel that is hidden, most often because there is no room for it, is shown zoomed until its letter, `z` or Escape
    is pressed.
    """

    ALLOW_IN_MAXIMIZED_VIEW = "TitleBar, KeyBar, #where"
    BINDINGS: ClassVar[list[BindingType]] = [bind("zoom", "zoom_panel", "Zoom panel")]
    DEFAULT_CSS = """
    PanelScreen.-maximized-view {
        hatch: none;
        align: left top;
        overflow: hidden;

        .-maximized {
            display: block !important;
            width: 100% !important;
            height: 1fr !important;
            max-width: 100% !important;
            max-height: 100% !important;
            margin: 0 !important;
        }
    }
    """

    def panels(self) -> list[Panel]:
        """Those with a letter, while there is anything to see in them: none before a screen's content is there."""
        panels = [panel for panel in self.query(Panel) if panel.jump]
        return panels if any(map(is_shown, panels)) else []

    def focused_panel(self) -> Panel | None:
        """The panel with the focus."""
        around = self.focused.ancestors_with_self if self.focused is not None else ()
        return next((node for node in around if isinstance(node, Panel)), None)

    def go_to(self, panel: Panel) -> None:
        """Focus it; zoomed if it is hidden, or if another one is zoomed."""
        if panel is self.maximized:
            self.zoom(None)
            return
        if self.maximized is not None or not is_shown(panel):
            self.zoom(panel)
        panel.take_focus()

    def zoom(self, panel: Panel | None) -> None:
        """Let it fill the screen; None for all panels again."""
        self.maximized = panel
        self.refresh_bindings()

    def action_zoom_panel(self) -> None:
        """Show only the panel with the focus, or all of them again."""
        if self.maximized is not None:
            self.zoom(None)
            return
        panel = self.focused_panel() or next(filter(is_shown, self.query(Panel)), None)
        if panel is not None:
            self.zoom(panel)
            panel.take_focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing to zoom while no panel is shown."""
        if action == "zoom_panel":
            return self.maximized is not None or any(map(is_shown, self.query(Panel)))
        return super().check_action(action, parameters)

    def on_key(self, event: Key) -> None:
        """A capital letter that is nothing else's key."""
        letter = event.character or ""
        panel = next((panel for panel in self.panels() if panel.jump == letter), None) if letter.isupper() else None
        if panel is not None and event.key not in self.active_bindings:
            event.stop()
            self.go_to(panel)

    @on(Panel.Chosen)
    def _panel_chosen(self, message: Panel.Chosen) -> None:
        if message.zoom:
            self.zoom(message.panel if self.maximized is None else None)
        message.panel.take_focus()


def is_shown(panel: Panel) -> bool:
    """Whether it has a place on the screen, or would have if no other were zoomed."""
    return all(node.display for node in panel.ancestors_with_self if isinstance(node, Widget))
