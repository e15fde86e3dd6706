"""`mnist-tui runs`: list, show, export and delete what was trained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from mnist_tui import atomic, paths, runs
from mnist_tui.cli.options import Json, RunName, RunsDir
from mnist_tui.cli.output import print_json, say, stderr, stdout
from mnist_tui.errors import RunError

app = typer.Typer(help="The runs on disk: list, show, export, delete.", no_args_is_help=True)

SortKey = Literal["created", "name", "best", "final", "seconds", "status"]


@app.command("list")
def list_runs(
    sort: Annotated[
        SortKey, typer.Option(help="Order; by best or final accuracy, the highest first.")
    ] = "created",
    json: Json = False,
    runs_dir: RunsDir = None,
) -> None:
    """List every run with its numbers."""
    from mnist_tui.render.run_table import run_table
    from mnist_tui.run_summary import sorted_by, summarise

    folder = paths.runs_dir(runs_dir)
    summaries = sorted_by(sort, [summarise(run) for run in runs.list_runs(folder)])
    if json:
        print_json([summary.to_dict() for summary in summaries])
    elif summaries:
        stdout().print(run_table(summaries))
    else:
        say(stderr(), f"No runs in {folder} yet. Begin one with: mnist-tui train")


@app.command()
def show(run: RunName, json: Json = False, runs_dir: RunsDir = None) -> None:
    """Tell the whole story of a run."""
    from mnist_tui.render.run_story import run_story
    from mnist_tui.run_summary import summarise

    found = runs.find(paths.runs_dir(runs_dir), run)
    if json:
        from mnist_tui.export import epoch_rows

        rows = epoch_rows(found.history(progress=False))
        print_json({**summarise(found).to_dict(), "record": found.record(), "rows": rows})
    else:
        stdout().print(run_story(found.record(), found.history(progress=False), summarise(found)))


@app.command()
def export(
    run: RunName,
    format: Annotated[Literal["csv", "json", "markdown"], typer.Option(help="Format of the table.")] = "csv",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write to this file, not to standard output."),
    ] = None,
    runs_dir: RunsDir = None,
) -> None:
    """Write a run's epoch table as CSV, JSON, or Markdown beside the published figures."""
    from mnist_tui.export import exported

    text = exported(runs.find(paths.runs_dir(runs_dir), run).history(progress=False), format)
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        atomic.write_text(output, text)
    except OSError as error:
        raise RunError(
            f"{output} cannot be written: {error.strerror}", remedy="Choose another --output."
        ) from error


@app.command()
def delete(
    run: RunName,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", metavar="", help="Do not ask whether you are sure.")
    ] = False,
    runs_dir: RunsDir = None,
) -> None:
    """Delete a run with all its files."""
    found = runs.find(paths.runs_dir(runs_dir), run)
    if not yes:
        typer.confirm(f"Delete {found.folder} with its log and weights?", abort=True, err=True)
    try:
        found.delete()
    except OSError as error:
        message = f"{found.folder} cannot be deleted: {error.strerror}"
        raise RunError(message, remedy="Check its permissions.") from error
    say(stderr(), f"Deleted {found.name}")
