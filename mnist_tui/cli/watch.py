"""`mnist-tui watch`: follow a run that another process is training."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from mnist_tui import runs
from mnist_tui.cli.options import GraphsOption, Json, RunName, RunsDir, use_graphs
from mnist_tui.cli.output import print_json, stdout
from mnist_tui.runs import Run
from mnist_tui.system import paths


def watch(
    run: RunName = "latest",
    once: Annotated[bool, typer.Option("--once", help="Print the current state and exit.")] = False,
    json: Json = False,
    graphs: GraphsOption = "auto",
    runs_dir: RunsDir = None,
) -> None:
    """Follow a run from another terminal, without changing it. Without a terminal, print its state."""
    found = runs.find(paths.runs_dir(runs_dir), run)
    found.record()  # reports a damaged record here, not on an empty screen
    if json:
        _print_json(found)
    elif once or not (sys.stdin.isatty() and sys.stdout.isatty()) or stdout().is_dumb_terminal:
        from mnist_tui.cli.views.run_tables import run_status

        stdout().print(run_status(found.name, found.history()))
    else:
        from mnist_tui.tui.watch_app import run_watch

        use_graphs(graphs)
        raise typer.Exit(run_watch(found))


def _print_json(run: Run) -> None:
    """The entry of `runs list`, and the progress within the epoch."""
    import dataclasses

    from mnist_tui.runs.summary import build_summary

    history = run.history()
    now = history.progress
    progress = None if now is None else {**dataclasses.asdict(now), "batch_losses": None}
    print_json({**build_summary(run, run.record(), history).to_dict(), "progress": progress})
