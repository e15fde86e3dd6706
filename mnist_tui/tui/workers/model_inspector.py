"""Inspects a model that no run has recorded: its layers, parameters, MACs and receptive fields."""

from __future__ import annotations

from dataclasses import dataclass

from mnist_tui.inspection.summary import ModelSummary
from mnist_tui.runs import Run
from mnist_tui.system import gc_control
from mnist_tui.tui.workers.latest_worker import WorkerResult
from mnist_tui.tui.workers.training import RANDOM_NUMBERS_LOCK


@dataclass(frozen=True)
class InspectRequest:
    """The model of a spec, or of a run."""

    spec: str
    run: Run | None = None


class ModelInspected(WorkerResult[InspectRequest, ModelSummary]):
    """From the thread that inspects models."""


def inspect(request: InspectRequest) -> ModelSummary:
    """Loads torch, and builds the model. Raises what the model's own code raises. Waits while a run is in training."""
    with gc_control.pause_during_import():
        from mnist_tui.inspection import inspect_model
        from mnist_tui.models import load_model, resolve_spec
        from mnist_tui.training.run_code import find_code

    with RANDOM_NUMBERS_LOCK:
        source = resolve_spec(request.spec) if request.run is None else find_code(request.run).require_trust().source
        return inspect_model(load_model(source), name=source.name)
