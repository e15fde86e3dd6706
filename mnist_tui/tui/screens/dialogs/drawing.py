"""Which digit a drawing was meant to be."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Label

from mnist_tui.tui.keys import bind
from mnist_tui.tui.screens.dialogs.base import Dialog

_DIGITS = range(10)


class LabelDialog(Dialog[int]):
    """Asks which digit a drawing was meant to be: by its key, or with the mouse."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(digit), f"answer({digit})", f"A {digit}", show=False) for digit in _DIGITS),
        bind("left", "app.focus_previous", "Left", show=False),
        bind("right", "app.focus_next", "Right", show=False),
    ]

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = "Label & save"
            question = "Which digit was it? 0–9 saves it to my-digits; Esc cancels."
            yield Label(question, classes="question")
            with Horizontal(classes="answers"):
                for digit in _DIGITS:
                    yield Button(str(digit), id=f"digit-{digit}")

    @on(Button.Pressed)
    def _answer_with(self, event: Button.Pressed) -> None:
        self.action_answer(int(str(event.button.label)))

    def action_answer(self, digit: int) -> None:
        """Close with this digit."""
        self.dismiss(digit)
