"""`RunSummary`: one run in one line, for lists. No torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from mnist_tui.errors import RunError
from mnist_tui.runs import Run, RunRecord
from mnist_tui.runs.find import creation_time
from mnist_tui.runs.history import RunHistory


@dataclass(frozen=True)
class RunSummary:
    """The line of one run in a list; None for numbers that are not known."""

    name: str
    path: str
    status: str
    created: str = ""
    dataset: str = "?"
    model: str = "?"
    recipe: str = "?"
    seed: int | None = None
    parameters: int | None = None
    epochs: int = 0
    epochs_done: int = 0
    best_epoch: int | None = None
    best_test_accuracy: float | None = None
    final_test_accuracy: float | None = None
    seconds: float = 0.0
    began: float = 0.0
    """When it was created, in seconds since 1970; 0 if the recorded time cannot be right."""
    reason: str = ""
    """Why it is unreadable."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def summarize(run: Run) -> RunSummary:
    """Read a run's config and log. A damaged run has the status `unreadable`, with the reason."""
    try:
        return build_summary(run, run.record(), run.history(progress=False))
    except RunError as error:
        return summarize_unreadable(run, str(error))


def summarize_unreadable(run: Run, reason: str = "") -> RunSummary:
    """The summary of a damaged run."""
    return RunSummary(name=run.name, path=str(run.folder), status="unreadable", reason=reason)


def build_summary(run: Run, record: RunRecord, history: RunHistory) -> RunSummary:
    """The summary of a run whose config and log have been read already."""
    best, last = history.best, history.last
    return RunSummary(
        name=run.name,
        created=record.created,
        began=creation_time(record.created, run.config_file),
        status=history.status.value,
        dataset=record.text("dataset") or "?",
        model=record.model.name or "?",
        recipe=record.text("recipe") or "?",
        seed=record.count("seed"),
        parameters=record.model.parameters,
        epochs=record.count("epochs") or 0,
        epochs_done=len(history.epochs),
        best_epoch=best.epoch if best else None,
        best_test_accuracy=best.test_accuracy if best else None,
        final_test_accuracy=last.test_accuracy if last else None,
        seconds=history.seconds,
        path=str(run.folder),
    )


def filter_by_text(query: str, summaries: list[RunSummary]) -> list[RunSummary]:
    """The runs in which every word of `query` is part of the name, dataset, model, recipe or status."""
    words = query.casefold().split()
    return [summary for summary in summaries if all(word in _text(summary) for word in words)]


def sort_by(key: str, summaries: list[RunSummary]) -> list[RunSummary]:
    """Sort by created, name, best, final, seconds or status. Accuracies best first, unknown ones last."""
    if key in ("best", "final"):
        accuracy = f"{key}_test_accuracy"
        return sorted(summaries, key=lambda summary: -(getattr(summary, accuracy) or 0.0))
    if key == "created":
        return sorted(summaries, key=lambda summary: (summary.began, summary.name))
    return sorted(summaries, key=lambda summary: getattr(summary, key))


def _text(summary: RunSummary) -> str:
    fields = (summary.name, summary.dataset, summary.model, summary.recipe, summary.status)
    return "\n".join(fields).casefold()
