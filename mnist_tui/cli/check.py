"""`mnist-tui check`: the requirements of the parameter-budget task, for any model, in a terminal or in CI."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from mnist_tui.cli.inspect_model import RunOption, summarize
from mnist_tui.cli.options import Json, Model, RunsDir
from mnist_tui.cli.output import print_json, print_message, stdout
from mnist_tui.cli.trust import Trust


def check(
    model: Model = "reference",
    run: RunOption = "",
    max_parameters: Annotated[int, typer.Option(help="There must be fewer parameters than this.", min=1)] = 8000,
    min_batch_norms: Annotated[int, typer.Option(help="At least this many BatchNorm2d.", min=0)] = 1,
    min_dropouts: Annotated[int, typer.Option(help="At least this many Dropout.", min=0)] = 1,
    head: Annotated[
        Literal["any", "gap", "fc"],
        typer.Option(help="What comes last: global average pooling (gap), fully connected (fc), or either."),
    ] = "any",
    trust: Trust = False,
    json: Json = False,
    runs_dir: RunsDir = None,
) -> None:
    """Check a model against its requirements, with the counts found; exit with 1 if one is not met."""
    from dataclasses import asdict

    from mnist_tui.inspection import Limits, check_requirements
    from mnist_tui.render.layer_table import requirement_table

    summary, findings = summarize(model, run, runs_dir, trust)
    requirements = check_requirements(summary, Limits(max_parameters, min_batch_norms, min_dropouts, head))
    met = all(requirement.met for requirement in requirements)
    if json:
        found = [asdict(requirement) for requirement in requirements]
        print_json({"model": summary.model, "met": met, "requirements": found, "findings": findings})
    else:
        console = stdout()
        console.print(requirement_table(requirements))
        for finding in findings:
            print_message(console, f"note: {finding}")
        unmet = sum(not requirement.met for requirement in requirements)
        verdict = "all requirements met" if met else f"{unmet} of {len(requirements)} unmet"
        print_message(console, f"{summary.model}: {verdict}")
    raise typer.Exit(0 if met else 1)
