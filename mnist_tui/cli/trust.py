"""Asking before the code of a run from another machine is executed; `--trust` is the answer for scripts."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from mnist_tui.cli.output import print_message, stderr
from mnist_tui.runs import Run
from mnist_tui.training.run_code import RunCode, find_code, find_teacher_code

Trust = Annotated[
    bool,
    typer.Option("--trust", metavar="", help="Execute the network code of a run from another machine without asking."),
]


def ask_for_trust(run: Run, trust: bool, *, teacher: bool = False, notify: bool = True) -> RunCode:
    """Make sure that the code of `run`'s network may be executed; ask if there is a terminal.

    With `teacher` also the code of its teacher's network; with `notify` a later change of the code is reported. Raises
    RunError if it may not be run.
    """
    teachers = find_teacher_code(run) if teacher else None
    if teachers is not None:
        _require_trust(teachers, trust)
    code = _require_trust(find_code(run), trust)
    if notify and code.change:
        print_message(stderr(), f"notice: {code.change}", "yellow")
    return code


def _require_trust(code: RunCode, trust: bool) -> RunCode:
    if not code.is_known and (trust or _ask(code)):
        code.trust()
    return code.require_trust()


def _ask(code: RunCode) -> bool:
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr)):
        return False
    print_message(stderr(), code.question)
    return typer.confirm("Do you trust its author and want to run it?", default=False, err=True)
