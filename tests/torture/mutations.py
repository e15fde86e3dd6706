"""Damage to files and runs, the same at every call: bits, bytes, lengths, ends, and values no parser likes to see."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from mnist_tui.runs import Run

SPECIAL_BYTES = (
    b"\0",
    b"\xff",
    b"\xff" * 8,
    b"\0" * 8,
    b"\x7f" + b"\xff" * 7,
    b'"',
    b"[" * 5000,
    b"\n",
    b"9" * 400,
)

SPECIAL_VALUES: tuple[Any, ...] = (
    None,
    True,
    "",
    "x",
    "[red]x[/]",
    "a\x1b[2Jb\n\t\0",
    "\ud800",
    "../../x",
    "x" * 5000,
    -1,
    0,
    1,
    10**9,
    10**30,
    -(10**300),
    0.5,
    1e308,
    -1e308,
    5e-324,
    float("inf"),
    float("-inf"),
    float("nan"),
    [],
    [1e308, -1e308, float("nan")],
    {},
    {"a": [{}]},
)
"""What a JSON file may hold where another value is expected."""


def damage(run: Run, number: int) -> None:
    """Change a sound run's log, and for two numbers of three its record too; `number` says how."""
    random = Random(number)
    log, record = run.log_file.read_text(), run.config_file.read_text()
    if number % 3 != 1:
        run.log_file.write_text("\n".join(strange_lines(log.splitlines(), random)) + "\n")
    else:
        run.log_file.write_bytes(next(damaged(log.encode(), 1, seed=number)))
    if number % 3 == 1:
        run.config_file.write_text(json.dumps(with_strange_values(json.loads(record), random)))
    elif number % 3 == 2:
        run.config_file.write_bytes(next(damaged(record.encode(), 1, seed=number)))


def damaged(content: bytes, count: int, seed: int) -> Iterator[bytes]:
    """`count` copies of `content`, each damaged in one to four ways."""
    random = Random(seed)
    for _ in range(count):
        changed = bytearray(content)
        for _ in range(random.randint(1, 4)):
            random.choice(_WAYS)(changed, random)
        yield bytes(changed)


def _flip(content: bytearray, random: Random) -> None:
    if content:
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)


def _overwrite(content: bytearray, random: Random) -> None:
    at, special = random.randrange(len(content) + 1), random.choice(SPECIAL_BYTES)
    content[at : at + len(special)] = special


def _insert(content: bytearray, random: Random) -> None:
    at = random.randrange(len(content) + 1)
    content[at:at] = random.choice(SPECIAL_BYTES)


def _cut_out(content: bytearray, random: Random) -> None:
    at = random.randrange(len(content) + 1)
    del content[at : at + random.randint(1, 64)]


def _truncate(content: bytearray, random: Random) -> None:
    del content[random.randrange(len(content) + 1) :]


def _repeat(content: bytearray, random: Random) -> None:
    at = random.randrange(len(content) + 1)
    content[at:at] = content[at : at + random.randint(1, 512)]


# Bits most often, as what is left is then nearly right and gets furthest.
_WAYS: tuple[Callable[[bytearray, Random], None], ...] = (
    _flip,
    _flip,
    _flip,
    _overwrite,
    _insert,
    _cut_out,
    _truncate,
    _repeat,
)


def with_strange_values(value: Any, random: Random, values: tuple[Any, ...] = SPECIAL_VALUES) -> Any:
    """A copy of nested dictionaries and lists with one to three leaves or branches replaced by one of `values`."""
    changed = copy.deepcopy(value)
    for _ in range(random.randint(1, 3)):
        _replace_somewhere(changed, random, values)
    return changed


def _replace_somewhere(value: Any, random: Random, values: tuple[Any, ...]) -> None:
    while value:
        key = random.choice(list(value)) if isinstance(value, dict) else random.randrange(len(value))
        below = value[key]
        if not isinstance(below, (dict, list)) or not below or random.random() < 0.2:
            if random.random() < 0.1 and isinstance(value, dict):
                del value[key]
            else:
                value[key] = copy.deepcopy(random.choice(values))
            return
        value = below


def strange_lines(lines: list[str], random: Random) -> list[str]:
    """JSON lines of which some have strange values, and a few have changed places or come twice."""
    changed = [
        json.dumps(with_strange_values(json.loads(line), random)) if random.random() < 0.3 else line for line in lines
    ]
    for _ in range(random.randint(0, 3)):
        changed.insert(random.randrange(len(changed)), random.choice(changed))
        changed.pop(random.randrange(len(changed)))
    return changed
