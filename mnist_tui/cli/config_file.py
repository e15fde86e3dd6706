"""The config file: TOML whose keys are option names, below flags and environment, above defaults."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from mnist_tui.config import SETTINGS, find_problems
from mnist_tui.errors import ConfigError, did_you_mean
from mnist_tui.system import paths

# All options with a comment each take less; and the memory for `a.a.a…` grows with the square of its length.
_MAX_BYTES = 16 * 2**10

_KINDS = {bool: "true or false", int: "a whole number", str: "a text in quotes"}


def option_defaults(context: typer.Context, chosen: Path | None) -> dict[str, Any]:
    """Typer's `default_map` for every command, from the config file. Raises ConfigError for a bad file."""
    path = chosen or paths.config_file()
    if chosen is None and not paths.is_file(path):  # or in a home folder of another user
        return {}
    values = _read(paths.expand_user(path))
    problem = next(_problems(values, _options(context, context.command)), "")
    if problem:
        raise ConfigError(f"{path}: {problem}", remedy="Correct or remove that line.")
    return _for_group(context, context.command, values)


def _read(path: Path) -> dict[str, Any]:
    if os.path.lexists(path) and not path.is_file():  # a pipe without a writer would block
        raise ConfigError(f"{path} is not a regular file", remedy="Name a TOML file with --config.")
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise ConfigError(f"{path} is larger than {_MAX_BYTES >> 10} KB", remedy="Name another file with --config.")
        return tomllib.loads(content.decode())
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}", remedy="Name another file with --config."
        ) from error
    except (ValueError, RecursionError) as error:  # text that is not UTF-8 and numbers with far too many digits too
        raise ConfigError(f"{path} is not TOML: {error}", remedy="It needs lines like: epochs = 5") from error


def _problems(values: Mapping[str, Any], options: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each line that cannot be used. Typer would name the option, but not the file."""
    for name in values:
        if name not in options:
            yield f"there is no option {name!r}{did_you_mean(name, options)}"
    yield from find_problems({name: value for name, value in values.items() if name in SETTINGS}).values()
    for name, value in values.items():
        kind = type(options[name].default) if isinstance(options[name].default, int) else str
        if name not in SETTINGS and type(value) is not kind:
            yield f"{name} is {value!r}, but must be {_KINDS[kind]}"


def _options(context: typer.Context, group: Any) -> dict[str, Any]:
    """Every option of every command of the group, by name."""
    found: dict[str, Any] = {}
    for _, command in _commands(context, group):
        found |= _own_options(command) | _options(context, command)
    return found


def _commands(context: typer.Context, group: Any) -> Iterator[tuple[str, Any]]:
    """The commands of a group, by name; none if it is not a group."""
    for name in group.list_commands(context) if hasattr(group, "list_commands") else ():
        yield name, group.get_command(context, name)


def _own_options(command: Any) -> dict[str, Any]:
    return {option.name: option for option in command.params if option.param_type_name == "option"}


def _for_group(context: typer.Context, group: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """The part of `values` for which each command of the group has an option."""
    defaults: dict[str, Any] = {}
    for name, command in _commands(context, group):
        own = _own_options(command)
        defaults[name] = {key: value for key, value in values.items() if key in own}
        defaults[name] |= _for_group(context, command, values)  # a group's options and commands share a table
    return defaults
