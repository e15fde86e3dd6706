"""The colors that a theme need not give: derived from those it has, and readable on all of its grounds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.color import Color
from textual.theme import Theme

# What WCAG 2 (level AA) asks of text, and of lines and signs that carry a meaning.
TEXT_CONTRAST, LINE_CONTRAST = 4.5, 3.0

GROUNDS = ("background", "surface", "panel")
"""What text is written on: the screen, dialogs, and the bars at its top and bottom."""

RUN_COLORS = tuple(f"run-{number}" for number in range(1, 9))
"""The variables with the colors in which runs are compared: in slots 0 to 7."""

_TEXTS = ("primary", "accent", "warning", "error", "success")
# Hues for a theme that gives none: they are lightened or darkened until they can be seen on its grounds.
_RUNS = ("#1783eb", "#ea5107", "#81dd4b", "#e656af", "#46e2ea", "#a7a2fd", "#a1a469", "#feaea9")
_HUES = {
    "train": "#458cf3",
    "validation": "#45c17b",
    "test": "#ffbe5c",
    **dict(zip(RUN_COLORS, _RUNS, strict=True)),
}
_BLACK, _WHITE = Color(0, 0, 0), Color(255, 255, 255)
_STEP = 0.02
_MUTED_SHARE, _LINE_SHARE, _GUIDE_SHARE, _SELECTED_SHARE = 0.68, 0.45, 0.2, 0.4

# For a theme of the terminal's own colors, whose contrast is up to the terminal.
_ANSI_RUNS = ("blue", "yellow", "green", "magenta", "cyan", "red", "bright_blue", "bright_green")
_OF_THE_TERMINAL = {
    **dict.fromkeys(("muted", "ghost", "on-primary"), "ansi_default"),
    **dict.fromkeys(("line", "guide"), "ansi_bright_black"),
    "selected": "ansi_blue",
    "train": "ansi_bright_blue",
    "validation": "ansi_green",
    "test": "ansi_yellow",
    **{name: f"ansi_{color}" for name, color in zip(RUN_COLORS, _ANSI_RUNS, strict=True)},
}


def contrast(one: Color, other: Color) -> float:
    """The ratio of their luminances as WCAG 2 defines it: from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def readable(color: Color, grounds: Sequence[Color], ratio: float) -> Color:
    """The color, mixed with as little white or black as gives it this contrast to all grounds."""
    for step in range(round(1 / _STEP) + 1):
        for end in (_WHITE, _BLACK):
            mixed = color.blend(end, step * _STEP)
            if all(contrast(mixed, ground) >= ratio for ground in grounds):
                return mixed
    return max(_WHITE, _BLACK, key=lambda end: min(contrast(end, ground) for ground in grounds))


def complete(theme: Theme) -> dict[str, str]:
    """Every variable that our widgets use, beyond Textual's own, for a theme that need not name any of them.

    `muted` is secondary text; `line` borders and axes, `guide` lines that only decorate; `selected` lies under the row
    with the cursor, `on-primary` upon the primary color; `train`, `validation`, `test` and `ghost` are curves, and
    `run-1` to `run-8` those of compared runs.
    """
    if theme.ansi:
        return _OF_THE_TERMINAL
    if theme.variables.keys() >= _OF_THE_TERMINAL.keys():
        return {}
    given = theme.to_color_system().generate() | theme.variables
    colors = {name: Color.parse(given[name]) for name in (*GROUNDS, "foreground", "primary")}
    background, foreground = colors["background"], colors["foreground"]
    grounds = [colors[name] for name in GROUNDS]
    derived = {
        "muted": readable(background.blend(foreground, _MUTED_SHARE), grounds, TEXT_CONTRAST),
        "line": readable(background.blend(foreground, _LINE_SHARE), grounds[:2], LINE_CONTRAST),
        "guide": background.blend(foreground, _GUIDE_SHARE),
        "ghost": readable(background.blend(foreground, _LINE_SHARE), grounds[:2], LINE_CONTRAST),
        "on-primary": readable(colors["primary"], [colors["primary"]], TEXT_CONTRAST),
        **{name: readable(Color.parse(hue), grounds[:2], TEXT_CONTRAST) for name, hue in _HUES.items()},
    }
    variables = {name: color.hex for name, color in derived.items()} | theme.variables
    names = ("foreground", "muted", *(f"text-{role}" for role in _TEXTS))
    texts = [Color.parse((given | variables)[name]) for name in names]
    selected = _selected(background, colors["primary"], texts).hex
    return {name: variables.get(name, selected) for name in _OF_THE_TERMINAL}


def readable_texts(theme: Theme) -> dict[str, str]:
    """The theme's colors as colors of text, for a theme that gives only colors of areas."""
    given = theme.to_color_system().generate()
    grounds = [Color.parse(given[name]) for name in GROUNDS]
    texts = {f"text-{name}": readable(Color.parse(given[name]), grounds, TEXT_CONTRAST).hex for name in _TEXTS}
    return {**texts, "footer-key-foreground": texts["text-accent"]}


def _selected(background: Color, primary: Color, texts: Iterable[Color]) -> Color:
    """As much of the primary color as leaves all texts readable."""
    texts, share = list(texts), _SELECTED_SHARE
    while share > _STEP and any(contrast(text, background.blend(primary, share)) < TEXT_CONTRAST for text in texts):
        share -= _STEP
    return background.blend(primary, share)


def _luminance(color: Color) -> float:
    linear = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized)
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
