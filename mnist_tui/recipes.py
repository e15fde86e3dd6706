"""Recipes: named configs. Each says where its numbers come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mnist_tui.config import SETTINGS, TrainConfig
from mnist_tui.errors import ConfigError, did_you_mean

# What the recipes besides the published one share; docs/accuracy.md says how each was found.
_SGD: Mapping[str, Any] = {
    "batch_size": 128,
    "optimizer": "sgd",  # with Nesterov's momentum, at a rate that Adam's usual one would not suggest
    "lr": 0.8,
    "start_divisor": 10.0,
    "end_divisor": 1000.0,
    "momentum": 0.9,
    "peak_momentum": 0.9,
    "weight_decay": 1e-4,
}
_SMALLER_BATCHES: Mapping[str, Any] = {"batch_size": 64, "lr": 0.6}
_AUGMENTED: Mapping[str, Any] = {
    "rotation": 10.0,
    "shift": 1.0,
    "scale": 0.1,
    "interpolation": "bilinear",
    "clean_epochs": 1,
}

RECIPES: Mapping[str, TrainConfig] = {
    config.recipe: config
    for config in (
        # The published run's settings, which are TrainConfig's defaults: batch 16, Adam, one-cycle to 0.01.
        TrainConfig(recipe="reference"),
        # The most accurate: a network this small underfits, so there is no dropout, images with a high loss are drawn
        # more often, and most of the slant is removed, which distinguishes writers rather than digits.
        TrainConfig(
            recipe="accurate",
            **{**_SGD, **_SMALLER_BATCHES},
            **_AUGMENTED,
            dropout_scale=0.0,
            focus=0.5,
            deskew=0.6,
        ),
        # For another network to learn from, with `--teacher teacher`: the same blocks with twice the channels.
        TrainConfig(recipe="teacher", model="wide", **_SGD, **_AUGMENTED, ema=0.998),
        # Beyond the published final accuracy in a fraction of its time.
        TrainConfig(
            recipe="quick",
            epochs=6,
            **{**_SGD, **_SMALLER_BATCHES},
            **_AUGMENTED,
            dropout_scale=0.0,
            deskew=0.6,
        ),
        # A first network that reads digits, within seconds.
        TrainConfig(
            recipe="instant",
            epochs=1,
            **{**_SGD, **_SMALLER_BATCHES},
            rotation=0.0,
            dropout_scale=0.0,
        ),
    )
}


OUTSIDE_RECIPES = frozenset(name for name, entry in SETTINGS.items() if entry.group in ("Run", "Machine"))
"""The settings that no recipe decides: what is trained, and where."""


def get_recipe(name: str) -> TrainConfig:
    """The recipe of this name. Raises ConfigError with the most similar name."""
    if name in RECIPES:
        return RECIPES[name]
    raise ConfigError(
        f"there is no recipe {name!r}{did_you_mean(name, RECIPES)}", remedy=f"Recipes: {', '.join(RECIPES)}."
    )


def build_config(name: str, **changes: Any) -> TrainConfig:
    """The recipe `name` with some settings changed."""
    return get_recipe(name).replace(recipe=name, **changes)


@dataclass(frozen=True)
class RecipeFigures:
    """What to expect of a recipe on MNIST; docs/accuracy.md has the runs behind it."""

    summary: str
    accuracy: float
    """Mean test accuracy of the last epochs, as a fraction."""
    seconds: float
    """From the first step to the last test, on two cores with the native backend."""


RECIPE_FIGURES: Mapping[str, RecipeFigures] = {
    "instant": RecipeFigures("a first network", 0.9854, 3),
    "quick": RecipeFigures("beats the published one", 0.9946, 18),
    "reference": RecipeFigures("as published", 0.9941, 48),
    "accurate": RecipeFigures("most accurate of its size", 0.9957, 45),
    "teacher": RecipeFigures("larger, to distill from", 0.9958, 130),
}
"""From the shortest to the longest."""
