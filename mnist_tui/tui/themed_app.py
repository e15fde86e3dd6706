"""An app with our themes, in which every widget of ours finds its colors."""

from __future__ import annotations

from typing import Any

from textual.app import ReturnType

from mnist_tui.tui.textual_fixes.apps import SafeApp
from mnist_tui.tui.theme_colors import complete
from mnist_tui.tui.themes import NIGHT, THEMES, partner


class ThemedApp(SafeApp[ReturnType]):
    """It opens in the dark theme; the colors that another theme lacks are derived from those it has."""

    def __init__(self, **options: Any) -> None:
        self._completed: dict[str, dict[str, str]] = {}  # which Textual asks for at once
        self.partners: dict[str, str] = {}
        """The theme that `T` switches to, where a theme of the user's says so."""
        super().__init__(**options)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = NIGHT.name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The colors of our widgets."""
        theme = self.current_theme
        if theme.name not in self._completed:
            self._completed[theme.name] = complete(theme)
        return self._completed[theme.name]

    def action_toggle_theme(self) -> None:
        """Switch to the light or dark partner of the theme; the palette has all themes."""
        chosen = self.partners.get(self.theme, "")
        known = chosen in self.available_themes
        self.theme = chosen if known else partner(self.theme, dark=self.current_theme.dark)
