"""A large digit of five by seven pixels, two per cell, as large as there is room for."""

from __future__ import annotations

WIDTH, HEIGHT = 5, 7
_GLYPHS = {
    "0": ".###. #...# #..## #.#.# ##..# #...# .###.",
    "1": "..#.. .##.. ..#.. ..#.. ..#.. ..#.. .###.",
    "2": ".###. #...# ....# ...#. ..#.. .#... #####",
    "3": ".###. #...# ....# ..##. ....# #...# .###.",
    "4": "...#. ..##. .#.#. #..#. ##### ...#. ...#.",
    "5": "##### #.... ####. ....# ....# #...# .###.",
    "6": "..##. .#... #.... ####. #...# #...# .###.",
    "7": "##### ....# ...#. ..#.. ..#.. .#... .#...",
    "8": ".###. #...# #...# .###. #...# #...# .###.",
    "9": ".###. #...# #...# .#### ....# ...#. .##..",
    "?": ".###. #...# ....# ...#. ..#.. ..... ..#..",
}
_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def draw(character: str, scale: int = 1) -> list[str]:
    """Its lines, `WIDTH * scale` wide; none for other characters."""
    if character not in _GLYPHS:
        return []
    rows = [
        [pixel == "#" for pixel in row for _ in range(scale)]
        for row in _GLYPHS[character].split()
        for _ in range(scale)
    ]
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    return [
        "".join(_HALVES[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    ]


def scale_for(width: int, lines: int, most: int = 4) -> int:
    """The largest scale that fits, but at least 1."""
    return max(1, min(width // WIDTH, 2 * lines // HEIGHT, most))
