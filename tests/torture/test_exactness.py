"""Every recipe and optimizer, stopped and killed at random moments, ends with the weights of an undisturbed run."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnist_tui import recipes
from mnist_tui.events import EpochStarted, RunFinished, RunStopped
from mnist_tui.runs import Run
from tests.engine_fixtures import Lab, at_step, tiny_config
from tests.native.toolchain import needs_compiler
from tests.training.test_exactness import (  # noqa: F401 - backend and lab are fixtures
    SETTINGS,
    assert_same,
    backend,
    demanding,
    killed_on_the_way,
    lab,
)

Report = Callable[[str], None]
OPTIMIZERS = ("adam", "adamw", "sgd")


def disturbed(lab: Lab, config: Any, moments: list[int], **resumed: Any) -> Run:  # noqa: F811
    """Stopped after these steps."""
    lab.control = type(lab.control)()
    outcome = lab.start(config, name="stopped", watch=lab.stop_at(at_step(moments[0])))
    for moment in moments[1:]:
        assert isinstance(outcome.event, RunStopped)
        outcome = lab.resume(outcome.run, watch=lambda event, at=moment: lab.stop_at(at_step(at))(event), **resumed)
    assert isinstance(outcome.event, RunStopped)
    assert isinstance(lab.resume(outcome.run, **resumed).event, RunFinished)
    return outcome.run


def check(lab: Lab, config: Any, seed: int, **resumed: Any) -> int:  # noqa: F811
    """Stop three times at random; returns how many steps the run had."""
    undisturbed = lab.start(config, name="undisturbed").run
    steps = config.epochs * next(event.steps for event in lab.events if isinstance(event, EpochStarted))
    moments = sorted(random.Random(seed).sample(range(1, steps), min(3, steps - 1)))
    assert_same(disturbed(lab, config, moments, **resumed), undisturbed)
    return steps


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_every_recipe(lab: Lab, name: str, report: Report) -> None:  # noqa: F811
    changes: dict[str, Any] = {"epochs": min(3, recipes.get_recipe(name).epochs), "backend": lab.backend}
    if name == "accurate":  # what it looks at goes by its losses already; a teacher besides
        teacher = tiny_config(epochs=1, backend=lab.backend, deskew=recipes.get_recipe(name).deskew)
        changes["teacher"] = lab.start(teacher, name="the-teacher").run.name
        lab.events.clear()
    config = recipes.build_config(name, dataset="synthetic", device="cpu", threads=1, **changes)
    report(f"three stops in {check(lab, config, 1)} steps on {lab.backend}: the same weights")


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("ema", [0.0, 0.9])
@pytest.mark.parametrize("validation", [0, 20])
def test_every_optimizer(
    lab: Lab,  # noqa: F811
    optimizer: str,
    ema: float,
    validation: int,
    report: Report,
) -> None:
    config = demanding(lab, optimizer=optimizer, ema=ema, validation=validation, weight_decay=0.01)
    report(f"three stops in {check(lab, config, 2)} steps on {lab.backend}: the same weights")


@needs_compiler
@pytest.mark.parametrize("backend", ["native"], indirect=True)
@pytest.mark.parametrize("threads", [2, 3])
def test_native_goes_on_with_other_threads_after_a_kill(
    lab: Lab,  # noqa: F811
    threads: int,
    report: Report,
) -> None:
    """Killed, stopped, and resumed with another number of threads: the same checkpoint except for that number."""
    config = demanding(lab, ema=0.9)
    undisturbed = lab.start(config, name="undisturbed").run
    run, kills, chance = Run(lab.runs_dir / "killed"), 0, random.Random(threads)
    while kills < 3 and killed_on_the_way(run, config, chance):
        kills += 1
    assert kills
    lab.resume(run, threads=threads)
    assert_same(run, undisturbed)
    assert run.record().config["threads"] == threads
    report(f"{kills} kills, then {threads} threads: the same weights")


@pytest.mark.parametrize("name", SETTINGS)
def test_kills(lab: Lab, name: str, tmp_path: Path, report: Report) -> None:  # noqa: F811
    config, chance, kills = demanding(lab, **SETTINGS[name]), random.Random(name), 0
    undisturbed = lab.start(config, name="undisturbed").run
    run = Run(lab.runs_dir / "killed")
    while kills < 4 and killed_on_the_way(run, config, chance):
        kills += 1
    if run.history().status != "finished":
        lab.resume(run)
    assert_same(run, undisturbed)
    report(f"{kills} kills on {lab.backend}: the same weights")
