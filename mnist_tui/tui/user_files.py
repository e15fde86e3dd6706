"""The user's own keys and themes: `keymap.toml` and `themes/*.toml` in the folder of the config file.

Nothing in them keeps the dashboard from starting: what cannot be used is left out, with a notice that names file and
line and says what to do.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textual.color import Color, ColorParseError
from textual.theme import Theme

from mnist_tui.errors import did_you_mean
from mnist_tui.system import paths, regular_file
from mnist_tui.tui.keys import DIALOG_KEYS, KEYS
from mnist_tui.tui.textual_fixes.key_names import key_name, known_names
from mnist_tui.tui.theme_colors import RUN_COLORS, complete, readable_texts

KEYMAP, THEMES = "keymap.toml", "themes"

COLORS = (
    *("primary", "secondary", "accent", "warning", "error", "success"),
    *("background", "surface", "panel", "foreground"),
)
"""A theme must give the first; Textual derives the others that it does not give."""
OUR_COLORS = (
    *(f"text-{name}" for name in COLORS[:6] if name != "secondary"),
    *("muted", "line", "guide", "ghost", "selected", "on-primary", "train", "validation", "test"),
    *RUN_COLORS,
)
"""Derived, so that they can be read on the theme's background, unless the theme gives them."""

# All keys with a comment each take less.
_MAX_BYTES = 32 * 2**10
_MODIFIERS = {"ctrl", "shift", "alt", "super", "hyper", "meta"}
# What leaves the program must always get through.
_FIXED = {"quit-now"}
_WHERE_TO_LOOK = "docs/dashboard.md lists them."


@dataclass
class UserFiles:
    """What the files say, as far as it can be used, and a notice for each line that cannot."""

    keymap: dict[str, str] = field(default_factory=dict)
    """Keys by the id of their entry in the table, as Textual takes them."""
    themes: dict[str, Theme] = field(default_factory=dict)
    partners: dict[str, str] = field(default_factory=dict)
    """The theme that `T` switches to, by the name of one that says so."""
    notices: list[str] = field(default_factory=list)


def load_user_files(folder: Path | None = None) -> UserFiles:
    """Read the files of this folder; by default of the config file's."""
    folder = folder or paths.config_dir()
    found = UserFiles()
    keymap = folder / KEYMAP
    if paths.is_file(keymap):
        _read_keymap(keymap, found)
    if paths.is_folder(folder / THEMES):
        for path in sorted((folder / THEMES).glob("*.toml")):
            _read_theme(path, found)
    return found


@dataclass
class _File:
    """A file's name and lines, to say where something is wrong."""

    name: str
    text: str
    values: Mapping[str, Any]

    def complain(self, name: str, problem: str) -> str:
        """A notice about the line that sets this name."""
        pattern = re.compile(rf"""\s*["']?{re.escape(name)}["']?\s*=""")
        lines = (number for number, line in enumerate(self.text.splitlines(), 1) if pattern.match(line))
        return f"{self.name}, line {next(lines, 1)}: {problem}"


def _read(path: Path, name: str, found: UserFiles) -> _File | None:
    text = ""
    try:
        text = regular_file.read_bytes(path, _MAX_BYTES).decode()
        return _File(name, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        # "… (at line 3, column 7)", or "… (at end of document)"
        problem, _, place = str(error).partition(" (at ")
        number = re.match(r"line (\d+)", place)
        line = number[1] if number else text.rstrip().count("\n") + 1
        found.notices.append(f'{name}, line {line}: this is not TOML ({problem}). Lines look like: stop = "ctrl+s"')
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        found.notices.append(f"{name} cannot be read: {reason}. Correct or remove it.")
    return None


def _read_keymap(path: Path, found: UserFiles) -> None:
    file = _read(path, KEYMAP, found)
    if file is None:
        return
    known = [name for name in KEYS if name not in _FIXED]
    for name, value in file.values.items():
        problem = _key_problem(name, value, known)
        if problem:
            found.notices.append(file.complain(name, problem))
        else:
            found.keymap[name] = ",".join(key_name(key.strip()) for key in value.split(","))
    for name, problem in list(_clashes(found.keymap)):
        found.notices.append(file.complain(name, problem))
        del found.keymap[name]


def _key_problem(name: str, value: object, known: list[str]) -> str:
    """Why this line gives an action no keys; "" where it does."""
    if name in _FIXED:
        return f"the keys of {name!r} are fixed. Remove this line."
    if name not in known:
        return f"there is no action {name!r}{did_you_mean(name, known) or '.'} {_WHERE_TO_LOOK}"
    if not isinstance(value, str):
        return f'{name} is {value!r}. Write its keys in quotes: {name} = "ctrl+s"'
    unknown = [key for key in value.split(",") if not _is_key(key.strip())]
    if unknown:
        return f"{unknown[0].strip()!r} is no key. Keys are letters, signs, or names such as ctrl+s, f5 or comma."
    return ""


def _is_key(key: str) -> bool:
    *modifiers, last = key.split("+") if key != "+" else [key]
    named = last in known_names() or (len(last) == 1 and last.isprintable())
    return set(modifiers) <= _MODIFIERS and named


def _clashes(keymap: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Lines that give an action a key of another one, which keeps it: one key has one meaning."""
    answers = {entry.id for entry in DIALOG_KEYS}
    holders: dict[str, str] = {}
    for entry in KEYS.values():
        if entry.id not in keymap and entry.id not in answers:
            holders |= dict.fromkeys(entry.keys.split(","), entry.id)
    for name, keys in keymap.items():
        if name in answers:
            continue
        taken = [(key, holders[key]) for key in keys.split(",") if holders.get(key, name) != name]
        if taken:
            key, holder = taken[0]
            yield name, f"{key!r} is a key of {holder!r} already. Take another, or give {holder!r} one of its own."
        else:
            holders |= dict.fromkeys(keys.split(","), name)


def _read_theme(path: Path, found: UserFiles) -> None:
    file = _read(path, f"{THEMES}/{path.name}", found)
    if file is None:
        return
    colors: dict[str, str] = {}
    for name, value in file.values.items():
        problem = _theme_problem(name, value)
        if problem:
            found.notices.append(file.complain(name, problem))
        elif name in COLORS or name in OUR_COLORS:
            colors[name] = Color.parse(value).hex
    if "primary" not in colors:
        found.notices.append(f'{file.name}: a theme needs a color "primary". Add: primary = "#4c8dff"')
        return
    found.themes[path.stem] = _make_theme(path.stem, colors, file.values.get("dark"))
    if isinstance(file.values.get("partner"), str):
        found.partners[path.stem] = file.values["partner"]


def _theme_problem(name: str, value: object) -> str:
    """Why this line says nothing about a theme; "" where it does."""
    if name == "dark":
        return "" if isinstance(value, bool) else "dark is true or false, without quotes."
    if name == "partner":
        return "" if isinstance(value, str) else "partner is the name of a theme, in quotes."
    known = ("dark", "partner", *COLORS, *OUR_COLORS)
    if name not in known:
        return f"a theme has no color {name!r}{did_you_mean(name, known) or '.'} {_WHERE_TO_LOOK}"
    try:
        color = Color.parse(value) if isinstance(value, str) else None
    except ColorParseError:
        color = None
    if color is None or color.a < 1 or color.ansi is not None:
        return f'{value!r} is no color. Write it as "#4c8dff", or by a name such as "navy".'
    return ""


def _make_theme(name: str, colors: Mapping[str, str], dark: object) -> Theme:
    """The theme, with every color that it does not give derived so that it can be read."""
    if not isinstance(dark, bool):
        dark = Color.parse(colors["background"]).brightness < 0.5 if "background" in colors else True
    areas: dict[str, Any] = {key: color for key, color in colors.items() if key in COLORS}
    theme = Theme(name=name, dark=dark, **areas)
    theme.variables = readable_texts(theme) | {key: color for key, color in colors.items() if key in OUR_COLORS}
    theme.variables |= complete(theme)
    theme.variables |= {
        "text-muted": theme.variables["muted"],
        "footer-key-foreground": theme.variables["text-accent"],
        "block-cursor-foreground": theme.variables["on-primary"],
        "border-blurred": theme.variables["line"],
    }
    return theme
