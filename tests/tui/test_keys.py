"""The keys: one letter has one meaning on every screen and in every dialog."""

from __future__ import annotations

import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Iterator

import pytest
from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import key_to_character

from mnist_tui import tui
from mnist_tui.tui.commands import SCREEN_COMMANDS
from mnist_tui.tui.keys import DIALOG_KEYS, KEYS, MOVE_KEYS
from mnist_tui.tui.screens.registry import SCREENS, ScreenEntry

# A dialog's answers are no keys of a screen: none of those works while it is open.
ANSWERS = {entry.id for entry in DIALOG_KEYS}


def classes_with_keys() -> Iterator[type[DOMNode]]:
    """Every app, screen, dialog and widget of ours."""
    for module in pkgutil.walk_packages(tui.__path__, f"{tui.__name__}."):
        for kind in vars(importlib.import_module(module.name)).values():
            if isinstance(kind, type) and issubclass(kind, DOMNode) and kind.__module__ == module.name:
                yield kind


def bindings() -> list[tuple[type[DOMNode], Binding]]:
    """Each key of each class by itself."""
    found = [(kind, binding) for kind in classes_with_keys() for binding in kind.__dict__.get("BINDINGS", ())]
    return [(kind, key) for kind, binding in found for key in Binding.make_bindings([binding])]


def test_every_letter_and_sign_comes_from_the_table_of_keys() -> None:
    loose = {
        (kind.__name__, binding.key)
        for kind, binding in bindings()
        if binding.id is None and not ("Dialog" in kind.__name__ and binding.key.isdigit())
    }
    assert not {(kind, key) for kind, key in loose if key != "space" and len(key_to_character(key) or "") == 1}


def test_one_key_has_one_meaning() -> None:
    meanings = defaultdict(set)
    for entry in KEYS.values():
        for key in entry.keys.split(","):
            if entry.id not in ANSWERS:
                meanings[key].add(entry.id)
    assert not {key: ids for key, ids in meanings.items() if len(ids) > 1}


def test_a_class_gives_no_key_away_twice() -> None:
    """Only actions that exclude each other share a key, as pause and resume do; so they share its meaning."""
    ids = defaultdict(set)
    for kind, binding in bindings():
        ids[kind, binding.key].add(binding.id)
    assert not {key: found for key, found in ids.items() if len(found) > 1}


def test_the_keys_of_the_screens_are_those_of_the_tabs() -> None:
    assert {f"screen-{entry.name}": entry.key for entry in SCREENS} == {
        name: entry.keys for name, entry in KEYS.items() if name.startswith("screen-")
    }


@pytest.mark.parametrize("entry", SCREENS, ids=lambda entry: entry.name)
def test_the_palette_has_every_action_of_every_screen(entry: ScreenEntry) -> None:
    module, _, name = entry.target.partition(":")
    kind = getattr(importlib.import_module(f"mnist_tui.tui.screens.{module}"), name)
    ids = {
        binding.id
        for base in kind.__mro__
        if base.__module__.startswith("mnist_tui.")
        for binding in Binding.make_bindings(base.__dict__.get("BINDINGS", ()))
    }
    elsewhere = {entry.id for entry in MOVE_KEYS if entry.id != "enter"} | {"new-run"}
    assert ids - elsewhere <= {command.id for command in SCREEN_COMMANDS if command.screen == entry.name} | {"new-run"}


def test_each_command_has_a_key() -> None:
    assert {command.id for command in SCREEN_COMMANDS} <= KEYS.keys()
    titles = [command.title for command in SCREEN_COMMANDS]
    assert len(titles) == len(set(titles))
