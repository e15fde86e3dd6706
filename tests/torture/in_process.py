"""The command line in this process: what it prints, and how it ends."""

from __future__ import annotations

import contextlib
import io
import sys
from dataclasses import dataclass
from unittest import mock

import mnist_tui.cli


@dataclass(frozen=True)
class Ended:
    """`code` as the shell sees it."""

    code: int
    out: str
    err: str


def mnist(*arguments: object) -> Ended:
    """`mnist-tui ARGUMENTS`. Whatever it raises but SystemExit is a traceback that a person would see."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2)]
    code: object = None
    with (
        mock.patch.object(sys, "argv", ["mnist-tui", *map(str, arguments)]),
        contextlib.redirect_stdout(streams[0]),
        contextlib.redirect_stderr(streams[1]),
    ):
        try:
            mnist_tui.cli.main()
        except SystemExit as left:
            code = left.code
    out, err = (_written(stream) for stream in streams)
    return Ended(code if isinstance(code, int) else 0, out, err)


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()
