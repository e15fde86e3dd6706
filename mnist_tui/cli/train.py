"""`mnist-tui train`: train a network."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mnist_tui import recipes, runs
from mnist_tui.cli.dashboard import is_terminal, open_dashboard
from mnist_tui.cli.options import (
    DataDir,
    GraphsOption,
    Json,
    RunsDir,
    config_from_options,
    find_typed_options,
    refuse_options,
    with_settings,
)
from mnist_tui.cli.output import print_error, print_message, print_traceback, stderr, stdout
from mnist_tui.cli.signals import NOTHING_STARTED, exit_on_signal, stop_on_signal
from mnist_tui.cli.trust import Trust, ask_for_trust
from mnist_tui.cli.views.choose import View, choose_view, stop_when_output_lost
from mnist_tui.events import RunFailed, RunStopped
from mnist_tui.runs import Run
from mnist_tui.system import paths
from mnist_tui.training.control import Control
from mnist_tui.training.jobs import Folders, Job, NewRun, ResumedRun


@with_settings
def train(
    context: typer.Context,
    headless: Annotated[
        bool, typer.Option("--headless", metavar="", help="Never open the dashboard; print a table or lines instead.")
    ] = False,
    resume: Annotated[
        str, typer.Option(metavar="RUN", help="Resume a stopped run: name, prefix, path or latest.")
    ] = "",
    name: Annotated[
        str, typer.Option(metavar="NAME", help="The new run's name; by default time, dataset and recipe.")
    ] = "",
    more_epochs: Annotated[
        int, typer.Option(metavar="N", min=0, help="With --resume: train N more epochs after the schedule's end.")
    ] = 0,
    trust: Trust = False,
    json: Json = False,
    graphs: GraphsOption = "auto",
    data_dir: DataDir = None,
    runs_dir: RunsDir = None,
    **settings: Any,
) -> None:
    """Train a network. The run is saved on disk; Ctrl+C stops it with a checkpoint from which it can be resumed.

    Options change the settings of the recipe. Defaults in brackets are those of the reference recipe.
    """
    folders = Folders(paths.data_dir(data_dir), paths.runs_dir(runs_dir))
    job: Job
    found: Run | None = None
    if resume:
        changes = _changes(context, [*settings, "name"])
        found = runs.find(folders.runs, resume)  # so that errors come before torch is loaded
        ask_for_trust(found, trust, teacher=True, notify=False)
        job = ResumedRun(resume, folders, more_epochs, **changes)
    else:
        job = NewRun(config_from_options(settings), folders, name)
        if job.config.teacher and job.config.teacher not in recipes.RECIPES:
            ask_for_trust(runs.find(folders.runs, job.config.teacher), trust)
    if not headless and not json and is_terminal():
        config = job.config if isinstance(job, NewRun) else recipes.get_recipe("reference")
        open_dashboard(config, folders, job, graphs=graphs)
    _train(job, choose_view(json=json, before=found.history(progress=False) if found and not json else None), folders)


def _train(job: Job, view: View, folders: Folders) -> None:
    """Train without a dashboard. Exits with the code of a signal or of a failure."""
    control = Control()
    with stop_on_signal(control, remedy=NOTHING_STARTED) as caught, view:
        with exit_on_signal():
            from mnist_tui.training import run_training  # noqa: F401 - torch takes seconds, in which a signal could get lost
        result = job(control, stop_when_output_lost(view.show, control))
    event, run = result.event, result.run
    if isinstance(event, RunStopped):
        print_message(stderr(), f"Stopped in epoch {event.epoch}, after step {event.step:,}: {event.reason}.")
        print_message(stderr(), f"Continue with: {runs.resume_command(run.folder, folders.data)}")
        raise typer.Exit(caught.exit_code)
    if isinstance(event, RunFailed):
        if event.traceback:
            print_traceback(event.traceback)
        print_error(event.message, f"{event.remedy} The log is {run.log_file}.".strip())
        raise typer.Exit(event.exit_code)
    view.conclude(stdout())
    print_message(stderr(), f"Run saved in {run.folder}")


def _changes(context: typer.Context, names: list[str]) -> dict[str, Any]:
    """Options that may change when a run is resumed: only how it is computed. Raises ConfigError for others."""
    typed = find_typed_options(context)
    given = [name for name in names if name in typed]
    if refused := [name for name in given if name not in ("threads", "backend")]:
        refuse_options(refused, "--resume continues with the run's own settings", instead="run")
    return {name: context.params[name] for name in given}
