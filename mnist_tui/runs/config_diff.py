"""The settings in which configs differ, and the name that a run gets by them. No torch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mnist_tui.config import SETTINGS, TrainConfig
from mnist_tui.recipes import OUTSIDE_RECIPES, RECIPES
from mnist_tui.runs.record import RunRecord

# In names of runs; other settings have their own names.
_ABBREVIATIONS: Mapping[str, str] = {
    "batch_size": "b",
    "dropout_scale": "dropout",
    "epochs": "e",
    "label_smoothing": "smoothing",
    "train_limit": "n",
    "weight_decay": "wd",
}
# A name with more is not read; the numbers behind equal names tell such runs apart.
_MOST_SETTINGS = 3
_LONGEST_PART, _LONGEST_NAME = 24, 100


@dataclass(frozen=True)
class Difference:
    """One setting with its value in each run, in the order of the runs; None if it is not recorded."""

    setting: str
    values: tuple[Any, ...]


def config_diff(config: Mapping[str, Any]) -> tuple[Difference, ...]:
    """The settings that differ from those of the config's recipe, whose value comes first; () if it is unknown."""
    recipe = RECIPES.get(str(config.get("recipe")))
    if recipe is None:
        return ()
    rows = (row for row in pair_settings([recipe.to_dict(), config]) if row.setting not in OUTSIDE_RECIPES)
    return tuple(row for row in rows if row.values[0] != row.values[1])


def pair_settings(configs: Sequence[Mapping[str, Any]]) -> Iterator[Difference]:
    """Every setting with its values in these configs, whether they differ or not."""
    # Settings of a newer version are unknown here, and may be the difference.
    unknown = sorted({name for config in configs for name in config} - set(SETTINGS))
    for name in (*SETTINGS, *unknown):
        # The config of an older version lacks later settings, which then had their defaults.
        default = getattr(TrainConfig(), name, None)
        yield Difference(name, tuple(config.get(name, default) for config in configs))


def describe_config_diff(config: Mapping[str, Any]) -> str:
    """What differs from the recipe, the seed last: `lr 0.1 · batch size 64 · seed 2`; "" for the recipe itself."""
    changed = {row.setting: row.values[1] for row in config_diff(config)}
    seed = {"seed": changed.pop("seed")} if "seed" in changed else {}
    return " · ".join(f"{name.replace('_', ' ')} {_format(value)}" for name, value in (changed | seed).items())


def default_run_name(record: RunRecord) -> str:
    """A name by which runs can be told apart, such as `quick-lr0.1-s1`.

    It consists of the recipe; the dataset and the model where they are not the usual ones; the settings that differ
    from the recipe; and the seed.
    """
    config = record.config
    recipe = RECIPES.get(str(config.get("recipe")), TrainConfig())
    dataset = record.data.name or config.get("dataset")
    model = config.get("model")
    parts = [str(config.get("recipe") or "run")]
    parts += [str(dataset)] if dataset not in ("mnist", "auto", None) else []
    parts += [_short_model(str(model))] if model not in (recipe.model, None) else []
    changed = [row for row in config_diff(config) if row.setting != "seed"]
    parts += [
        f"{_ABBREVIATIONS.get(row.setting, row.setting)}{_format(row.values[1])}" for row in changed[:_MOST_SETTINGS]
    ]
    parts += [f"s{config.get('seed', recipe.seed)}"]
    return "-".join(part for part in map(_to_name_part, parts) if part)[:_LONGEST_NAME]


def _format(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _short_model(spec: str) -> str:
    """`Net` for `models/net.py:Net`, `net` for `models/net.py`."""
    path, _, name = spec.rpartition(":")
    return name if path else re.split(r"[/\\]", spec)[-1].removesuffix(".py").removesuffix(".ipynb")


def _to_name_part(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._]+", "-", text).strip("-._")[:_LONGEST_PART]
