"""A screen over another one, with its own line of keys: those of the screen below do nothing meanwhile."""

from __future__ import annotations

from typing import Generic

from textual.screen import ModalScreen, ScreenResultType

from mnist_tui.tui.textual_fixes.screens import SafeScreen
from mnist_tui.tui.widgets.frame.key_bar import KeyBar


class Modal(SafeScreen, ModalScreen[ScreenResultType], Generic[ScreenResultType]):
    """A dialog, a form or help."""

    def on_mount(self) -> None:
        self.mount(KeyBar())
