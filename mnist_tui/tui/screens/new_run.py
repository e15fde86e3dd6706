"""The form of a new run: every setting, filled from the recipe, checked as it is typed."""

from __future__ import annotations

from itertools import groupby
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import DescendantFocus
from textual.widgets import Button, Input, Label, Select, Static

from mnist_tui import models
from mnist_tui.config import SETTINGS, TrainConfig, find_problems
from mnist_tui.errors import MnistTuiError
from mnist_tui.recipes import OUTSIDE_RECIPES, RECIPES
from mnist_tui.runs.config_diff import config_diff
from mnist_tui.tui.keys import bind
from mnist_tui.tui.preferences import Preferences
from mnist_tui.tui.screens.modal import Modal
from mnist_tui.tui.widgets.setting_row import SettingRow

# Not asked for: the key `+` adds these.
_OMITTED = {"extra_epochs"}


class NewRunForm(Modal[TrainConfig | None]):
    """Enter or Ctrl+S returns the settings, Esc returns None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("back", "cancel", "Cancel"),
        bind("enter", "begin", "Begin"),
        bind("begin-now", "begin", "Begin", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    NewRunForm {
        align: center middle;
        #form {
            width: 112;
            max-width: 96%;
            height: 52;
            max-height: 96%;
            border: round $primary;
            border-title-style: bold;
            background: $surface;
            padding: 0 1;
        }
        VerticalScroll { height: 1fr; }
        .group { width: 100%; color: $text-accent; text-style: bold; margin-top: 1; padding-left: 2; }
        #foot { height: 2; margin-top: 1; }
        #verdict { width: 1fr; padding-left: 2; color: $text-muted; }
        #verdict.-wrong { color: $text-error; }
        Button { margin-left: 2; min-width: 12; }
    }
    """

    def __init__(self, config: TrainConfig, preferences: Preferences) -> None:
        super().__init__()
        self._config, self._preferences = config, preferences
        self._recipe = config.recipe
        self._invalid: dict[str, str] = {}
        self._check_is_due = False

    def compose(self) -> ComposeResult:
        values = self._config.to_dict()
        with Vertical(id="form") as form:
            form.border_title = "New run"
            form.border_subtitle = "Tab moves · Enter begins · Esc cancels"
            with VerticalScroll():
                shown = [name for name in SETTINGS if name not in _OMITTED]
                for group, names in groupby(shown, key=lambda name: SETTINGS[name].group):
                    yield Label(group, classes="group")
                    for name in names:
                        yield SettingRow(name, values[name])
            with Horizontal(id="foot"):
                yield Static(id="verdict")
                yield Button("Begin", variant="primary", id="begin", compact=True)
                yield Button("Cancel", id="cancel", compact=True)

    def on_mount(self) -> None:
        self.query(SettingRow).first().query_one("Input, Select").focus()
        self._check()

    @on(Input.Changed)
    @on(Select.Changed)
    def field_changed(self) -> None:
        """Check once for all fields that change together: each posts a message, also as the form opens."""
        if not self._check_is_due:
            self._check_is_due = True
            self.call_later(self._apply_changes)

    def _apply_changes(self) -> None:
        """Fill in another recipe's settings, and check all."""
        self._check_is_due = False
        recipe = self._values()["recipe"]
        if recipe != self._recipe and recipe in RECIPES:
            before, self._recipe = RECIPES[self._recipe], recipe
            self._fill(RECIPES[recipe], before)
        self._check()

    @on(DescendantFocus)
    def show_verdict(self) -> None:
        """Say what is wrong, or what the setting with the focus means: its row may have no room for all of that."""
        focused = [row.setting for row in self.query(SettingRow) if row.has_focus_within]
        helps = [SETTINGS[setting].help for setting in focused]
        verdict = self.query_one("#verdict", Static)
        verdict.set_class(bool(self._invalid), "-wrong")
        count = f"{len(self._invalid)} settings to correct" if len(self._invalid) > 1 else ""
        verdict.update(Content(count or next(iter([*self._invalid.values(), *helps]), "Ready to begin.")))

    @on(Input.Submitted)
    @on(Button.Pressed, "#begin")
    def action_begin(self) -> None:
        """Start the run, if nothing is wrong."""
        values = self._values()
        if not self._problems(values):
            self._preferences.remember(form=values)
            self.dismiss(TrainConfig.from_dict(values))

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Close the form without a run."""
        self.dismiss(None)

    def _fill(self, config: TrainConfig, before: TrainConfig) -> None:
        """Take the recipe's settings; its own model too, unless the user has chosen one."""
        values = config.to_dict()
        for row in self.query(SettingRow):
            own_model = row.setting == "model" and row.value == before.model
            if own_model or row.setting not in OUTSIDE_RECIPES:
                row.value = values[row.setting]

    def _values(self) -> dict[str, Any]:
        return {row.setting: row.value for row in self.query(SettingRow)}

    def _problems(self, values: dict[str, Any]) -> dict[str, str]:
        problems = find_problems(values)
        if "model" not in problems:
            try:
                models.resolve_spec(values["model"])
            except MnistTuiError as error:
                problems["model"] = str(error)
        return problems

    def _check(self) -> None:
        values = self._values()
        self._invalid = self._problems(values)
        changed = {change.setting for change in config_diff(values)}
        for row in self.query(SettingRow):
            row.show_problem(self._invalid.get(row.setting, ""), changed=row.setting in changed)
        self.query_one("#begin", Button).disabled = bool(self._invalid)
        self.show_verdict()
