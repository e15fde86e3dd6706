"""Finds the layers that the Model screen shows: as a run recorded them, or by inspecting the model in a thread."""

from __future__ import annotations

from functools import partial

from textual.message_pump import MessagePump

from mnist_tui.errors import RunError
from mnist_tui.events import RunFailed
from mnist_tui.inspection.summary import ModelSummary
from mnist_tui.runs import Run
from mnist_tui.tui.session import Session
from mnist_tui.tui.widgets.model.model_panel import NOT_RECORDED
from mnist_tui.tui.workers.latest_worker import LatestWorker
from mnist_tui.tui.workers.model_inspector import InspectRequest, ModelInspected, inspect


class ModelFinder:
    """Posts ModelInspected to the listener, for it to hand to `receive`."""

    def __init__(self, listener: MessagePump) -> None:
        self._found_for: object = None
        self._request: InspectRequest | None = None
        self._inspector: LatestWorker[InspectRequest] = LatestWorker(
            partial(ModelInspected.compute, inspect), listener, name="model-inspector"
        )

    def find(self, session: Session, chosen: Run | None, spec: str) -> ModelSummary | str | None:
        """The layers of the chosen run, else of the session's, else of a model spec; or why there are none.

        None where nothing has changed since the last call, or a run is only starting.
        """
        wanted = chosen or (session.generation, session.history.started is not None, spec)
        found = None if wanted == self._found_for else _find(session, chosen, spec)
        if found is None:
            return None
        self._found_for = wanted
        if isinstance(found, InspectRequest):
            self._request = found
            self._inspector.ask(found)
            return "Inspecting the model …"
        if isinstance(found, ModelSummary):
            self._request = None
        return found

    def receive(self, message: ModelInspected) -> ModelSummary | str | None:
        """The result of an inspection; None where another model is wanted by now."""
        if message.request != self._request:
            return None
        if isinstance(message.result, RunFailed):
            return f"{message.result.message}\n{message.result.remedy}"
        self._request = None
        return message.result

    def reset(self) -> None:
        """Find the layers again, also of the same model."""
        self._found_for = None

    def close(self) -> None:
        """Post no more messages. Does not wait for the thread, which may wait for the end of a training."""
        self._inspector.close(timeout=0)


def _find(session: Session, chosen: Run | None, spec: str) -> ModelSummary | InspectRequest | str | None:
    """As recorded, or how to ask for them, or why there are none; None while a run is starting."""
    if chosen is not None:
        try:
            record = chosen.record()
        except RunError as error:
            return f"{error}\n{error.remedy}"
        request = InspectRequest(record.model.code.spec, chosen)
        recorded = ModelSummary.from_record(record.model.layer_table)
    else:
        live = session.history.record
        request = InspectRequest(spec, session.run)
        recorded = ModelSummary.from_record(live.model.layer_table) if live else None
        if live is None and session.phase.is_busy:
            return None
    if recorded is not None:
        return recorded
    # Inspecting would have to wait until the training is over.
    return NOT_RECORDED if session.phase.is_busy else request
