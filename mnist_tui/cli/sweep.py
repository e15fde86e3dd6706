"""`mnist-tui sweep`: train a recipe with several seeds and settings, or search a space of settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from mnist_tui import runs
from mnist_tui.cli.options import (
    DataDir,
    Json,
    RunsDir,
    config_from_options,
    find_typed_options,
    refuse_options,
    with_settings,
)
from mnist_tui.cli.output import can_animate, print_error, print_json, print_message, stderr, stdout
from mnist_tui.cli.signals import NOTHING_STARTED, stop_on_signal
from mnist_tui.cli.streams import tolerate_closed_stdout
from mnist_tui.cli.views.choose import stop_when_output_lost
from mnist_tui.cli.views.sweep_json import JsonSweepView
from mnist_tui.errors import ConfigError
from mnist_tui.events import utc_now
from mnist_tui.sweep import folder as folders
from mnist_tui.sweep import plans, results, search_space
from mnist_tui.sweep.plans import Grid, Metric, Search, SweepPlan
from mnist_tui.sweep.results import TrialStatus
from mnist_tui.system import paths
from mnist_tui.training.control import Control

app = typer.Typer(invoke_without_command=True)

SweepName = Annotated[str, typer.Argument(metavar="SWEEP", help="A sweep's name, a unique prefix, or latest.")]
On = Annotated[
    Metric | None,
    typer.Option(help="Images whose accuracy counts; by default validation images, or test images if there are none."),
]

# Options that can be combined with `--resume`; everything else is in the plan.
_WITH_RESUME = {"resume", "jobs", "on", "json", "data_dir", "runs_dir"}


@app.callback(epilog="Search needs Optuna: pip install 'mnist-tui\\[search]'.")
@with_settings
def sweep(
    context: typer.Context,
    seeds: Annotated[int, typer.Option(metavar="N", min=1, help="Seeds per combination, starting with --seed.")] = 1,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=A,B,…", help="Values of a setting to try; may be repeated."),
    ] = None,
    search: Annotated[
        list[str] | None,
        typer.Option(
            "--search",
            metavar="NAME=RANGE",
            help="Search a setting: log:LOW:HIGH, float:LOW:HIGH, int:LOW:HIGH or choice:A,B; may be repeated.",
        ),
    ] = None,
    trials: Annotated[
        int, typer.Option(metavar="N", min=1, help="Trials of a search, in all processes together.")
    ] = 50,
    prune: Annotated[
        bool,
        typer.Option("--prune/--no-prune", metavar="", help="In a search, stop trials that are worse than the median."),
    ] = True,
    name: Annotated[str, typer.Option(metavar="NAME", help="The sweep's name; an existing one is continued.")] = "",
    resume: Annotated[
        str, typer.Option(metavar="SWEEP", help="Resume a sweep, or join a search: name, prefix or latest.")
    ] = "",
    jobs: Annotated[int, typer.Option(metavar="N", min=0, help="Trials at a time; 0 means one per core.")] = 0,
    on: On = None,
    json: Json = False,
    data_dir: DataDir = None,
    runs_dir: RunsDir = None,
    **settings: Any,
) -> None:
    """Train with several seeds and values of settings, or search a space, with a process per trial.

    Every trial is an ordinary run. Ctrl+C saves checkpoints, and --resume continues.
    """
    typed = find_typed_options(context)
    if context.invoked_subcommand is not None:
        if typed:
            refuse_options(sorted(typed), f"`sweep {context.invoked_subcommand}` starts no sweep", instead="sweep")
        return
    runs_folder = paths.runs_dir(runs_dir)
    if resume:
        if refused := typed - _WITH_RESUME:
            refuse_options(sorted(refused), "--resume continues with the sweep's own settings", instead="sweep")
        home = folders.find(runs_folder, resume)
        plan = _replace_metric(home.plan(), on)
    else:
        home = folders.sweep_folder(runs_folder, name or f"sweep-{datetime.now():%Y-%m-%dT%H-%M-%S}")
        axes, space = search_space.parse_axes(set_ or []), search_space.parse_space(search or [])
        _check_varied(typed, axes, space, seeds)
        if space:
            plan = _search(home.name, space, trials, prune, settings, on)
        else:
            plan = _grid(home.name, axes, seeds, settings, on)
    _run(plan, home, paths.data_dir(data_dir), jobs, json)


@app.command("list")
def list_sweeps(json: Json = False, runs_dir: RunsDir = None) -> None:
    """List the sweeps: what they vary, and their progress."""
    from mnist_tui.cli.views.sweep_tables import sweep_list

    folder = paths.runs_dir(runs_dir)
    found = [(home.name, home.plan()) for home in folders.list_sweeps(folder)]
    documents = [results.to_dict(plan, list(results.read(plan, folder).values())) for _, plan in found]
    if json:
        print_json([{key: value for key, value in entry.items() if key != "rows"} for entry in documents])
    elif documents:
        stdout().print(sweep_list([plan for _, plan in found], documents))
    else:
        print_message(stderr(), f"No sweeps in {folder} yet. Start one with: mnist-tui sweep --seeds 3")


@app.command()
def show(
    sweep: SweepName,
    format: Annotated[Literal["table", "csv", "json"], typer.Option(help="Format of the result.")] = "table",
    on: On = None,
    runs_dir: RunsDir = None,
) -> None:
    """Show the results of a sweep so far, best first, without changing it."""
    from mnist_tui.cli.views.sweep_tables import facts, sweep_table

    folder = paths.runs_dir(runs_dir)
    plan = _replace_metric(folders.find(folder, sweep).plan(), on)
    plans.check_metric(plan)
    found = list(results.read(plan, folder).values())
    if format == "json":
        print_json(results.to_dict(plan, found))
    elif format == "csv":
        typer.echo(results.to_csv(plan, found), nl=False)
    else:
        stdout().print(sweep_table(plan, found))
        stdout().print(facts(plan, found))


def _replace_metric(plan: SweepPlan, on: Metric | None) -> SweepPlan:
    return plan if on is None else dataclasses.replace(plan, on=on)


def _grid(name: str, axes: dict[str, Any], seeds: int, settings: dict[str, Any], on: Metric | None) -> Grid:
    combinations = plans.build_combinations(lambda values: config_from_options({**settings, **values}), axes)
    first = combinations[0].config
    validated = all(combination.config.validation for combination in combinations)
    metric: Metric = on or ("validation" if validated else "test")
    return Grid(name, utc_now(), combinations, tuple(range(first.seed, first.seed + seeds)), metric)


def _search(
    name: str, space: dict[str, Any], trials: int, prune: bool, settings: dict[str, Any], on: Metric | None
) -> Search:
    if on == "test":
        raise ConfigError(
            "a search is ranked by validation images, never by the test set",
            remedy="Leave --on test out; `sweep show --on test` shows those figures afterwards.",
        )
    config = config_from_options(settings)
    if "recipe" in space:
        raise ConfigError("a search starts from one recipe", remedy="Compare recipes with --set recipe=A,B.")
    return Search(name, utc_now(), config, space, trials, prune)


def _run(plan: SweepPlan, home: folders.SweepFolder, data_dir: Path, jobs: int, json: bool) -> None:
    from mnist_tui.sweep.run_sweep import SweepRunner

    if isinstance(plan, Search):
        import mnist_tui.sweep.optuna_source  # noqa: F401 - raises an error without Optuna
    runner = SweepRunner(plan, home, data_dir, jobs)
    runner.check()
    control = Control()
    view = _view(json)
    with stop_on_signal(control, remedy=NOTHING_STARTED) as caught, view:
        runner.run(control, stop_when_output_lost(view.show, control))
    _suggest_next_step(view.progress, home, data_dir)
    if control.stop_reason:
        raise typer.Exit(caught.exit_code)
    if view.progress.counts[TrialStatus.FAILED]:
        raise typer.Exit(1)


def _view(json: bool) -> Any:
    from mnist_tui.cli.views.sweep_live import LiveSweepView, PlainSweepView

    if json:
        return JsonSweepView()
    tolerate_closed_stdout()
    console = stdout()
    return LiveSweepView(console) if can_animate(console) else PlainSweepView(console, stderr())


def _suggest_next_step(progress: Any, home: folders.SweepFolder, data_dir: Path) -> None:
    counts = progress.counts
    if counts[TrialStatus.FAILED]:
        print_error(
            f"{counts[TrialStatus.FAILED]} of {progress.total} trials failed",
            f"See why with `{runs.command('sweep', 'show', home.name, '--format', 'json', runs_dir=home.runs_dir)}`.",
        )
    if progress.ended - counts[TrialStatus.FAILED] < progress.total:
        resume = runs.command("sweep", "--resume", home.name, runs_dir=home.runs_dir, data_dir=data_dir)
        print_message(stderr(), f"Continue with: {resume}")


def _check_varied(typed: set[str], axes: Mapping[str, Any], space: Mapping[str, Any], seeds: int) -> None:
    """Raise ConfigError if a varied setting is also fixed, or if --search is given with --set or --seeds."""
    for name in (*axes, *space):
        if name in typed:
            option = f"--{name.replace('_', '-')}"
            raise ConfigError(f"{name} is both fixed, with {option}, and varied", remedy="Leave one of the two out.")
    if space and (axes or seeds > 1):
        raise ConfigError(
            "--search goes with neither --set nor --seeds",
            remedy="Search first; then sweep the best settings over seeds.",
        )
