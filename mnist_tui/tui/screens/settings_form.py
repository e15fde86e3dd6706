"""The second step of a new run: every setting, found by typing and checked as it is typed."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Key
from textual.widgets import Button, Input, Static

from mnist_tui.config import SETTINGS
from mnist_tui.tui.keys import bind
from mnist_tui.tui.run_draft import ASKED, RunDraft
from mnist_tui.tui.screens.modal import Modal
from mnist_tui.tui.widgets.settings_list import SettingsList


class SettingsForm(Modal[bool]):
    """Edits the draft. Ctrl+S returns True: begin; Esc False: what was typed stays in the draft.

    Enter begins in the field of a setting only: keys that were typed before the form was up may have been lost, and
    must not begin a run without what they would have changed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("back", "back", "Back"),
        bind("begin-now", "begin", "Begin", priority=True),
        *(bind(key, "enter_list", "To the settings", show=False) for key in ("onward", "next-row")),
    ]
    DEFAULT_CSS = """
    SettingsForm {
        align: center middle;
        background: $background 60%;
        #form {
            width: 116;
            max-width: 96%;
            height: 54;
            max-height: 96%;
            border: round $primary;
            border-title-style: bold;
            border-subtitle-color: $foreground 75%;
            background: $surface;
            padding: 0 1;
        }
        #find { margin: 0 0 1 0; padding: 0 1; height: 1; background: $foreground 8%; }
        #find:focus { background: $primary 25%; }
        #foot { height: 2; margin-top: 1; }
        #verdict { width: 1fr; padding-left: 2; color: $foreground 75%; }
        #verdict.-wrong { color: $text-error; }
        Button { margin-left: 2; min-width: 12; }
    }
    """

    def __init__(self, draft: RunDraft) -> None:
        super().__init__()
        self.settings = SettingsList(draft)
        self._draft = draft

    def compose(self) -> ComposeResult:
        with Vertical(id="form") as form:
            form.border_title = "New run › all settings"
            form.border_subtitle = "↑↓ setting · ←→ choice · Ctrl+S begin · Esc back"
            yield Input(placeholder="Find a setting, or set one: lr=0.1", id="find", compact=True)
            yield self.settings
            with Horizontal(id="foot"):
                yield Static(id="verdict")
                yield Button("Begin", variant="primary", id="begin", compact=True)
                yield Button("Back", id="cancel", compact=True)

    def on_mount(self) -> None:
        self.query_one("#find").focus()
        self._show_verdict()

    @on(Input.Changed, "#find")
    def _find(self) -> None:
        """List the settings whose name has the letters typed, those that begin with them first."""
        wanted = self.query_one("#find", Input).value.partition("=")[0].strip().lower().replace(" ", "_")
        found = [name for name in ASKED if wanted in name]
        self.settings.show_names(
            tuple(sorted(found, key=lambda name: not name.startswith(wanted)) if wanted else ASKED)
        )

    @on(Input.Submitted, "#find")
    def _take_found(self, event: Input.Submitted) -> None:
        """Set what was typed as `name=value`, or go to what was found."""
        event.stop()
        self._find()  # the message that the text has changed may still be on its way
        name, assigns, value = (part.strip() for part in event.value.partition("="))
        if assigns and self.settings.setting:
            exact = name.replace(" ", "_")
            self._draft.type(exact if exact in ASKED else self.settings.setting, value)
            event.input.clear()
            self.settings.show_values()
            self._show_verdict()
        else:
            self.settings.take_focus()

    def take_typed_ahead(self, event: Key) -> None:
        field = self.focused
        if isinstance(field, Input) and event.character:
            field.replace(event.character, *field.selection)

    def action_enter_list(self) -> None:
        """From the field that finds settings to the first of them."""
        if self.query_one("#find").has_focus:
            self._find()
            self.settings.go_to(self.settings.setting)

    @on(SettingsList.Edited)
    @on(SettingsList.Moved)
    def _list_changed(self, event: SettingsList.Edited | SettingsList.Moved) -> None:
        if isinstance(event, SettingsList.Moved) and event.is_above:
            self.query_one("#find").focus()
        self._show_verdict()

    def _show_verdict(self) -> None:
        """Say what is wrong, or what the setting under the cursor means: its line may have no room for all of that."""
        problems, here = self.settings.problems, self.settings.setting
        verdict = self.query_one("#verdict", Static)
        verdict.set_class(bool(problems), "-wrong")
        count = f"{len(problems)} settings to correct" if len(problems) > 1 else ""
        own = problems.get(here) or count or next(iter(problems.values()), "")
        verdict.update(Content(own or (SETTINGS[here].help if here else "")))
        self.query_one("#begin", Button).disabled = bool(problems)

    @on(Input.Submitted, "SettingsList Input")
    @on(Button.Pressed, "#begin")
    def action_begin(self) -> None:
        """Begin the run, if nothing is wrong."""
        self.settings.commit()
        if not self._draft.find_problems():
            self.dismiss(True)

    @on(Button.Pressed, "#cancel")
    def action_back(self) -> None:
        """Back to the recipes, with what was typed."""
        self.dismiss(False)
