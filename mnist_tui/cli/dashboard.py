"""`mnist-tui dashboard`, which is also what `mnist-tui` alone and `train` in a terminal open."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from mnist_tui import runs
from mnist_tui.cli.options import DataDir, RunsDir, config_from_options, with_settings
from mnist_tui.cli.output import complain, say, say_traceback, stderr
from mnist_tui.errors import ConfigError
from mnist_tui.system import paths
from mnist_tui.training.jobs import Folders, Job, NewRun

if TYPE_CHECKING:
    from mnist_tui.tui.app import DashboardExit


@with_settings
def dashboard(
    start: Annotated[
        bool, typer.Option("--start", help="Begin training at once with these settings.")
    ] = False,
    data_dir: DataDir = None,
    runs_dir: RunsDir = None,
    **settings: Any,
) -> None:
    """Open the dashboard: train, watch, compare and resume runs without leaving the terminal.

    Settings fill its form; --start begins at once.
    """
    folders = Folders(paths.data_dir(data_dir), paths.runs_dir(runs_dir))
    config = config_from_options(
        {**_remembered(settings), **{k: v for k, v in settings.items() if v is not None}}
    )
    open_dashboard(config, folders, NewRun(config, folders) if start else None)


def open_dashboard(config: Any, folders: Folders, job: Job | None) -> NoReturn:
    """Run the application; its exit code becomes ours."""
    if not is_terminal():
        raise ConfigError(
            "the dashboard needs a terminal that can move its cursor, on standard input and output",
            remedy="Use `mnist-tui train --headless`, or `mnist-tui watch RUN --once`.",
        )
    from mnist_tui.tui.app import run_dashboard

    left = run_dashboard(config, folders, job=job)
    with contextlib.suppress(OSError):  # the terminal may be what has gone
        _say_how_it_ended(left, folders)
    _exit(left.code)


def _say_how_it_ended(left: DashboardExit, folders: Folders) -> None:
    """What stays in the terminal, as a headless run would leave it."""
    if left.failed is not None:
        say_traceback(left.failed.traceback)
        complain(left.failed.message, left.failed.remedy)
    elif left.run is not None:
        say(stderr(), f"Continue with: {runs.resume_command(left.run.folder, folders.data)}")


def is_terminal() -> bool:
    """Whether a dashboard can be drawn and typed at."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _exit(code: int) -> NoReturn:
    """At once: everything is on disk, and taking torch apart takes the interpreter a second or more.

    Besides, a thread that is deep in a library would be waited for, or brought down with a crash.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(code)


def _remembered(settings: dict[str, Any]) -> dict[str, Any]:
    """The last form's settings; another recipe asked for starts from that recipe instead."""
    from mnist_tui.config import SETTINGS, find_problems
    from mnist_tui.tui.preferences import Preferences

    form = {name: value for name, value in Preferences().form.items() if name in SETTINGS}
    return {} if settings.get("recipe") is not None or find_problems(form) else form
