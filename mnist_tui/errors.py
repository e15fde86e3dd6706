"""The errors that users see: each says what happened, to what, and what to do."""

from __future__ import annotations

import difflib
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import ClassVar


class MnistTuiError(Exception):
    """An expected failure: `str(error)` says what happened, and `remedy` what to do."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy
        self.place = ""
        """What was raised, and where in a user's file; "" for what needs no such place."""


def describe_place(error: BaseException, frame: traceback.FrameSummary) -> str:
    """`ValueError · net.py:7 in forward`."""
    return f"{type(error).__name__} · {PurePath(frame.filename).name}:{frame.lineno} in {frame.name}"


class ConfigError(MnistTuiError):
    """A setting, an option or a config file cannot be used."""

    exit_code = 2


class ModelError(MnistTuiError):
    """A `--model` does not name a network from (N, 1, 28, 28) to (N, 10)."""

    exit_code = 2


class NetworkCodeError(MnistTuiError):
    """The user's network raised an exception while it was used."""


class DataError(MnistTuiError):
    """A dataset is not available: missing, damaged, unreachable, or with no room to store it."""

    exit_code = 3


class RunError(MnistTuiError):
    """A run or checkpoint is missing, damaged, in use, or cannot be resumed."""

    exit_code = 4


class PictureError(MnistTuiError):
    """An image file cannot be used: unreadable, too large, damaged."""


class NoDigitError(PictureError):
    """There is nothing in an image that could be a digit."""


class Interrupted(MnistTuiError):  # noqa: N818 - a request, not an error: nothing went wrong
    """The user asked to stop before there was anything to save."""

    exit_code = 130


@contextmanager
def explain_os_error(kind: type[MnistTuiError], message: str, *, remedy: str) -> Iterator[None]:
    """Turn an OSError within the context into `kind`: the message, a colon and the system's reason."""
    try:
        yield
    except OSError as error:
        raise kind(f"{message}: {error.strerror}", remedy=remedy) from error


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown `name`, `; did you mean 'mnist'?`; "" if no known name is similar."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
