"""Asks where to write a run's epoch table, and in which format."""

from __future__ import annotations

from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Label, RadioButton, RadioSet

from mnist_tui.system import paths
from mnist_tui.tui.screens.dialogs.base import Dialog
from mnist_tui.tui.textual_fixes.widgets import PlainRadioButton

FORMATS = ("csv", "json")


class ExportDialog(Dialog[Path]):
    """The format is the path's ending: changing one changes the other."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._run_name = name

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = "Export"
            yield Label(Content(f"The epoch table of {self._run_name}"), classes="question")
            with RadioSet(compact=True):
                yield PlainRadioButton("CSV", value=True)
                yield PlainRadioButton("JSON")
            yield Input(f"./{self._run_name}.csv")
            yield Label("", classes="complaint")
            with Horizontal(classes="answers"):
                yield Button("Cancel", id="no")
                yield Button("Export", id="yes", variant="primary")

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @property
    def path(self) -> Path:
        """The path that was typed."""
        return paths.expand_user(self.query_one(Input).value)

    @on(RadioSet.Changed)
    def _change_format(self, event: RadioSet.Changed) -> None:
        line, suffix = self.query_one(Input), f".{FORMATS[event.index]}"
        if self.path.suffix.lower() != suffix:
            stem = line.value.removesuffix(self.path.suffix) if _format(self.path) else line.value
            line.value = stem + suffix

    @on(Input.Changed)
    def _check_path(self) -> None:
        """Say what is wrong, or what would be replaced."""
        complaint, label = find_path_problem(self.path), self.query_one(".complaint", Label)
        replaces = not complaint and paths.is_file(self.path)
        label.update(Content("This file will be replaced." if replaces else complaint))
        label.set_class(replaces, "-warning")
        self.query_one("#yes", Button).disabled = bool(complaint)
        if _format(self.path):
            buttons = list(self.query(RadioButton))
            buttons[FORMATS.index(_format(self.path))].value = True

    @on(Input.Submitted)
    @on(Button.Pressed, "#yes")
    def _accept(self) -> None:
        if not find_path_problem(self.path):
            self.dismiss(self.path)


def find_path_problem(path: Path) -> str:
    """Why nothing can be written there; "" where it can."""
    if not _format(path):
        return "End the path in .csv or .json."
    if "\0" in str(path):  # pasted
        return "No path has a zero byte in it."
    if paths.is_folder(path):
        return "This is a folder."
    return "" if paths.is_folder(path.parent) else f"There is no folder {path.parent}."


def _format(path: Path) -> str:
    ending = path.suffix.lstrip(".").lower()
    return ending if ending in FORMATS else ""
