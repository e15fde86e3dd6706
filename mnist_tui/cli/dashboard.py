"""`mnist-tui dashboard`, which is also what `mnist-tui` alone and `train` in a terminal open."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Annotated, Any, NoReturn

import typer

from mnist_tui import runs
from mnist_tui.cli.options import DataDir, GraphsOption, RunsDir, config_from_options, use_graphs, with_settings
from mnist_tui.cli.output import print_error, print_message, print_traceback, stderr
from mnist_tui.errors import ConfigError
from mnist_tui.system import paths
from mnist_tui.training.jobs import Folders, Job, NewRun


@with_settings
def dashboard(
    start: Annotated[bool, typer.Option("--start", help="Begin training at once with these settings.")] = False,
    theme: Annotated[str, typer.Option(metavar="NAME", help="Its colors, such as mnist-paper, for this time.")] = "",
    graphs: GraphsOption = "auto",
    data_dir: DataDir = None,
    runs_dir: RunsDir = None,
    **settings: Any,
) -> None:
    """Open the dashboard: train, watch, compare and resume runs without leaving the terminal.

    Settings fill its form; --start begins at once.
    """
    folders = Folders(paths.data_dir(data_dir), paths.runs_dir(runs_dir))
    given = {name: value for name, value in settings.items() if value is not None}
    remembered = _load_form(settings)
    config = config_from_options({**remembered, **given})
    if start:
        job, notice = NewRun(config, folders), _describe_remembered(remembered, given)
        open_dashboard(config, folders, job, notice, graphs=graphs, theme=theme)
    open_dashboard(config, folders, graphs=graphs, theme=theme)


def open_dashboard(
    config: Any,
    folders: Folders,
    job: Job | None = None,
    notice: str = "",
    *,
    graphs: str = "auto",
    theme: str = "",
) -> NoReturn:
    """Run the application, and exit with its exit code. `notice` is shown in it at first."""
    if not is_terminal():
        raise ConfigError(
            "the dashboard needs a terminal that can move its cursor, on standard input and output",
            remedy="Use `mnist-tui train --headless`, or `mnist-tui watch RUN --once`.",
        )
    from mnist_tui.tui.app import run_dashboard

    use_graphs(graphs)
    ended = run_dashboard(config, folders, job=job, notice=notice, theme=theme)
    with contextlib.suppress(OSError):  # the terminal may be what has gone
        # What a headless run would leave in the terminal.
        if ended.failed is not None:
            print_traceback(ended.failed.traceback)
            print_error(ended.failed.message, ended.failed.remedy)
        elif ended.run is not None:
            print_message(stderr(), f"Continue with: {runs.resume_command(ended.run.folder, folders.data)}")
    _exit(ended.code)


def is_terminal() -> bool:
    """Whether there is a terminal for a dashboard, on standard input and output."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _exit(code: int) -> NoReturn:
    """Exit without the interpreter's shutdown: everything is on disk, and unloading torch takes a second or more.

    A thread within a library would also be waited for, or crash.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(code)


def _load_form(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings of the last form; none if another recipe is requested."""
    from mnist_tui.config import SETTINGS, find_problems
    from mnist_tui.tui.preferences import Preferences

    form = {name: value for name, value in Preferences().form.items() if name in SETTINGS}
    return {} if settings.get("recipe") is not None or find_problems(form) else form


def _describe_remembered(remembered: dict[str, Any], given: dict[str, Any]) -> str:
    """The settings of the last form that a run starts with though no option was given for them; "" for none."""
    from mnist_tui.recipes import RECIPES

    recipe = RECIPES.get(remembered.get("recipe", ""))
    usual = recipe.to_dict() if recipe else {}
    kept = [f"{k.replace('_', ' ')} {v}" for k, v in remembered.items() if k not in given and v != usual.get(k)]
    return f"From the last form: {', '.join(kept)}. --recipe NAME starts without them." if kept else ""
