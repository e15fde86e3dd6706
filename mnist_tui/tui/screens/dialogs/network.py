"""Asks which network to show."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Label, OptionList
from textual.widgets.option_list import Option

from mnist_tui.errors import RunError
from mnist_tui.runs import Run
from mnist_tui.runs.find import list_with_weights
from mnist_tui.tui.screens.dialogs.base import Dialog
from mnist_tui.tui.textual_fixes.widgets import SafeOptionList


@dataclass(frozen=True)
class NetworkChoice:
    """A run's network; for None the network in training, or else that of the newest finished run."""

    run: Run | None


class _RunsListed(Message):
    def __init__(self, found: list[tuple[Run, str]], error: str = "") -> None:
        super().__init__()
        self.found, self.error = found, error


class NetworkDialog(Dialog[NetworkChoice]):
    """All runs that have weights, the newest first, below the default."""

    def __init__(self, runs_dir: Path, chosen: Run | None) -> None:
        super().__init__()
        self._runs_dir, self._chosen = runs_dir, chosen
        self._runs: list[Run | None] = [None]

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = "Network"
            yield SafeOptionList(Option("The network in training, else the newest finished run"))
            yield Label("", classes="complaint")

    def on_mount(self) -> None:
        self._list_runs()

    @work(thread=True)
    def _list_runs(self) -> None:
        try:
            found = list_with_weights(self._runs_dir)
            self.post_message(_RunsListed([(run, _model_of(run)) for run in found]))
        except RunError as error:
            self.post_message(_RunsListed([], f"{error}. {error.remedy}"))

    @on(_RunsListed)
    def _fill(self, message: _RunsListed) -> None:
        options = self.query_one(OptionList)
        for run, model in message.found:
            self._runs.append(run)
            options.add_option(Option(Content.assemble(run.name, (f"  {model}", "$muted"))))
        if self._chosen in self._runs:
            options.highlighted = self._runs.index(self._chosen)
        self.query_one(".complaint", Label).update(Content(message.error))

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(NetworkChoice(self._runs[event.option_index]))


def _model_of(run: Run) -> str:
    """`reference on mnist`; empty for a run whose record cannot be read."""
    try:
        record = run.record()
    except RunError:
        return ""
    return f"{record.model.name or ''} on {record.data.name or ''}"
