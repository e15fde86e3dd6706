"""Numbers three rows high, which can be read from the last row of a room."""

from __future__ import annotations

ROWS = 3
_GLYPHS = {
    "0": ("█▀▀█", "█  █", "█▄▄█"),
    "1": ("▄█ ", " █ ", "▄█▄"),
    "2": ("▀▀▀█", "█▀▀▀", "█▄▄▄"),
    "3": ("▀▀▀█", " ▀▀█", "▄▄▄█"),
    "4": ("█  █", "▀▀▀█", "   █"),
    "5": ("█▀▀▀", "▀▀▀█", "▄▄▄█"),
    "6": ("█▀▀▀", "█▀▀█", "█▄▄█"),
    "7": ("▀▀▀█", "   █", "   █"),
    "8": ("█▀▀█", "█▀▀█", "█▄▄█"),
    "9": ("█▀▀█", "▀▀▀█", "▄▄▄█"),
    ".": (" ", " ", "▄"),
    "%": ("▄ ▄▀", "▄▀  ", "▀  ▀"),
    "–": ("   ", "▀▀▀", "   "),
    " ": (" ", " ", " "),
}


def large_figures(text: str) -> tuple[str, str, str]:
    """Three lines of one length. Characters other than digits, `.`, `%`, `–` and blanks are left out."""
    glyphs = [_GLYPHS[character] for character in text if character in _GLYPHS]
    upper, middle, lower = (" ".join(glyph[row] for glyph in glyphs) for row in range(ROWS))
    return upper, middle, lower
