"""What the dashboard is, and which keys to press first."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Center, Middle
from textual.content import Content
from textual.widgets import Static

DIGITS = (
    "▗▄▖ ▗▖ ▗▄▖ ▗▄▖ ▗ ▖ ▗▄▄ ▗▄  ▗▄▄ ▗▄▖ ▗▄▖",
    "▌ ▐  ▌  ▄▞  ▄▞ ▙▄▌ ▙▄▖ ▙▄▖  ▞  ▚▄▞ ▚▄▌",
    "▚▄▞  ▌ ▐▄▄ ▚▄▞   ▌ ▄▄▞ ▚▄▞ ▐   ▚▄▞  ▄▌",
)


class Welcome(Middle):
    """What the Train screen shows before there is a run."""

    DEFAULT_CSS = """
    Welcome {
        Static { width: auto; text-align: left; }
        #digits { color: $text-primary; margin-bottom: 1; }
        #words { max-width: 66; }
    }
    """

    def compose(self) -> ComposeResult:
        with Center():
            yield Static("\n".join(DIGITS), id="digits")
        with Center():
            yield Static(_words(), id="words")


def _words() -> Content:
    return Content.from_markup(
        "Train a small network to read digits, and watch it learn.\n\n"
        "  [b $text-accent]n[/]   New run: choose dataset, model and recipe, and begin\n"
        "  [b $text-accent]5[/]   Runs: open, compare and resume what was trained\n"
        "  [b $text-accent]2[/]   Model: the layers, their parameters and what they see\n"
        "  [b $text-accent]?[/]   All keys"
    )
