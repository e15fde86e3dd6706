"""Dialogs over a screen: a question to answer yes or no, and a line of text that is checked as it is typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Label

from mnist_tui.tui.keys import bind
from mnist_tui.tui.screens.modal import Modal

if TYPE_CHECKING:
    from mnist_tui.training.run_code import RunCode

AnswerT = TypeVar("AnswerT")
# Returns what is wrong with a text; "" for nothing.
Check = Callable[[str], str]


class Dialog(Modal[AnswerT | None], Generic[AnswerT]):
    """A dialog whose result is an answer, or None for no answer."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [bind("back", "cancel", "Cancel")]

    @on(Button.Pressed, "#no")
    def action_cancel(self) -> None:
        """Close without an answer."""
        self.dismiss(None)


class ConfirmDialog(Modal[bool]):
    """Yes or no: by letter, by arrows and Enter, or with the mouse. Escape is no."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("yes", "answer(True)", "Yes"),
        bind("no", "answer(False)", "No"),
        bind("back", "answer(False)", "No", show=False),
        *(bind(key, "app.focus_previous", "Other", show=False) for key in ("left", "up")),
        *(bind(key, "app.focus_next", "Other", show=False) for key in ("right", "down")),
    ]

    def __init__(self, title: str, question: str, yes: str = "Yes", no: str = "No", danger: bool = False) -> None:
        super().__init__()
        self._title, self._question = title, question
        self._yes, self._no, self._danger = yes, no, danger

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -danger" if self._danger else "dialog") as box:
            box.border_title = Content(self._title)
            yield Label(Content(self._question), classes="question")
            with Horizontal(classes="answers"):
                yield Button(Content(self._no), id="no")
                yield Button(Content(self._yes), id="yes", variant="error" if self._danger else "primary")

    def on_mount(self) -> None:
        # Enter must not destroy anything by habit.
        self.query_one("#no" if self._danger else "#yes").focus()

    @on(Button.Pressed)
    def _answer_with(self, event: Button.Pressed) -> None:
        self.action_answer(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Close with this answer."""
        self.dismiss(answer)


class LeaveDialog(ConfirmDialog):
    """Asks before leaving while a run is in training: yes stops it and keeps a checkpoint."""

    def __init__(self) -> None:
        question = "Stop training, keep a checkpoint and leave? The run can be resumed at any time."
        super().__init__("Training is running", question, yes="Stop and leave", no="Go on training")


class TrustDialog(ConfirmDialog):
    """Asks before running the code of a run that was not trained on this machine; the default answer is no."""

    def __init__(self, code: RunCode) -> None:
        super().__init__("Run this code?", f"{code.question}.", "Run it", "Do not run it", danger=True)


class AskDialog(Dialog[str]):
    """Asks for one line of text."""

    def __init__(self, title: str, question: str, value: str = "", *, check: Check, yes: str = "OK") -> None:
        super().__init__()
        self._title, self._question, self._value = title, question, value
        self._check, self._yes = check, yes

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(self._title)
            yield Label(Content(self._question), classes="question")
            yield Input(self._value, select_on_focus=True)
            yield Label("", classes="complaint")
            with Horizontal(classes="answers"):
                yield Button("Cancel", id="no")
                yield Button(Content(self._yes), id="yes", variant="primary")

    @on(Input.Changed)
    def _check_text(self, event: Input.Changed) -> None:
        """Say what is wrong, and refuse it."""
        complaint = self._check(event.value)
        self.query_one(".complaint", Label).update(Content(complaint))
        self.query_one("#yes", Button).disabled = bool(complaint)

    @on(Input.Submitted)
    @on(Button.Pressed, "#yes")
    def _accept(self) -> None:
        value = self.query_one(Input).value
        if not self._check(value):
            self.dismiss(value)
