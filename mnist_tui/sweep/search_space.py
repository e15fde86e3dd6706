"""Parses `--set lr=0.005,0.01` and `--search lr=log:1e-3:3e-2`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mnist_tui.config import SETTINGS, TYPES, choices, find_problems, unknown_setting_message
from mnist_tui.errors import ConfigError

Value = int | float | str

_SET_REMEDY = "Write --set NAME=VALUE,VALUE, such as --set lr=0.005,0.01."
_SEARCH_REMEDY = (
    "Write --search NAME=log:LOW:HIGH, NAME=float:LOW:HIGH, NAME=int:LOW:HIGH or NAME=choice:VALUE,VALUE, "
    "such as --search lr=log:1e-3:3e-2."
)


@dataclass(frozen=True)
class Range:
    """All numbers from `low` to `high`, both included; with `log`, uniform on a logarithmic scale."""

    low: float
    high: float
    whole: bool
    log: bool = False

    def __str__(self) -> str:
        kind = "log" if self.log else "int" if self.whole else "float"
        return f"{kind}:{format_value(self.low)}:{format_value(self.high)}"


@dataclass(frozen=True)
class Categorical:
    """One of these values, which have no order."""

    values: tuple[Value, ...]

    def __str__(self) -> str:
        return f"choice:{','.join(map(format_value, self.values))}"


Domain = Range | Categorical


def parse_axes(texts: Sequence[str]) -> dict[str, tuple[Value, ...]]:
    """Each setting with its values, in the order given. Raises ConfigError naming what is wrong."""
    axes: dict[str, tuple[Value, ...]] = {}
    for text in texts:
        name, values = _name_and_rest(text, "--set", axes, _SET_REMEDY)
        axes[name] = _values(name, values, f"--set {text}", _SET_REMEDY)
    return axes


def parse_space(texts: Sequence[str]) -> dict[str, Domain]:
    """Each setting with its domain. Raises ConfigError naming what is wrong."""
    space: dict[str, Domain] = {}
    for text in texts:
        name, rest = _name_and_rest(text, "--search", space, _SEARCH_REMEDY)
        space[name] = parse_domain(name, rest)
    return space


def parse_domain(name: str, text: str) -> Domain:
    """The domain of the setting `name` in `text`, the inverse of `str(domain)`. Raises ConfigError."""
    option = f"--search {name}={text}"
    kind, _, rest = text.partition(":")
    if kind == "choice":
        return Categorical(_values(name, rest, option, _SEARCH_REMEDY))
    if kind not in ("log", "float", "int"):
        raise ConfigError(f"{option}: {kind!r} is not log, float, int or choice", remedy=_SEARCH_REMEDY)
    if choices(name) or TYPES[name] is str:
        raise ConfigError(f"{option}: {name} takes words, not numbers", remedy=f"Write --search {name}=choice:…")
    return _range(name, kind, rest, option)


def format_value(value: Value) -> str:
    """The value as it is typed in an option."""
    return repr(value) if isinstance(value, float) else str(value)


def format_brief(value: Value) -> str:
    """The value with at most four significant digits if it is long, as those that a search chooses are."""
    text = format_value(value)
    return f"{value:.4g}" if isinstance(value, float) and len(text) > 8 else text


def _range(name: str, kind: str, text: str, option: str) -> Range:
    whole = kind == "int" or TYPES[name] is int
    if kind == "float" and whole:
        raise ConfigError(f"{option}: {name} takes whole numbers", remedy=f"Write --search {name}=int:LOW:HIGH.")
    ends = text.split(":")
    if len(ends) != 2:
        raise ConfigError(f"{option}: that is not two numbers with a colon between", remedy=_SEARCH_REMEDY)
    low, high = (_value(name, end, option, _SEARCH_REMEDY, whole=whole) for end in ends)
    assert isinstance(low, (int, float))  # the setting takes no words
    assert isinstance(high, (int, float))
    if low >= high:
        raise ConfigError(f"{option}: {low:g} is not below {high:g}", remedy="Give the smaller number first.")
    if kind == "log" and low <= 0:
        raise ConfigError(f"{option}: a logarithmic range begins above 0", remedy="Give a small number, such as 1e-5.")
    return Range(low, high, whole, kind == "log")


def _name_and_rest(text: str, option: str, known: Mapping[str, Any], remedy: str) -> tuple[str, str]:
    name, equals, rest = text.partition("=")
    name = name.strip().replace("-", "_")
    if not equals:
        raise ConfigError(f"{option} {text}: there is no = in it", remedy=remedy)
    if name not in SETTINGS:
        raise ConfigError(f"{option} {text}: {unknown_setting_message(name)}", remedy=remedy)
    if name == "seed":
        raise ConfigError(
            f"{option} {text}: seeds are not searched",
            remedy="Give --seeds N for N of them, and --seed for the first.",
        )
    if name in known:
        raise ConfigError(f"{option} {text}: {name} is there twice", remedy="Give all its values at once.")
    return name, rest


def _values(name: str, text: str, option: str, remedy: str) -> tuple[Value, ...]:
    values = tuple(_value(name, part, option, remedy) for part in text.split(","))
    repeated = next((value for number, value in enumerate(values) if value in values[:number]), None)
    if repeated is not None:
        raise ConfigError(f"{option}: {format_value(repeated)} is there twice", remedy="Leave one of them out.")
    return values


def _value(name: str, text: str, option: str, remedy: str, *, whole: bool = False) -> Value:
    """One value of the setting's type. Raises ConfigError if it is not in range."""
    text = text.strip()
    wanted = int if whole else TYPES[name]
    value: Value = text
    if wanted in (int, float):
        try:
            value = wanted(text)
        except ValueError:
            what = "whole number" if wanted is int else "number"
            raise ConfigError(f"{option}: {text!r} is not a {what}", remedy=remedy) from None
    problem = find_problems({name: value}).get(name)
    if problem:
        raise ConfigError(f"{option}: {problem}", remedy=remedy)
    return value
