"""Asks in which format to write a run's network or its epoch table, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Label, OptionList
from textual.widgets.option_list import Option

from mnist_tui.inference.export_formats import EXPORT_FORMATS, EXTRA, FormatName
from mnist_tui.system import paths
from mnist_tui.tui.screens.dialogs.base import Dialog
from mnist_tui.tui.textual_fixes.widgets import SafeOptionList

_TABLES: Mapping[str, str] = {"csv": "CSV: the epoch table", "json": "JSON: the epoch table"}
_SUFFIXES: Mapping[str, str] = {
    **{name: entry.suffix for name, entry in EXPORT_FORMATS.items()},
    **{name: f".{name}" for name in _TABLES},
}


@dataclass(frozen=True)
class ExportChoice:
    """What to write where."""

    format: str
    """A `FormatName` for the network, or `csv` or `json` for the epoch table."""
    path: Path

    @property
    def network_format(self) -> FormatName | None:
        """None for the epoch table."""
        return cast(FormatName, self.format) if self.format in EXPORT_FORMATS else None


class ExportDialog(Dialog[ExportChoice]):
    """The format is the path's ending: changing one changes the other. Enter exports from either."""

    def __init__(self, name: str, *, has_network: bool = True, has_table: bool = True) -> None:
        super().__init__()
        self._run_name = name
        networks = [name for name, entry in EXPORT_FORMATS.items() if has_network and not entry.missing_packages]
        self.formats = [*networks, *(_TABLES if has_table else ())]
        """Those that can be written."""
        self._missing = [name for name in EXPORT_FORMATS if has_network and name not in networks]

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = "Export"
            box.border_subtitle = "↑↓ format · Tab file · ⏎ export · Esc cancel"
            yield Label(Content(self._run_name), classes="question")
            yield SafeOptionList(
                *(Option(_describe(name), id=name) for name in self.formats),
                *(Option(_describe_missing(name), disabled=True) for name in self._missing),
            )
            yield Input(f"./{self._run_name}{_SUFFIXES[self.formats[0]]}")
            yield Label("", classes="complaint")
            with Horizontal(classes="answers"):
                yield Button("Cancel", id="no")
                yield Button("Export", id="yes", variant="primary")

    def on_mount(self) -> None:
        self.query_one(OptionList).highlighted = 0
        self.query_one(OptionList).focus()

    @property
    def path(self) -> Path:
        """The path that was typed."""
        return paths.expand_user(self.query_one(Input).value)

    @property
    def format(self) -> str:
        """The format that the path's ending asks for; "" for none."""
        ending = self.path.suffix.lower()
        return next((name for name in self.formats if _SUFFIXES[name] == ending), "")

    @on(OptionList.OptionHighlighted)
    def _change_ending(self, event: OptionList.OptionHighlighted) -> None:
        line, suffix = self.query_one(Input), _SUFFIXES[event.option_id or self.formats[0]]
        if self.path.suffix.lower() != suffix:
            stem = line.value.removesuffix(self.path.suffix) if self.format else line.value
            line.value = stem + suffix

    @on(Input.Changed)
    def _check_path(self) -> None:
        """Say what is wrong, or what would be replaced."""
        complaint, label = self._find_problem(), self.query_one(".complaint", Label)
        replaces = not complaint and paths.is_file(self.path)
        label.update(Content("This file will be replaced." if replaces else complaint))
        label.set_class(replaces, "-warning")
        self.query_one("#yes", Button).disabled = bool(complaint)
        if self.format:
            self.query_one(OptionList).highlighted = self.formats.index(self.format)

    @on(OptionList.OptionSelected)
    @on(Input.Submitted)
    @on(Button.Pressed, "#yes")
    def _accept(self) -> None:
        if not self._find_problem():
            self.dismiss(ExportChoice(self.format, self.path))

    def _find_problem(self) -> str:
        if not self.format:
            return f"End the path in {' or '.join(_SUFFIXES[name] for name in self.formats)}."
        return find_path_problem(self.path)


def find_path_problem(path: Path) -> str:
    """Why nothing can be written there; "" where it can."""
    if "\0" in str(path):  # pasted
        return "No path has a zero byte in it."
    if paths.is_folder(path):
        return "This is a folder."
    return "" if paths.is_folder(path.parent) else f"There is no folder {path.parent}."


def _describe(name: str) -> Content:
    return Content(EXPORT_FORMATS[cast(FormatName, name)].purpose if name in EXPORT_FORMATS else _TABLES[name])


def _describe_missing(name: str) -> Content:
    purpose = EXPORT_FORMATS[cast(FormatName, name)].purpose.partition(":")[0]
    return Content(f"{purpose} needs pip install 'mnist-tui[{EXTRA}]'")
