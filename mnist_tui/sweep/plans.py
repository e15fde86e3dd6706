"""Plans of sweeps, as values: a grid of settings and seeds, or a search through a space."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from mnist_tui.config import TrainConfig
from mnist_tui.errors import ConfigError, RunError
from mnist_tui.sweep.search_space import Domain, Value, format_brief, parse_domain

SCHEMA_VERSION = 1

Metric = Literal["validation", "test"]
Values = tuple[tuple[str, Value], ...]


@dataclass(frozen=True)
class Combination:
    """One combination of the varied settings, and its whole config, whose seed is not used."""

    number: int
    values: Values
    config: TrainConfig

    @property
    def label(self) -> str:
        """`lr=0.005 batch_size=16`; the recipe if nothing is varied."""
        return " ".join(f"{name}={format_brief(value)}" for name, value in self.values) or self.config.recipe


@dataclass(frozen=True)
class Trial:
    """One run of a sweep; `name` is the run's."""

    name: str
    combination: Combination
    seed: int

    @property
    def config(self) -> TrainConfig:
        return self.combination.config.replace(seed=self.seed)

    @property
    def label(self) -> str:
        """`lr=0.005 batch_size=16 seed=3`."""
        return f"{self.combination.label} seed={self.seed}"


@dataclass(frozen=True)
class Grid:
    """Every combination with every seed."""

    name: str
    created: str
    combinations: tuple[Combination, ...]
    seeds: tuple[int, ...]
    on: Metric

    def trials(self) -> Iterator[Trial]:
        """All trials, one seed after the other, so that all combinations make the same progress."""
        for seed in self.seeds:
            for combination in self.combinations:
                yield Trial(self._run_name(combination, seed), combination, seed)

    def _run_name(self, combination: Combination, seed: int) -> str:
        count = len(self.combinations)
        row = f"-c{combination.number:0{len(str(count))}}" if count > 1 else ""
        return f"{self.name}{row}-s{seed}"


@dataclass(frozen=True)
class Search:
    """`count` combinations out of a space, each chosen by the results of the earlier ones."""

    name: str
    created: str
    config: TrainConfig
    space: Mapping[str, Domain]
    count: int
    prune: bool
    on: Metric = "validation"

    def trial(self, number: int, values: Values) -> Trial:
        """The trial with this number (from 0). Each has a seed of its own, so that the search does not tune for one."""
        config = self.config.replace(**dict(values))
        return Trial(self.trial_name(number), Combination(number, values, config), self.config.seed + number)

    def trial_name(self, number: int) -> str:
        return f"{self.name}-t{number:03}"


SweepPlan = Grid | Search


def build_combinations(
    base: Callable[[Mapping[str, Value]], TrainConfig], axes: Mapping[str, tuple[Value, ...]]
) -> tuple[Combination, ...]:
    """Every combination of the axes' values, in the order of `itertools.product`.

    `base` makes the config of some values. Raises ConfigError for a combination that cannot be used.
    """
    products = itertools.product(*axes.values())
    values = [tuple(zip(axes, product, strict=True)) for product in products]
    return tuple(Combination(number, entry, base(dict(entry))) for number, entry in enumerate(values, 1))


def count_trials(plan: SweepPlan) -> int:
    """The number of trials in the whole plan."""
    return plan.count if isinstance(plan, Search) else len(plan.combinations) * len(plan.seeds)


def check_metric(plan: SweepPlan) -> None:
    """Raise ConfigError for a plan that ranks by validation images without any."""
    configs = [combination.config for combination in plan.combinations] if isinstance(plan, Grid) else [plan.config]
    if plan.on == "validation" and not all(config.validation for config in configs):
        what = "a search goes" if isinstance(plan, Search) else "--on validation goes"
        raise ConfigError(
            f"{what} by validation images, and none are held out (validation is 0)",
            remedy="Give --validation 5000: that many training images are kept for choosing, and the test set is not.",
        )


def merge(old: SweepPlan, new: SweepPlan) -> SweepPlan:
    """`old` with the additional seeds or trials of `new`. Raises RunError if they differ in anything else."""
    if isinstance(old, Grid) and isinstance(new, Grid) and old.combinations == new.combinations:
        seeds = (*old.seeds, *(seed for seed in new.seeds if seed not in old.seeds))
        return replace(old, seeds=seeds, on=new.on)
    if isinstance(old, Search) and isinstance(new, Search):
        merged = replace(old, count=max(old.count, new.count))
        if replace(new, count=merged.count, created=old.created) == merged:
            return merged
    raise RunError(
        f"there is a sweep {old.name!r} already, and its settings are others",
        remedy=f"Resume it with --resume {old.name}, or choose another --name.",
    )


def to_dict(plan: SweepPlan) -> dict[str, Any]:
    """Plain values for JSON."""
    head = {"schema_version": SCHEMA_VERSION, "name": plan.name, "created": plan.created, "on": plan.on}
    if isinstance(plan, Search):
        return {
            **head,
            "kind": "search",
            "config": plan.config.to_dict(),
            "space": {name: str(domain) for name, domain in plan.space.items()},
            "trials": plan.count,
            "prune": plan.prune,
        }
    rows = [{"values": dict(row.values), "config": row.config.to_dict()} for row in plan.combinations]
    return {**head, "kind": "grid", "seeds": list(plan.seeds), "combinations": rows}


def from_dict(record: Mapping[str, Any]) -> SweepPlan:
    """The inverse of `to_dict`. Raises KeyError, TypeError, ValueError, AttributeError or ConfigError."""
    if record["schema_version"] != SCHEMA_VERSION:
        raise ValueError("it was made by another version of this program")
    name, created, on = str(record["name"]), str(record["created"]), record["on"]
    if on not in ("validation", "test"):
        raise ValueError(f"on is {on!r}")
    if record["kind"] == "search":
        space = {str(key): parse_domain(key, text) for key, text in record["space"].items()}
        config = TrainConfig.from_dict(record["config"])
        return Search(name, created, config, space, int(record["trials"]), bool(record["prune"]), on)
    rows = tuple(
        Combination(number, tuple(row["values"].items()), TrainConfig.from_dict(row["config"]))
        for number, row in enumerate(record["combinations"], 1)
    )
    return Grid(name, created, rows, tuple(int(seed) for seed in record["seeds"]), on)
