"""Every key of the dashboard, declared once: one key has one meaning on all screens.

A screen binds an action to an entry by its id (`bind`). The user's keymap names the same ids, and help and the
documentation list them from here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from textual.app import App
from textual.binding import Binding


class KeyEntry(NamedTuple):
    """A meaning, and the keys that have it wherever it applies."""

    id: str
    keys: str
    """Names as Textual has them, separated by commas."""
    meaning: str
    display: str = ""
    """As the user reads it, where that differs from what Textual makes of the key's name."""
    importance: int = 50
    """The key bar leaves out the lowest first."""


SCREEN_KEYS = (
    KeyEntry("screen-train", "1", "Train: start a run and watch it learn"),
    KeyEntry("screen-model", "2", "Model: layers, filters, feature maps and attribution"),
    KeyEntry("screen-evaluate", "3", "Evaluate: what a network gets right and wrong"),
    KeyEntry("screen-draw", "4", "Draw: draw a digit and watch the answer"),
    KeyEntry("screen-runs", "5", "Runs: open, compare, resume and export what was trained"),
)
RUN_KEYS = (
    KeyEntry("new-run", "n", "New run, with the settings of the run that is shown", importance=80),
    KeyEntry("toggle", "space", "Pause or resume, mark, set the pen down, show or hide", importance=95),
    KeyEntry("stop", "s", "Stop the run, with a checkpoint", importance=90),
    KeyEntry("resume", "r", "Resume a stopped run", importance=85),
    KeyEntry("one-more", "plus,plus_sign", "One more epoch", "+", importance=85),
    KeyEntry("export", "x", "Export the epoch table or the network", importance=60),
    KeyEntry("evaluate", "e", "Evaluate now", importance=60),
    KeyEntry("compare", "c", "Compare the marked runs", importance=75),
    KeyEntry("pin", "p", "Pin a run as the reference behind the live curve", importance=40),
    KeyEntry("rename", "R", "Rename the run", importance=35),
    KeyEntry("delete", "delete,backspace", "Delete the run, or clear the canvas", "Del", importance=45),
    KeyEntry("filter", "slash", "Filter a list", "/", importance=55),
    KeyEntry("order", "o", "Order the list by another column", importance=45),
)
NETWORK_KEYS = (
    KeyEntry("network", "N", "Choose the network to show", importance=65),
    KeyEntry("draw-it", "d", "Lay the image on the Draw screen", importance=60),
    KeyEntry("why", "w", "Why this answer? Opens Model with the image", importance=70),
    KeyEntry("images", "i", "Choose images: by number, by class, or your drawing", importance=60),
    KeyEntry("next-image", "full_stop", "Next image", ".", importance=70),
    KeyEntry("previous-image", "comma", "Previous image", ",", importance=40),
    KeyEntry("next-class", "greater_than_sign", "Next class", ">", importance=45),
    KeyEntry("previous-class", "less_than_sign", "Previous class", "<", importance=30),
    KeyEntry("attribution", "a", "Attribution method", importance=55),
    KeyEntry("test-image", "t", "Put the next test image on the canvas", importance=65),
    KeyEntry("brush", "b", "Pen or eraser", importance=60),
    KeyEntry("undo", "u", "Undo", importance=70),
    KeyEntry("redo", "ctrl+y", "Redo", importance=40),
    KeyEntry("invert", "tilde", "Invert the canvas", "~", importance=20),
)
VIEW_KEYS = (
    KeyEntry("zoom", "z", "Zoom the focused panel, or show all panels again", importance=75),
    KeyEntry("view", "v", "Other view of a table or a chart", importance=65),
    KeyEntry("y-axis", "y", "Y axis of a chart: linear or logarithmic, accuracy or error", importance=50),
    KeyEntry("smoothing", "m", "Smoothing of the training curve", importance=45),
    KeyEntry("zoom-in", "right_square_bracket", "Zoom into the chart", "]", importance=30),
    KeyEntry("zoom-out", "left_square_bracket", "Zoom out of the chart", "[", importance=25),
    KeyEntry("whole-run", "0", "The whole run in the chart", importance=20),
    KeyEntry("notices", "exclamation_mark", "All notices of the run", "!", importance=40),
    KeyEntry("projector", "P", "Projector: large figures for a lecture hall", importance=30),
)
MOVE_KEYS = (
    KeyEntry("enter", "enter", "Open, label or read off what the cursor is on", "⏎", importance=88),
    KeyEntry("back", "escape", "Back, or close", "Esc", importance=85),
    KeyEntry("up", "up,k", "Up"),
    KeyEntry("down", "down,j", "Down"),
    KeyEntry("left", "left,h", "Left"),
    KeyEntry("right", "right,l", "Right"),
    KeyEntry("page-up", "pageup", "Page up"),
    KeyEntry("page-down", "pagedown", "Page down"),
    KeyEntry("first", "home,g", "First row"),
    KeyEntry("last", "end,G", "Last row"),
)
APP_KEYS = (
    KeyEntry("help", "question_mark", "Help: all keys, and what is on the screen", "?", importance=99),
    KeyEntry("palette", "ctrl+p", "Find a command of any screen", importance=10),
    KeyEntry("theme", "T", "Light or dark", importance=10),
    KeyEntry("quit", "q", "Quit", importance=98),
    KeyEntry("quit-now", "ctrl+c,ctrl+q", "Quit at once", importance=10),
    KeyEntry("suspend", "ctrl+z", "Suspend to the shell", importance=10),
)
# A dialog answers to these and to no other letter, so they cannot be taken for the keys of a screen.
DIALOG_KEYS = (
    KeyEntry("begin-now", "ctrl+s", "Begin the run from any field", importance=60),
    KeyEntry("onward", "tab", "All settings, the next field, or the rest of a name", "Tab", importance=80),
    KeyEntry("backward", "shift+tab", "The field before", importance=20),
    KeyEntry("previous-row", "up", "The row above", importance=20),
    KeyEntry("next-row", "down", "The row below", importance=20),
    KeyEntry("previous-choice", "left", "The choice before", importance=20),
    KeyEntry("next-choice", "right", "The next choice", importance=20),
    KeyEntry("take-back", "backspace", "Take back a letter, or what differs from the recipe", importance=20),
    KeyEntry("yes", "y", "Yes", importance=90),
    KeyEntry("no", "n", "No", importance=90),
)

KEYS = {
    entry.id: entry
    for group in (SCREEN_KEYS, RUN_KEYS, NETWORK_KEYS, VIEW_KEYS, MOVE_KEYS, APP_KEYS, DIALOG_KEYS)
    for entry in group
}


def key_display(app: App[Any], id: str) -> str:
    """The first key of an entry as the user reads it, under the user's own keymap."""
    changed = getattr(app, "keymap", {}).get(id)
    binding = bind(id, "") if changed is None else Binding(changed.partition(",")[0], "")
    return app.get_key_display(binding.with_key(binding.key.partition(",")[0], binding.key_display))


def bind(id: str, action: str, description: str = "", *, show: bool = True, priority: bool = False) -> Binding:
    """The binding of `action` to the keys of this entry; without a description it is listed nowhere."""
    entry = KEYS[id]
    display = entry.display or None
    return Binding(entry.keys, action, description, show=show, key_display=display, priority=priority, id=id)
