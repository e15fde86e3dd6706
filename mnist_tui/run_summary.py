"""One run in one line: what lists of runs show and sort by. No torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from mnist_tui.errors import RunError
from mnist_tui.runs import Run


@dataclass(frozen=True)
class RunSummary:
    """Numbers are None while, or where, there are none."""

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

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def summarise(run: Run) -> RunSummary:
    """Read a run's config and log, past the many lines of progress. A damaged run is one with little to say."""
    try:
        record = run.record()
        history = run.history(progress=False)
    except RunError:
        return RunSummary(name=run.name, path=str(run.folder), status="unreadable")
    config, model = record["config"], record.get("model", {})
    best, last = history.best, history.last
    return RunSummary(
        name=run.name,
        created=str(record.get("created", "")),
        status=history.status.value,
        dataset=str(config.get("dataset", "?")),
        model=str(model.get("name", "?")),
        recipe=str(config.get("recipe", "?")),
        seed=_whole(config.get("seed")),
        parameters=_whole(model.get("parameters")),
        epochs=_whole(config.get("epochs")) or 0,
        epochs_done=len(history.epochs),
        best_epoch=best.epoch if best else None,
        best_test_accuracy=best.test_accuracy if best else None,
        final_test_accuracy=last.test_accuracy if last else None,
        seconds=history.seconds,
        path=str(run.folder),
    )


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def sorted_by(key: str, summaries: list[RunSummary]) -> list[RunSummary]:
    """In the order of one of: created, name, best, final, seconds, status. Accuracies best first, unknown last."""
    if key in ("best", "final"):
        accuracy = f"{key}_test_accuracy"
        return sorted(summaries, key=lambda summary: -(getattr(summary, accuracy) or 0.0))
    return sorted(summaries, key=lambda summary: getattr(summary, key))
