"""The `mnist-tui` command: its groups, its config file, and how errors leave it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from mnist_tui import __version__
from mnist_tui.cli import bench, check, dashboard, data, inspect_model, runs, train, watch
from mnist_tui.cli.config_file import option_defaults
from mnist_tui.cli.output import complain
from mnist_tui.errors import MnistTuiError

EPILOG = (
    "Every option can also be set in the environment (--batch-size is MNIST_TUI_BATCH_SIZE) or in the config file "
    "(batch_size = 64). Exit codes: 0 done, 1 failed, 2 wrong usage, 3 data not to be had, 4 run or checkpoint "
    "unusable, 130 and 143 interrupted."
)

app = typer.Typer(
    name="mnist-tui",
    help="Train a small digit classifier, watch it learn, look inside it and use it.",
    epilog=EPILOG,
    invoke_without_command=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("dashboard")(dashboard.dashboard)
app.command("train")(train.train)
app.command("inspect-model")(inspect_model.inspect_model)
app.command("check")(check.check)
app.add_typer(data.app, name="data")
app.add_typer(runs.app, name="runs")
app.command("watch")(watch.watch)
app.command("bench")(bench.bench)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mnist-tui {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            help="A TOML file of options, instead of the person's own.",
            envvar="MNIST_TUI_CONFIG",
        ),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Train a small digit classifier, watch it learn, look inside it and use it."""
    context.default_map = option_defaults(context, config)
    if context.invoked_subcommand is None:
        _open_or_help(context)


def _open_or_help(context: typer.Context) -> None:
    """Without a command: the dashboard, or where there is no terminal for one, what commands there are."""
    if not dashboard.is_terminal():
        typer.echo(context.get_help())
        raise typer.Exit
    context.invoke(dashboard.dashboard)


def main() -> None:
    """Run the command; a MnistTuiError becomes its message and its exit code, never a traceback."""
    try:
        app()
    except MnistTuiError as error:
        complain(str(error), error.remedy)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        complain("interrupted")
        sys.exit(130)
    except BrokenPipeError:
        # The reader (head, less) has gone; Python would complain again while closing stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
