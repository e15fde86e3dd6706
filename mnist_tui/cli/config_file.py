"""The config file: TOML whose keys are option names, below flags and environment, above defaults."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Any

import typer

from mnist_tui import paths
from mnist_tui.errors import ConfigError


def option_defaults(context: typer.Context, chosen: Path | None) -> dict[str, Any]:
    """Click's `default_map` for every command, from the config file. Raises ConfigError for a bad file."""
    path = chosen or paths.config_file()
    if chosen is None and not path.is_file():
        return {}
    values = _read(path)
    known: set[str] = set()
    defaults = _for_group(context.command, values, known)
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ConfigError(
                f"{path}: there is no option {name!r}{hint}", remedy="Correct or remove that line."
            )
    return defaults


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}", remedy="Correct --config.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}", remedy="It wants lines like: epochs = 5") from error


def _for_group(group: Any, values: dict[str, Any], known: set[str]) -> dict[str, Any]:
    """The part of `values` that each command of the group has an option for; `known` collects their names."""
    defaults: dict[str, Any] = {}
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            defaults[name] = _for_group(command, values, known)
            continue
        options = {option.name for option in command.params if option.param_type_name == "option"}
        known |= options
        defaults[name] = {key: value for key, value in values.items() if key in options}
    return defaults
