"""Textual's names of keys."""

from __future__ import annotations

from textual.keys import Keys, _character_to_key


def key_name(key: str) -> str:
    """The name of a sign's key, such as `slash`; a name is returned unchanged."""
    return _character_to_key(key) if len(key) == 1 else key


def known_names() -> set[str]:
    """The names of all keys without modifiers: of letters, signs, and those such as `f5`."""
    named = {key.value.rpartition("+")[2] for key in Keys if not key.value.startswith("<")}
    return named | {key_name(chr(code)) for code in range(33, 127)}
