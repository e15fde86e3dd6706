"""All settings of a run as one list: a line each, with one field that is wherever the cursor is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Click, Key
from textual.geometry import Region
from textual.message import Message
from textual.widgets import Input, Static
from textual.widgets.input import Selection

from mnist_tui.config import SETTINGS
from mnist_tui.models.registry import NAMES
from mnist_tui.recipes import RECIPES
from mnist_tui.render import formatting
from mnist_tui.tui.keys import bind
from mnist_tui.tui.run_draft import ASKED, RunDraft, list_choices
from mnist_tui.tui.widgets.path_suggester import PathSuggester

# The width of a setting's name and of its field, and the blanks between the parts of a line.
_NAME, _FIELD, _GAP = 16, 26, 2


_SUGGESTERS: Mapping[str, PathSuggester] = {
    "model": PathSuggester(NAMES, (".py", ".ipynb")),
    "teacher": PathSuggester(tuple(RECIPES)),
}


def complete_model(typed: str) -> str | None:
    """The name or file of a model that begins with what was typed; None if there is none."""
    return _SUGGESTERS["model"].complete(typed)


class SettingsList(VerticalScroll, can_focus=True):
    """The lines are one text, since a widget for each of them would take most of a second to mount."""

    DEFAULT_CSS = """
    SettingsList {
        height: 1fr;
        & > #lines { width: 100%; height: auto; text-wrap: nowrap; }
        & > Input.-textual-compact {
            position: absolute; width: 26; height: 1; padding: 0 1; background: $primary 25%;
        }
        & > Input.-wrong { color: $text-error; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *(bind(key, "move(-1)", "Up", show=False) for key in ("previous-row", "backward")),
        *(bind(key, "move(1)", "Down", show=False) for key in ("next-row", "onward")),
        bind("page-up", "move(-10)", "Page up", show=False),
        bind("page-down", "move(10)", "Page down", show=False),
        bind("previous-choice", "step(-1)", "Previous choice", show=False),
        *(bind(key, "step(1)", "Next choice", show=False) for key in ("next-choice", "enter")),
    ]

    class Edited(Message):
        """A setting has another value."""

    class Moved(Message):
        """The cursor is on another setting; before the first one where `is_above`."""

        def __init__(self, *, is_above: bool = False) -> None:
            super().__init__()
            self.is_above = is_above

    def __init__(self, draft: RunDraft) -> None:
        super().__init__()
        self.draft = draft
        self.names: tuple[str, ...] = ASKED
        """The settings that are listed."""
        self.cursor = 0
        self.problems: dict[str, str] = {}
        self._lines = Static(id="lines")
        self._field = Input(compact=True, select_on_focus=True)

    def compose(self) -> ComposeResult:
        yield self._lines
        yield self._field

    def on_mount(self) -> None:
        self.show_values()

    def on_resize(self) -> None:
        self.draw()

    @property
    def setting(self) -> str:
        """The setting under the cursor; "" where none is listed."""
        return self.names[self.cursor] if self.names else ""

    def show_names(self, names: tuple[str, ...]) -> None:
        """List these settings only; the cursor goes to the first."""
        if names != self.names:
            self.commit()
            self.names, self.cursor = names, 0
            self.show_values()

    def go_to(self, setting: str) -> None:
        """Put the cursor and the focus on a setting."""
        self.commit()
        if setting in self.names:
            self.cursor = self.names.index(setting)
            self._place_field()
            self.take_focus()
            self.draw()
            self.post_message(self.Moved())

    def take_focus(self) -> None:
        """Focus what edits the setting under the cursor."""
        if self.names and list_choices(self.setting):
            self.focus()
        elif self.names:
            self._field.focus()
            self._field.selection = Selection(0, len(self._field.value))  # which the focus does only later

    def show_values(self) -> None:
        """Show what the draft has now, in the field too."""
        self._place_field()
        self.draw()

    def draw(self) -> None:
        """Draw all lines anew."""
        self.problems = self.draft.find_problems()
        changed, width = self.draft.changed(), self.scrollable_content_region.width
        lines: list[Content] = []
        for group, names in groupby(self.names, key=lambda name: SETTINGS[name].group):
            lines.append(Content.styled(f"  {group}", "bold $text-accent"))
            lines += [self._line(name, is_changed=name in changed, width=width) for name in names]
        self._lines.update(Content("\n").join(lines) if lines else Content.styled("  No such setting.", "$text-muted"))
        self._field.set_class(self.setting in self.problems, "-wrong")

    def action_move(self, lines: int) -> None:
        """Go up or down; from the first line further up to the field that finds settings."""
        if self.cursor + lines < 0 and self.cursor == 0:
            self.post_message(self.Moved(is_above=True))
        elif self.names:
            self.go_to(self.names[max(0, min(self.cursor + lines, len(self.names) - 1))])

    def action_step(self, direction: int) -> None:
        """Take the next or the previous choice."""
        if list_choices(self.setting):
            self.draft.step(self.setting, direction)
            self._edited()

    def on_click(self, event: Click) -> None:
        """Go to the line that was clicked; on an arrow beside a choice, take another one too."""
        at = event.get_content_offset(self._lines)
        setting = self._setting_at(at.y) if at is not None else ""
        if at is None or not setting:
            return
        self.go_to(setting)
        start = _NAME + _GAP
        if start <= at.x < start + 2:
            self.action_step(-1)
        elif start + _FIELD - 2 <= at.x < start + _FIELD:
            self.action_step(1)

    def on_key(self, event: Key) -> None:
        """A letter goes to the next choice that begins with it."""
        options = list_choices(self.setting)
        if self.has_focus and event.is_printable and event.character and options:
            at = options.index(self.draft.text(self.setting)) if self.draft.text(self.setting) in options else 0
            later = [*options[at + 1 :], *options[: at + 1]]
            found = next((option for option in later if option.startswith(event.character)), None)
            if found is not None:
                event.stop()
                self.draft.type(self.setting, found)
                self._edited()

    def commit(self) -> None:
        """Take what is in the field: the message that it has changed may still be on its way when a key comes."""
        if self._field.display and self.setting and self._field.value != self.draft.text(self.setting):
            self.draft.type(self.setting, self._field.value)
            self._edited()

    @on(Input.Changed)
    def _take_change(self, event: Input.Changed) -> None:
        event.stop()
        self.commit()

    def _edited(self) -> None:
        self.draw()
        self.post_message(self.Edited())

    def _place_field(self) -> None:
        """Put the field on the line of the cursor, with its value; a choice is drawn instead."""
        self._field.display = bool(self.setting) and not list_choices(self.setting)
        if not self.setting:
            return
        line = self._line_number()
        self._field.styles.offset = (_NAME + _GAP, line)
        self._field.suggester = _SUGGESTERS.get(self.setting)
        with self._field.prevent(Input.Changed):
            self._field.value = self.draft.text(self.setting)
        self.scroll_to_region(Region(0, line - 1, 1, 3), animate=False, force=True, x_axis=False)

    def _line_number(self) -> int:
        return self._lines_of(self.names).index(self.setting)

    def _setting_at(self, line: int) -> str:
        """The setting on a line; "" for the head of a group, or none."""
        lines = self._lines_of(self.names)
        return lines[line] if 0 <= line < len(lines) else ""

    @staticmethod
    def _lines_of(names: Sequence[str]) -> list[str]:
        """The setting on each line; "" for the head of a group."""
        groups = groupby(names, key=lambda name: SETTINGS[name].group)
        return [line for _, members in groups for line in ("", *members)]

    def _line(self, name: str, *, is_changed: bool, width: int) -> Content:
        is_here = name == self.setting
        problem = self.problems.get(name, "")
        # The line has the setting's name and value already.
        _, _, expected = problem.partition(", but ")
        text = formatting.capitalize(expected or problem or SETTINGS[name].help)
        room = max(0, width - _NAME - _FIELD - 2 * _GAP)
        return Content.assemble(
            (f"{name.replace('_', ' '):>{_NAME}}", "bold $text-accent" if is_here else "$muted"),
            " " * _GAP,
            self._value(name, is_here=is_here, is_changed=is_changed and not problem),
            " " * _GAP,
            Content.styled(text, "$text-error" if problem else "$foreground 75%").truncate(room, ellipsis=True),
        )

    def _value(self, name: str, *, is_here: bool, is_changed: bool) -> Content:
        value, style = self.draft.text(name), "bold $text-warning" if is_changed else ""
        if not list_choices(name):
            text = f" {value}"
            return Content.styled(f"{text[:_FIELD]:<{_FIELD}}", f"{style} on $foreground 8%".strip())
        background = "on $primary 25%" if is_here else "on $foreground 8%"
        return Content.styled(f"‹ {value:<{_FIELD - 4}} ›", f"{style} {background}".strip())
