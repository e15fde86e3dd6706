"""Corrections of Textual's `App`."""

from __future__ import annotations

import contextlib

from textual._context import active_message_pump
from textual.app import App, ReturnType
from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.events import Event, InputEvent
from textual.widget import MountError
from textual.worker import WorkerFailed


class SafeApp(App[ReturnType]):
    """An app that may be left, or lose a screen, while something is still coming up."""

    async def on_event(self, event: Event) -> None:
        """Drop keys and clicks that arrive when the last screen has gone: docs/upstream.md, 1."""
        if not isinstance(event, InputEvent) or self.screen_stack:
            await super().on_event(event)

    @property
    def can_suspend(self) -> bool:
        """Whether the terminal has a shell to suspend to."""
        return self._driver is not None and self._driver.can_suspend

    def restore_terminal(self) -> None:
        """Give the terminal back as it was, in any state of the app: the process ends next."""
        with contextlib.suppress(Exception):
            if self._driver is not None:
                self._driver.suspend_application_mode()

    def _handle_exception(self, error: Exception) -> None:
        """Ignore what fails only because the app, or the widget that was coming up, is being closed.

        Textual goes on composing it, and then misses widgets that it no longer mounts:
        https://github.com/Textualize/textual/issues/4668
        """
        cause = error.error if isinstance(error, WorkerFailed) else error
        if not (isinstance(cause, (MountError, NoMatches)) and (self._exit or _is_being_removed())):
            super()._handle_exception(error)


def _is_being_removed() -> bool:
    """Whether the widget whose message is being handled is being taken down."""
    widget = active_message_pump.get(None)
    return isinstance(widget, DOMNode) and widget._pruning
