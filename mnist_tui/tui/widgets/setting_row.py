"""One setting in a form: its name, a field for its value, and its help or what is wrong with the value."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.suggester import SuggestFromList
from textual.widgets import Input, Label, Select, Static

from mnist_tui.config import SETTINGS, TYPES, choices
from mnist_tui.models.names import NAMES
from mnist_tui.recipes import RECIPES
from mnist_tui.render import words


class Choice(Select[str], inherit_bindings=False):
    """A Select that leaves Enter to the form, which begins with it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,space,up", "show_overlay", "Show menu", show=False)
    ]


class SettingRow(Horizontal):
    """A row of a form. `value` is what was typed, as the setting's type where it can be read as that."""

    DEFAULT_CSS = """
    SettingRow {
        height: 1;
        margin-bottom: 0;
        Label { width: 17; text-align: right; padding-right: 2; color: $text-muted; }
        Input, Select { width: 24; background: $foreground 8%; }
        Input.-textual-compact { padding: 0 1; background: $foreground 8%; }
        SelectCurrent { padding: 0 1; background: $foreground 8%; }
        Input:focus.-textual-compact, Select:focus > SelectCurrent { background: $primary 25%; }
        .words { width: 1fr; padding-left: 2; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
        /* On the row itself: Textual restyles what is in it only if it finds such a rule there. */
        &:focus-within { background: $foreground 5%; }
        &:focus-within Label { color: $text-accent; text-style: bold; }
        &.-wrong .words { color: $text-error; }
        &.-wrong Input { color: $text-error; }
        &.-changed Input, &.-changed SelectCurrent Label { text-style: bold; color: $text-warning; }
    }
    """

    def __init__(self, setting: str, value: Any) -> None:
        super().__init__()
        self.setting = setting
        self._first = value

    def compose(self) -> ComposeResult:
        """Label, field, words."""
        yield Label(self.setting.replace("_", " "))
        options = tuple(RECIPES) if self.setting == "recipe" else choices(self.setting)
        if options:
            yield Choice(
                [(option, option) for option in options], value=self._first, allow_blank=False, compact=True
            )
        else:
            suggester = SuggestFromList(NAMES) if self.setting == "model" else None
            yield Input(_text(self._first), compact=True, suggester=suggester, select_on_focus=True)
        yield Static(SETTINGS[self.setting].help, classes="words")

    @property
    def value(self) -> Any:
        """A number for a setting that is one, if it reads as one; else the text, for the check to refuse."""
        field = self._field
        if isinstance(field, Select):
            return field.value
        kind = TYPES[self.setting]
        try:
            return kind(field.value) if kind in (int, float) else field.value.strip()
        except ValueError:
            return field.value

    @value.setter
    def value(self, value: Any) -> None:
        if isinstance(self._field, Select):
            self._field.value = value
        else:
            self._field.value = _text(value)

    def tell(self, problem: str, *, changed: bool = False) -> None:
        """Show what is wrong, or the help again; and whether the value departs from the recipe."""
        self.set_class(bool(problem), "-wrong")
        self.set_class(changed and not problem, "-changed")
        # The row has the setting's name and value already.
        _, _, would_do = problem.partition(", but ")
        text = words.sentence(would_do or problem or SETTINGS[self.setting].help)
        self.query_one(".words", Static).update(Content(text))

    @property
    def _field(self) -> Input | Select[str]:
        return self.query_one("Input, Select")  # type: ignore[return-value]


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
