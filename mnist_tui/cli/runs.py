"""`mnist-tui runs`: list, show, compare, export, rename and delete runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from mnist_tui import runs
from mnist_tui.cli.options import Json, RunName, RunsDir
from mnist_tui.cli.output import print_json, print_message, stderr, stdout
from mnist_tui.errors import ConfigError, RunError, explain_os_error
from mnist_tui.system import atomic_file, paths

app = typer.Typer(help="The runs on disk: list, show, compare, export, rename, delete.", no_args_is_help=True)

SortKey = Literal["created", "name", "best", "final", "seconds", "status"]


@app.command("list")
def list_runs(
    sort: Annotated[SortKey, typer.Option(help="Order; by best or final accuracy, the highest first.")] = "created",
    json: Json = False,
    runs_dir: RunsDir = None,
) -> None:
    """List every run with its numbers."""
    from mnist_tui.cli.views.run_tables import run_table
    from mnist_tui.runs.summary import sort_by, summarize

    folder = paths.runs_dir(runs_dir)
    summaries = sort_by(sort, [summarize(run) for run in runs.list_runs(folder)])
    if json:
        print_json([summary.to_dict() for summary in summaries])
    elif summaries:
        stdout().print(run_table(summaries))
        for summary in summaries:
            if summary.reason:
                print_message(stderr(), f"{summary.name}: {summary.reason}")
    else:
        print_message(stderr(), f"No runs in {folder} yet. Start one with: {runs.command('train', runs_dir=folder)}")


@app.command()
def show(run: RunName, json: Json = False, runs_dir: RunsDir = None) -> None:
    """Show a run: its settings, data and machine, its epochs and results."""
    from mnist_tui.cli.views.run_tables import run_report
    from mnist_tui.runs.summary import summarize

    found = runs.find(paths.runs_dir(runs_dir), run)
    if json:
        from mnist_tui.runs.export import epoch_rows

        rows = epoch_rows(found.history(progress=False))
        print_json({**summarize(found).to_dict(), "record": found.record().to_dict(), "rows": rows})
    else:
        stdout().print(run_report(found.record(), found.history(progress=False), summarize(found)))


@app.command()
def compare(
    names: Annotated[
        list[str], typer.Argument(metavar="RUN RUN...", help="Two or more: names, prefixes, paths or latest.")
    ],
    json: Json = False,
    runs_dir: RunsDir = None,
) -> None:
    """Compare runs: their numbers, and the settings in which they differ."""
    from rich.text import Text

    from mnist_tui.render.comparison_table import differences_table, numbers_table
    from mnist_tui.runs import compare
    from mnist_tui.runs.index import RunScanner

    folder = paths.runs_dir(runs_dir)
    found = [RunScanner(runs.find(folder, name)).scan() for name in names]
    if len({run.run.folder for run in found}) < 2:
        raise ConfigError("comparing takes at least two runs", remedy="Name them, or see `mnist-tui runs list`.")
    compared = compare.compare(found)
    if json:
        print_json(compared.to_dict())
        return
    stdout().print(numbers_table(compared))
    heads = [Text(str(number)) for number, run in enumerate(found, 1) if run.record]
    if compared.differences:
        stdout().print(differences_table(compared, heads))
    else:
        stdout().print("The same settings, data and machine.")


@app.command()
def rename(
    run: RunName,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new name.")],
    runs_dir: RunsDir = None,
) -> None:
    """Give a run another name."""
    found = runs.find(paths.runs_dir(runs_dir), run)
    found.rename(name)
    stderr().print(f"Renamed {found.name} to {name}", soft_wrap=True, markup=False)


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
    from mnist_tui.runs.export import export_epochs

    text = export_epochs(runs.find(paths.runs_dir(runs_dir), run).history(progress=False), format)
    if output is None:
        typer.echo(text, nl=False)
        return
    with explain_os_error(RunError, f"{output} cannot be written", remedy="Choose another --output."):
        atomic_file.write_text(output, text)


@app.command()
def delete(
    run: RunName,
    yes: Annotated[bool, typer.Option("--yes", "-y", metavar="", help="Do not ask whether you are sure.")] = False,
    runs_dir: RunsDir = None,
) -> None:
    """Delete a run with all its files."""
    found = runs.find(paths.runs_dir(runs_dir), run)
    if not yes:
        typer.confirm(f"Delete {found.folder} with its log and weights?", abort=True, err=True)
    with explain_os_error(RunError, f"{found.folder} cannot be deleted", remedy="Check its permissions."):
        found.delete()
    print_message(stderr(), f"Deleted {found.name}")
