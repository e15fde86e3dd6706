"""A sweep as JSON: an object per line while it runs, and the whole result at the end."""

from __future__ import annotations

from typing import Any

from mnist_tui.cli.output import print_json_line
from mnist_tui.events import EpochFinished, Notice, to_dict, utc_now
from mnist_tui.sweep import results
from mnist_tui.sweep.progress import (
    SweepEvent,
    SweepMessage,
    SweepProgress,
    SweepStarted,
    TrialEnded,
    TrialEvent,
    TrialStarted,
)


class JsonSweepView:
    """`SweepStarted`, `TrialStarted`, `TrialEpoch`, `TrialEnded`, and at the end `SweepEnded` with everything."""

    def __init__(self) -> None:
        self.progress = SweepProgress()

    def __enter__(self) -> JsonSweepView:
        return self

    def __exit__(self, *_: object) -> None:
        started = self.progress.started
        if started is not None:
            _write("SweepEnded", results.to_dict(started.plan, list(self.progress.results.values())))

    def show(self, update: SweepEvent) -> None:
        self.progress.apply(update)
        match update:
            case SweepStarted():
                _write("SweepStarted", {"name": update.plan.name, "trials": self.progress.total, "jobs": update.jobs})
            case SweepMessage(event=Notice() as event):
                _write("Notice", {"message": event.message})
            case TrialStarted():
                _write("TrialStarted", {"run": update.trial.name, "resumed": update.is_resumed})
            case TrialEvent(event=EpochFinished() as event):
                _write("TrialEpoch", {"run": update.trial.name, "epoch": to_dict(event)})
            case TrialEnded():
                _write("TrialEnded", update.result.to_dict())


def _write(name: str, fields: dict[str, Any]) -> None:
    print_json_line({"event": name, "time": utc_now(), **fields})
