"""The line at the top of each screen: the screens with their keys, the run in training, and the session's phase."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual.app import RenderResult
from textual.content import Content
from textual.events import Click
from textual.reactive import reactive
from textual.widget import Widget

from mnist_tui.runs import RunRecord
from mnist_tui.tui.keys import key_display
from mnist_tui.tui.session import Session, SessionPhase

# The program's name, and the width from which there is room for it.
_NAME, _ROOMY = " mnist-tui ", 72


class Tab(NamedTuple):
    """A screen: its name for the app's action `open`, and its title."""

    name: str
    title: str


class TitleBar(Widget):
    """One row. The run in the middle gives way first when there is no room."""

    DEFAULT_CSS = """
    TitleBar {
        dock: top;
        height: 1;
        background: $panel;
        color: $foreground;
    }
    """

    record: reactive[RunRecord | None] = reactive(None)
    phase = reactive(SessionPhase.IDLE)

    def __init__(self, tabs: Sequence[Tab], current: str) -> None:
        super().__init__()
        self._tabs = tabs
        self._current = current

    def show(self, session: Session) -> None:
        """Draw the session's run and phase."""
        self.phase, self.record = session.phase, session.history.record

    def render(self) -> RenderResult:
        """Name and tabs left, run and phase right."""
        left, right = self._left(), self._phase_content()
        room = self.size.width - left.cell_length - right.cell_length
        middle = Content.styled(run_facts(self.record, room - 4) + "  ", "$muted")
        gap = " " * max(0, room - middle.cell_length)
        return Content.assemble(left, gap, middle, right)

    def _left(self) -> Content:
        parts = [Content.styled(_NAME, "bold $text-accent")] if self._is_roomy else []
        for name, label in self._tabs:
            key = key_display(self.app, f"screen-{name}")
            current = name == self._current
            parts.append(Content.styled(f" {key} ", "bold $text on $primary" if current else "$text-accent"))
            parts.append(Content.styled(f"{label} ", "bold $text on $primary" if current else ""))
        return Content.assemble(*parts)

    @property
    def _is_roomy(self) -> bool:
        return self.size.width >= _ROOMY

    def _phase_content(self) -> Content:
        return Content.styled(f"● {self.phase.value} ", f"bold $text-{self.phase.color}")

    async def on_click(self, event: Click) -> None:
        # Open the tab under the mouse.
        column = event.x - (len(_NAME) if self._is_roomy else 0)
        for name, label in self._tabs:
            width = len(key_display(self.app, f"screen-{name}")) + len(label) + 3
            if 0 <= column < width:
                await self.app.run_action(f"app.open('{name}')")
                return
            column -= width


def run_facts(record: RunRecord | None, room: int) -> str:
    """What a run trains, and on which machine; the least important parts are left out where there is no room."""
    if record is None:
        return ""
    data, model = record.data.name or "?", record.model.name or "?"
    recipe = f"{record.text('recipe') or '?'} recipe"
    machine = str(record.machine)
    backend = [record.machine.backend] if record.machine.backend else []
    choices = (
        [data, f"model {model}", recipe, machine, *backend],
        [data, f"model {model}", recipe, machine],
        [data, model, recipe, machine],
        [data, model, machine],
        [data, model],
        [data],
    )
    texts = (" · ".join(words) for words in choices)
    return next((text for text in texts if len(text) <= room), "")
