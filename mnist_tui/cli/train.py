"""`mnist-tui train`: train from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mnist_tui import recipes, runs
from mnist_tui.cli.dashboard import is_terminal, open_dashboard
from mnist_tui.cli.options import DataDir, Json, RunsDir, config_from_options, with_settings
from mnist_tui.cli.output import complain, say, say_traceback, stderr, stdout
from mnist_tui.cli.signals import leaving_at_once, stopping
from mnist_tui.cli.trust import Trust, agree
from mnist_tui.cli.views.choose import choose_view, stop_when_output_lost
from mnist_tui.errors import ConfigError, Interrupted
from mnist_tui.events import RunFailed, RunStopped
from mnist_tui.runs import Run
from mnist_tui.system import paths
from mnist_tui.training.control import Control
from mnist_tui.training.jobs import Folders, Job, NewRun, ResumedRun

if TYPE_CHECKING:
    from mnist_tui.training.recorder import RunResult


@with_settings
def train(
    context: typer.Context,
    headless: Annotated[
        bool,
        typer.Option(
            "--headless", metavar="", help="Never open the dashboard; print a table or lines instead."
        ),
    ] = False,
    resume: Annotated[
        str,
        typer.Option(metavar="RUN", help="Resume a stopped run: name, prefix, path or latest."),
    ] = "",
    name: Annotated[
        str, typer.Option(metavar="NAME", help="The new run's name; else time, dataset and recipe.")
    ] = "",
    more_epochs: Annotated[
        int, typer.Option(metavar="N", min=0, help="With --resume: N epochs after the schedule's end.")
    ] = 0,
    trust: Trust = False,
    json: Json = False,
    data_dir: DataDir = None,
    runs_dir: RunsDir = None,
    **settings: Any,
) -> None:
    """Train a network; the run is kept on disk, and Ctrl+C stops it with a checkpoint to resume from.

    Every setting starts from the recipe, and an option changes it. Numbers in brackets are the reference recipe's.
    """
    folders = Folders(paths.data_dir(data_dir), paths.runs_dir(runs_dir))
    job: Job
    found: Run | None = None
    if resume:
        changes = _changes(context, [*settings, "name"])
        found = runs.find(folders.runs, resume)  # refused before torch is loaded
        agree(found, trust, teacher=True, notify=False)
        job = ResumedRun(resume, folders, more_epochs, **changes)
    else:
        job = NewRun(config_from_options(settings), folders, name)
        if job.config.teacher and job.config.teacher not in recipes.RECIPES:
            agree(runs.find(folders.runs, job.config.teacher), trust)
    if not headless and not json and is_terminal():
        open_dashboard(
            job.config if isinstance(job, NewRun) else recipes.get_recipe("reference"), folders, job
        )
    control = Control()
    view = choose_view(json=json, before=found.history(progress=False) if found and not json else None)
    with stopping(control) as caught, view:
        try:
            with leaving_at_once():
                from mnist_tui.training import run_training  # noqa: F401 - torch takes seconds, in which a signal could get lost
            outcome = job(control, stop_when_output_lost(view, control))
        except Interrupted as interruption:
            complain(str(interruption), "Nothing was begun; start it again.")
            raise typer.Exit(caught.exit_code) from None
    if isinstance(outcome.event, RunStopped):
        _say_how_to_resume(outcome, folders)
        raise typer.Exit(caught.exit_code)
    if isinstance(outcome.event, RunFailed):
        _say_what_failed(outcome.event, outcome.run.log_file)
        raise typer.Exit(outcome.event.exit_code)
    view.conclude(stdout())
    say(stderr(), f"Run kept in {outcome.run.folder}")


def _changes(context: typer.Context, names: list[str]) -> dict[str, Any]:
    """What a resumed run is given anew: how it is computed, and nothing else.

    An option that cannot take effect is a mistake to point out.
    """
    sources = {name: context.get_parameter_source(name) for name in names}
    given = [name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"]
    refused = [name for name in given if name not in ("threads", "backend")]
    if refused:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in refused)
        raise ConfigError(
            f"--resume goes on with the run's own settings, so {options} cannot be given",
            remedy="Leave that out, or start a new run.",
        )
    return {name: context.params[name] for name in given}


def _say_how_to_resume(outcome: RunResult, folders: Folders) -> None:
    event = outcome.event
    assert isinstance(event, RunStopped)
    say(stderr(), f"Stopped in epoch {event.epoch}, after step {event.step:,}: {event.reason}.")
    say(stderr(), f"Continue with: {runs.resume_command(outcome.run.folder, folders.data)}")


def _say_what_failed(event: RunFailed, log: Path) -> None:
    if event.traceback:
        say_traceback(event.traceback)
    complain(event.message, f"{event.remedy} The log is {log}.".strip())
