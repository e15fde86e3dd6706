"""Recipes: configs with a name. Each says where its numbers come from."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from mnist_tui.config import TrainConfig
from mnist_tui.errors import ConfigError

RECIPES: Mapping[str, TrainConfig] = {
    # The published run's settings, which are TrainConfig's defaults: batch 16, Adam, one-cycle to 0.01.
    "reference": TrainConfig(),
}


def recipe(name: str) -> TrainConfig:
    """The recipe called `name`. Raises ConfigError with the nearest name."""
    if name in RECIPES:
        return RECIPES[name]
    near = difflib.get_close_matches(name, RECIPES, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ConfigError(f"there is no recipe {name!r}{hint}", remedy=f"Recipes: {', '.join(RECIPES)}.")


def configured(name: str, **changes: Any) -> TrainConfig:
    """The recipe `name` with some settings changed."""
    return recipe(name).replace(recipe=name, **changes)
