"""The settings of a run that is about to be started, as they are typed. No widgets."""

from __future__ import annotations

from typing import Any

from mnist_tui import models
from mnist_tui.config import SETTINGS, TYPES, TrainConfig, choices, find_problems
from mnist_tui.errors import MnistTuiError
from mnist_tui.recipes import OUTSIDE_RECIPES, RECIPES
from mnist_tui.runs.config_diff import config_diff

# Not asked for: the key `+` adds these.
_OMITTED = {"extra_epochs"}
ASKED = tuple(name for name in SETTINGS if name not in _OMITTED)
"""The settings that a person chooses."""


class RunDraft:
    """Values may be wrong until `problems` is empty."""

    def __init__(self, config: TrainConfig) -> None:
        self._opened_with = config
        self.values: dict[str, Any] = {name: value for name, value in config.to_dict().items() if name in ASKED}
        """Of each setting: a number, or the text that was typed where it cannot be read as one."""

    @property
    def recipe(self) -> str:
        return str(self.values["recipe"])

    def text(self, setting: str) -> str:
        """The value as it is typed."""
        value = self.values[setting]
        return f"{value:g}" if isinstance(value, float) else str(value)

    def type(self, setting: str, text: str) -> None:
        """Set what was typed."""
        if setting == "recipe":
            self.choose_recipe(text)
            return
        kind = TYPES[setting]
        try:
            self.values[setting] = kind(text) if kind in (int, float) else text.strip()
        except ValueError:
            self.values[setting] = text

    def choose_recipe(self, name: str) -> None:
        """Take a recipe's settings, its own model too unless the user has chosen one; what was opened comes back."""
        before, after = RECIPES.get(self.recipe), RECIPES.get(name)
        if before is None or after is None or name == self.recipe:
            return
        has_own_model = self.values["model"] == before.model
        source = self._opened_with if name == self._opened_with.recipe else after
        recipe = {setting: value for setting, value in source.to_dict().items() if setting not in OUTSIDE_RECIPES}
        self.values |= {setting: value for setting, value in recipe.items() if setting in ASKED}
        self.values["recipe"] = name
        if has_own_model:
            self.values["model"] = after.model

    def reset(self) -> None:
        """Take the settings of the recipe as it is."""
        recipe = RECIPES[self.recipe].to_dict()
        self.values |= {setting: recipe[setting] for setting in ASKED if setting not in OUTSIDE_RECIPES}

    def step(self, setting: str, direction: int) -> None:
        """Take the next or the previous of a setting's choices."""
        options = list_choices(setting)
        at = options.index(self.values[setting]) if self.values[setting] in options else 0
        self.type(setting, options[(at + direction) % len(options)])

    def changed(self) -> set[str]:
        """The settings that differ from the recipe."""
        return {change.setting for change in config_diff(self.values)}

    def find_problems(self) -> dict[str, str]:
        """For each setting that cannot be used, what is wrong."""
        problems = find_problems(self.values)
        if "model" not in problems:
            try:
                models.resolve_spec(self.values["model"])
            except MnistTuiError as error:
                problems["model"] = str(error)
        return problems

    def to_config(self) -> TrainConfig:
        """Raises ConfigError while there are problems."""
        return TrainConfig.from_dict(self.values)


def list_choices(setting: str) -> tuple[str, ...]:
    """The words that a setting can be; empty if it is typed."""
    return tuple(RECIPES) if setting == "recipe" else choices(setting)
