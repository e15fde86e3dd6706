"""Options that several commands share, and the fields of TrainConfig as options."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer

from mnist_tui import recipes
from mnist_tui.config import SETTINGS, TYPES, TrainConfig
from mnist_tui.errors import ConfigError

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", envvar="MNIST_TUI_DATA_DIR", help="Folder of the datasets.", rich_help_panel="Folders"),
]
RunsDir = Annotated[
    Path | None,
    typer.Option("--runs-dir", envvar="MNIST_TUI_RUNS_DIR", help="Folder of the runs.", rich_help_panel="Folders"),
]
GraphsOption = Annotated[
    Literal["auto", "braille", "quadrant", "block", "ascii"],
    typer.Option(
        "--graphs",
        envvar="MNIST_TUI_GRAPHS",
        help="Characters that charts are made of; auto: the finest that the terminal's font is sure to have.",
    ),
]
# An empty metavar, here and in other flags: Typer would say <bool>, and a flag takes no value.
Json = Annotated[bool, typer.Option("--json", metavar="", help="Print JSON instead.")]
Model = Annotated[str, typer.Option("--model", envvar="MNIST_TUI_MODEL", help=SETTINGS["model"].help)]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run's name, a unique prefix, a path, or latest.")]

Weights = Annotated[
    Literal["best", "last"],
    typer.Option("--weights", help="Use the weights of the best epoch or of the last checkpoint."),
]


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that takes `**settings` an option per setting; those that are not given are None."""
    # Evaluated here, as Typer does not evaluate the texts in a `__signature__` that was set.
    signature = inspect.signature(command, eval_str=True)
    own = [entry for entry in signature.parameters.values() if entry.kind is not inspect.Parameter.VAR_KEYWORD]
    options = [_parameter(name) for name in SETTINGS]
    command.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined]
    command.__annotations__ = {entry.name: entry.annotation for entry in (*own, *options)}
    return command


def use_graphs(setting: str) -> None:
    """Draw with what was asked for; else with what was chosen in the dashboard, else with what the terminal has."""
    from mnist_tui.render import graphs
    from mnist_tui.tui.preferences import Preferences

    graphs.use(graphs.choose(setting if setting != "auto" else Preferences().graphs))


def config_from_options(settings: Mapping[str, Any]) -> TrainConfig:
    """The config of the recipe, with the settings that were given."""
    given = {name: value for name, value in settings.items() if value is not None}
    return recipes.build_config(given.pop("recipe", "reference"), **given)


def find_typed_options(context: typer.Context) -> set[str]:
    """The names of the options given on the command line."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"}


def refuse_options(names: Iterable[str], why: str, *, instead: str) -> NoReturn:
    """Raise ConfigError: these options cannot be given."""
    options = ", ".join(f"--{name.strip('_').replace('_', '-')}" for name in names)
    raise ConfigError(f"{why}, so {options} cannot be given", remedy=f"Leave that out, or start a new {instead}.")


def _default(name: str) -> str:
    """The recipe's value, in Typer's style for defaults: the option's own default is None."""
    value = getattr(TrainConfig(), name)
    return rf"[dim]\[default: {f'{value:g}' if isinstance(value, float) else value}][/dim]"


def _parameter(name: str) -> inspect.Parameter:
    """The option of a setting. It has no range: `TrainConfig` checks it, with a better message."""
    setting = SETTINGS[name]
    option: Any = typer.Option(
        f"--{name.replace('_', '-')}",
        envvar=f"MNIST_TUI_{name.upper()}",
        show_envvar=False,
        help=f"{setting.help} {_default(name)}",
        rich_help_panel=setting.group,
    )
    kind: Any = TYPES[name] | None
    annotation = Annotated[kind, option]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
