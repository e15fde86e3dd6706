"""The `mnist-tui` command: its groups, its config file, and how errors leave it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from mnist_tui import __version__
from mnist_tui.cli import dashboard, streams
from mnist_tui.cli.config_file import option_defaults
from mnist_tui.cli.lazy import LazyCommands
from mnist_tui.cli.output import print_error
from mnist_tui.errors import MnistTuiError
from mnist_tui.system import paths
from mnist_tui.system.cpu import prepare_openmp

EPILOG = (
    "Settings and folders can also come from the environment (MNIST_TUI_BATCH_SIZE=64), every option from the "
    "config file (batch_size = 64); an option given here wins over both. Exit codes: 0 done, 1 failed, 2 wrong "
    "usage, 3 data not available, 4 run or checkpoint unusable, 130 and 143 interrupted."
)

# What a shell sets when it asks for completions.
_COMPLETION = "_MNIST_TUI_COMPLETE"

app = typer.Typer(
    name="mnist-tui",
    cls=LazyCommands,
    help="Train a small digit classifier, watch it learn, look inside it and use it.",
    epilog=EPILOG,
    invoke_without_command=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
            metavar="FILE",
            help=f"TOML file of option defaults, instead of {paths.config_file()}.",
            envvar="MNIST_TUI_CONFIG",
        ),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", metavar="", help="Show the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Train a small digit classifier, watch it learn, look inside it and use it."""
    _check_folder()
    context.default_map = option_defaults(context, config)
    if context.invoked_subcommand is None:
        _open_or_help(context)


def _check_folder() -> None:
    """Raise an error if the working folder is gone: a library that torch loads would end the process without one."""
    try:
        Path.cwd()
    except FileNotFoundError as error:
        raise MnistTuiError("the working folder has been deleted", remedy="Change to another folder: cd") from error


def _open_or_help(context: typer.Context) -> None:
    """Without a command: open the dashboard, or print the help if there is no terminal."""
    if not dashboard.is_terminal() and not streams.was_closed(streams.STDIN):
        typer.echo(context.get_help())
        raise typer.Exit
    context.invoke(dashboard.dashboard)


def run() -> None:
    """Run the command; a MnistTuiError becomes its message and its exit code, never a traceback."""
    streams.prepare()
    prepare_openmp()
    try:
        app(prog_name=app.info.name)
    except SystemExit as ended:
        streams.exit_process(ended.code if isinstance(ended.code, int) else 0)
    except MnistTuiError as error:
        print_error(str(error), error.remedy)
        streams.exit_process(error.exit_code)
    except OSError:
        if streams.find_output_error() is None:
            raise
        streams.exit_process(1)
    except Exception as error:
        if _COMPLETION not in os.environ:
            raise
        print_error(f"{_COMPLETION} is set without the other variables of shell completion: {error}", "Unset it.")
        streams.exit_process(2)
