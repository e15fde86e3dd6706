"""Which image to look at, and which other class to ask about."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Label, OptionList
from textual.widgets.option_list import Option

from mnist_tui.render import formatting
from mnist_tui.render.predictions import block_bar
from mnist_tui.tui.screens.dialogs.base import Dialog
from mnist_tui.tui.textual_fixes.widgets import SafeOptionList
from mnist_tui.tui.workers.test_images import ImageQuery, parse_query

_BAR = 16
_WHAT = "A digit (7) is the next image of that class, # and a number (#1234) that test image."
_WRONG = "A digit, or # and a number."


class Drawing(Enum):
    """The answer that is no test image."""

    MINE = "the user's drawing"


class ImageDialog(Dialog["ImageQuery | Drawing"]):
    """Asks for a test image by number or class; or for the user's drawing, where it `offers_drawing`."""

    def __init__(self, *, offers_drawing: bool = False, has_drawing: bool = False) -> None:
        super().__init__()
        self._offers_drawing, self._has_drawing = offers_drawing, has_drawing

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = "Image"
            yield Label(_WHAT, classes="question")
            yield Input(placeholder="7 or #1234")
            yield Label("", classes="complaint")
            with Horizontal(classes="answers"):
                yield Button("Cancel", id="no")
                if self._offers_drawing:
                    text = "Your drawing" if self._has_drawing else "No drawing yet (4)"
                    yield Button(text, id="drawing", disabled=not self._has_drawing)
                yield Button("Show", id="yes", variant="primary", disabled=True)

    @on(Input.Changed)
    def _check_text(self, event: Input.Changed) -> None:
        """Say what is wrong, and refuse it."""
        query = _parse(event.value)
        self.query_one(".complaint", Label).update("" if query or not event.value else _WRONG)
        self.query_one("#yes", Button).disabled = query is None

    @on(Input.Submitted)
    @on(Button.Pressed, "#yes")
    def _accept(self) -> None:
        query = _parse(self.query_one(Input).value)
        if query is not None:
            self.dismiss(query)

    @on(Button.Pressed, "#drawing")
    def _take_drawing(self) -> None:
        self.dismiss(Drawing.MINE)


def _parse(text: str) -> ImageQuery | None:
    try:
        return parse_query(text)
    except ValueError:
        return None


class ClassDialog(Dialog[int]):
    """Asks for which other class the evidence is to be shown: by its digit, or in the list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(str(digit), f"answer({digit})", f"{digit}", show=False) for digit in range(10)
    ]

    def __init__(self, names: Sequence[str], probabilities: Sequence[float], predicted: int, label: int | None) -> None:
        super().__init__()
        self._names, self._probabilities = names, probabilities
        self._predicted, self._label = predicted, label
        # The likeliest first, as one of those is most often meant.
        self._order = sorted(range(len(names)), key=lambda at: -probabilities[at])

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f"Why {self._names[self._predicted]}, and why not …?")
            yield SafeOptionList(*(Option(self._line(at)) for at in self._order))
            yield Label("A digit or ⏎ shows the evidence for that class beside the prediction's.", classes="question")

    def on_mount(self) -> None:
        """Begin with the label, or else with the likeliest class after the predicted one."""
        others = [at for at in self._order if at != self._predicted]
        meant = self._label if self._label in others else others[0]
        self.query_one(OptionList).highlighted = self._order.index(meant)

    def action_answer(self, digit: int) -> None:
        """Close with the class of this digit."""
        if digit < len(self._names):
            self.dismiss(digit)

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._order[event.option_index])

    def _line(self, at: int) -> Content:
        share, width = self._probabilities[at], max(map(len, self._names))
        marks = [word for word, index in (("predicted", self._predicted), ("label", self._label)) if index == at]
        return Content.assemble(
            (f"{self._names[at]:<{width}} ", "bold"),
            (block_bar(share, _BAR), "$text-primary"),
            f" {formatting.percent(share, 1):>7}  ",
            (", ".join(marks), "$text-success" if "label" in marks else "$muted"),
        )
