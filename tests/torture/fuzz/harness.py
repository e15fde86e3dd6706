"""What a harness is, and what every input must keep to."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from mnist_tui.errors import MnistTuiError

MEGABYTES = 400
"""What one input may make the process grow by."""


@dataclass(frozen=True)
class Harness:
    """`use` is given what the fuzzer made up, and an empty folder to begin with that is kept from input to input."""

    use: Callable[[bytes, Path], None]
    seeds: Callable[[Path], Iterable[bytes]]
    """Sound ones, to be changed; made in an empty folder."""
    longest: int = 4096
    """Bytes of an input."""


class ExcessError(Exception):
    """An input that took far more memory than it should."""


def careful(use: Callable[[bytes, Path], None], folder: Path) -> Callable[[bytes], None]:
    """`use`, of which only the program's own errors are no fault, and those only with all their words."""

    def of(content: bytes) -> None:
        before = _peak()
        try:
            use(content, folder)
        except MnistTuiError as error:
            assert str(error).strip(), "an error without words"
            assert error.remedy, f"no remedy: {error}"
        if (grown := _peak() - before) > MEGABYTES:
            raise ExcessError(f"{grown} MB for {len(content)} bytes")

    return of


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def planted(content: bytes, _folder: Path) -> None:
    """A control: a fault that chance alone would take thousands of millions of inputs to find."""
    if content[:1] == b"\x93" and content[1:2] == b"T" and content[2:3] == b"u" and content[3:4] == b"\0":
        raise ValueError("planted")


def _greedy(content: bytes, _folder: Path) -> None:
    """A control: one input in 256 or so takes more than it may, and gives it back."""
    if content[:1] == b"m":
        bytearray(2 * MEGABYTES << 20)


def _endless(content: bytes, _folder: Path) -> None:
    """A control: one input in 256 or so never ends."""
    while content[:1] == b"e":
        pass


def _one_seed(_folder: Path) -> Iterable[bytes]:
    return [b"nothing of it"]


CONTROLS = {
    "planted": Harness(planted, _one_seed, longest=64),
    "greedy": Harness(_greedy, _one_seed, longest=64),
    "endless": Harness(_endless, _one_seed, longest=64),
}
