"""One setting in a form: its name, a field for its value, and its help or what is wrong with it."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult, RenderResult
from textual.content import Content
from textual.suggester import SuggestFromList
from textual.widget import Widget
from textual.widgets import Input, Select

from mnist_tui.config import SETTINGS, TYPES, choices
from mnist_tui.models.registry import NAMES
from mnist_tui.recipes import RECIPES
from mnist_tui.render import formatting
from mnist_tui.tui.textual_fixes.widgets import FormSelect

# The width of a setting's name, and the blanks between the parts of a row.
_NAME, _GAP = 15, 2
# The width of the field, and the width of the row from which the field is wide.
_FIELD, _WIDE_FIELD, _WIDE = 16, 24, 80


class SettingRow(Widget):
    """A row of a form. `value` is what was typed, as a number if the setting is one and it can be read as one.

    Name and help are drawn by the row itself: a form has thirty rows, and opens the faster the fewer widgets they have.
    """

    DEFAULT_CSS = """
    SettingRow {
        height: 1;
        layout: horizontal;
        Input, Select { width: 16; margin-left: 17; background: $foreground 8%; }
        Input.-textual-compact { padding: 0 1; background: $foreground 8%; }
        Select.-textual-compact > SelectCurrent { padding: 0 1; background: transparent; }
        Input:focus.-textual-compact, Select:focus { background: $primary 25%; }
        Select:focus.-textual-compact > SelectCurrent { background: transparent; }
        /* On the row itself: Textual restyles what is in it only if it finds such a rule there. */
        &:focus-within { background: $foreground 5%; }
        &.-wrong Input { color: $text-error; }
        &.-changed Input, &.-changed SelectCurrent Label { text-style: bold; color: $text-warning; }
    }
    """

    def __init__(self, setting: str, value: Any) -> None:
        super().__init__()
        self.setting = setting
        self.text = SETTINGS[setting].help
        """Beside the field: what the setting means, or what is wrong with its value."""
        self._first = value

    def compose(self) -> ComposeResult:
        options = tuple(RECIPES) if self.setting == "recipe" else choices(self.setting)
        if options:
            yield FormSelect(
                [(option, option) for option in options], value=self._first, allow_blank=False, compact=True
            )
        else:
            suggester = SuggestFromList(NAMES) if self.setting == "model" else None
            yield Input(_text(self._first), compact=True, suggester=suggester, select_on_focus=True)

    def on_resize(self) -> None:
        self._field.styles.width = self._field_width

    def render(self) -> RenderResult:
        name, here = self.setting.replace("_", " "), self.has_focus_within
        gap = " " * (_GAP + self._field_width + _GAP)
        room = max(0, self.size.width - _NAME - len(gap))
        return Content.assemble(
            (f"{name:>{_NAME}}", "bold $text-accent" if here else "$muted"),
            gap,
            Content.styled(self.text, "$text-error" if self.has_class("-wrong") else "$muted").truncate(
                room, ellipsis=True
            ),
        )

    @property
    def _field_width(self) -> int:
        return _WIDE_FIELD if self.size.width >= _WIDE else _FIELD

    @property
    def value(self) -> Any:
        """A number, or the text: for a number that cannot be read, for the check to refuse."""
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

    def show_problem(self, problem: str, *, changed: bool = False) -> None:
        """Show what is wrong, or the help again; and whether the value differs from the recipe."""
        self.set_class(bool(problem), "-wrong")
        self.set_class(changed and not problem, "-changed")
        # The row has the setting's name and value already.
        _, _, would_do = problem.partition(", but ")
        text = formatting.capitalize(would_do or problem or SETTINGS[self.setting].help)
        if text != self.text:
            self.text = text
            self.refresh()

    @property
    def _field(self) -> Input | Select[str]:
        return self.query_one("Input, Select")  # type: ignore[return-value]


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
