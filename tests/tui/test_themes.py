"""Our themes: everything written in them can be read, on whatever it is written, and lines can be told apart."""

from __future__ import annotations

import itertools

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from mnist_tui.tui.theme_colors import GROUNDS, RUN_COLORS, complete, readable, readable_texts
from mnist_tui.tui.themes import NIGHT, PAPER, THEMES, partner

# What the guidelines for web pages (WCAG 2, level AA) ask of text, and of lines that carry a meaning.
TEXT, LINE = 4.5, 3.0

TEXT_COLORS = tuple(f"text-{name}" for name in ("primary", "accent", "warning", "error", "success"))
TEXTS = ("foreground", "muted", *TEXT_COLORS)
# Curves are also the signs of their names in titles, and runs have numbers in their colors: those are text.
CURVES = ("train", "validation", "test", *RUN_COLORS)
BORDERS = ("line", "ghost", "primary", "warning", "error", "success")

each_theme = pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)


def colors(theme: Theme) -> dict[str, Color]:
    named = {**complete(theme), **theme.to_color_system().generate(), **theme.variables}
    return {name: Color.parse(color) for name, color in named.items() if color.startswith("#") and "%" not in color}


def too_faint(
    theme: Theme, names: tuple[str, ...], grounds: tuple[str, ...], ratio: float
) -> dict[tuple[str, str], float]:
    found = colors(theme)
    ratios = {(name, ground): contrast(found[name], found[ground]) for name in names for ground in grounds}
    return {pair: round(value, 2) for pair, value in ratios.items() if value < ratio}


@each_theme
def test_every_text_can_be_read(theme: Theme) -> None:
    assert too_faint(theme, (*TEXTS, "text-muted"), (*GROUNDS, "selected"), TEXT) == {}
    assert too_faint(theme, ("on-primary", "block-cursor-foreground"), ("primary",), TEXT) == {}
    assert too_faint(theme, ("footer-key-foreground",), ("panel",), TEXT) == {}
    assert too_faint(theme, ("primary",), ("background", "surface"), TEXT) == {}  # titles of dialogs


@each_theme
def test_every_line_can_be_seen(theme: Theme) -> None:
    assert too_faint(theme, CURVES, ("background", "surface"), TEXT) == {}
    assert too_faint(theme, BORDERS, ("background", "surface"), LINE) == {}


@each_theme
def test_curves_differ_in_luminance_and_runs_in_color(theme: Theme) -> None:
    found = colors(theme)
    for one, other in itertools.combinations(("train", "validation", "test"), 2):
        assert contrast(found[one], found[other]) >= 1.35, (one, other)
    nearest = min(
        (distance(found[one], found[other]), one, other) for one, other in itertools.combinations(RUN_COLORS, 2)
    )
    assert nearest[0] >= 0.1, nearest  # five times what can just be seen side by side


@pytest.mark.parametrize("theme", [theme for theme in BUILTIN_THEMES.values() if not theme.ansi], ids=lambda t: t.name)
def test_what_another_theme_lacks_can_be_read_in_it(theme: Theme) -> None:
    assert too_faint(theme, ("muted",), GROUNDS, TEXT) == {}
    assert too_faint(theme, CURVES, ("background", "surface"), TEXT) == {}
    assert too_faint(theme, ("line", "ghost"), ("background", "surface"), LINE) == {}


def test_a_theme_of_three_colors_is_readable() -> None:
    theme = Theme(name="three", background="#301030", foreground="#c0a0c0", primary="#803080", dark=True)
    theme.variables |= readable_texts(theme)
    assert too_faint(theme, ("muted", *TEXT_COLORS), GROUNDS, TEXT) == {}


def test_a_color_that_can_be_read_stays_as_it_is() -> None:
    black, blue = Color(0, 0, 0), Color.parse("#7cb0ff")
    assert readable(blue, [black], TEXT) == blue
    assert contrast(readable(black, [black], TEXT), black) >= TEXT


def test_each_theme_has_a_partner_of_the_other_kind() -> None:
    for theme in THEMES:
        other = next(found for found in THEMES if found.name == partner(theme.name, dark=theme.dark))
        assert other.dark is not theme.dark
        assert partner(other.name, dark=other.dark) == theme.name
    assert (partner("nord", dark=True), partner("mine", dark=False)) == (PAPER.name, NIGHT.name)


def contrast(one: Color, other: Color) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: Color) -> float:
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear(color), strict=True))


def linear(color: Color) -> list[float]:
    return [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized]


def distance(one: Color, other: Color) -> float:
    """In Oklab, where equal distances look equally far apart (Björn Ottosson, 2020)."""
    return sum((a - b) ** 2 for a, b in zip(oklab(one), oklab(other), strict=True)) ** 0.5


def oklab(color: Color) -> list[float]:
    to_cones = ((0.41222, 0.53633, 0.05145), (0.21190, 0.68070, 0.10740), (0.08830, 0.28172, 0.62998))
    to_lab = ((0.21045, 0.79362, -0.00407), (1.97800, -2.42859, 0.45059), (0.02590, 0.78277, -0.80868))
    cones = [sum(a * b for a, b in zip(row, linear(color), strict=True)) ** (1 / 3) for row in to_cones]
    return [sum(a * b for a, b in zip(row, cones, strict=True)) for row in to_lab]
