"""The one threaded file: training and inspection in threads of their own, and their news on the way to the screen."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.message import Message
from textual.message_pump import MessagePump

from mnist_tui.errors import Interrupted
from mnist_tui.events import Event, Report, RunFailed
from mnist_tui.system import gc_control
from mnist_tui.system.cpu import lower_thread_priority
from mnist_tui.training.control import Control

if TYPE_CHECKING:
    from mnist_tui.inspection.summary import ModelSummary
    from mnist_tui.runs import Run
    from mnist_tui.tui.workers.explainer import Explainer, ExplainRequest, Explanation

# What runs in the worker: a mnist_tui.training.jobs.Job, or in tests anything that tells events.
Work = Callable[[Control, Report], Any]

# Building a network draws from the random numbers that training draws from too, so only one does at a time.
_ENGINE = threading.Lock()


class EventsArrived(Message):
    """There are events to `take`. At most one such message is on its way at a time, however many events are."""

    def __init__(self, training: TrainingThread) -> None:
        super().__init__()
        self.training = training


@dataclass(frozen=True)
class ThreadResult:
    """How the worker ended: `failed` where it did before, or outside, the run's own story."""

    failed: RunFailed | None = None
    interrupted: bool = False


class TrainingEnded(Message):
    """The worker thread is done; its last events have been posted before."""

    def __init__(self, training: TrainingThread, ending: ThreadResult) -> None:
        super().__init__()
        self.training = training
        self.ending = ending


class TrainingThread:
    """One job in one daemon thread. Only `post_message` crosses from it, which never blocks.

    A plain daemon thread rather than a Textual worker: leaving waits for the checkpoint through `join`, and
    whoever is asked twice may leave without it.
    """

    def __init__(self, job: Work, listener: MessagePump) -> None:
        self.control = Control()
        self._job, self._listener = job, listener
        self._lock = threading.Lock()
        self._waiting: list[Event] = []
        self._thread = threading.Thread(target=self._work, name="training", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the thread still works."""
        return self._thread.is_alive()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end; False when it did not come in time."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def take(self) -> list[Event]:
        """The events since the last time, oldest first. For the screen's thread."""
        with self._lock:
            events, self._waiting = self._waiting, []
        return events

    def _tell(self, event: Event) -> None:
        """In the worker: keep every event, and ring only when nobody has been rung yet."""
        with self._lock:
            self._waiting.append(event)
            first = len(self._waiting) == 1
        if first:
            _post(self._listener, EventsArrived(self))

    def _work(self) -> None:
        lower_thread_priority()  # to the keys: a training has all cores busy all the time
        with _ENGINE:
            ending = self._ending()
        _post(self._listener, TrainingEnded(self, ending))

    def _ending(self) -> ThreadResult:
        try:
            self._job(self.control, self._tell)
        except Interrupted:
            return ThreadResult(interrupted=True)
        except BaseException as error:  # nothing else would show it: the thread has no terminal
            return ThreadResult(RunFailed.from_error(error))
        return ThreadResult()


class ModelInspected(Message):
    """What a model is made of, or why that cannot be told."""

    def __init__(self, spec: str, result: ModelSummary | RunFailed) -> None:
        super().__init__()
        self.spec, self.result = spec, result


def inspect_in_background(spec: str, listener: MessagePump, run: Run | None = None) -> None:
    """Inspect a model, or that of a run, which loads torch, and send a ModelInspected."""

    def work() -> None:
        _post(listener, ModelInspected(spec, _inspected(spec, run)))

    threading.Thread(target=work, name="inspection", daemon=True).start()


def _inspected(spec: str, run: Run | None) -> ModelSummary | RunFailed:
    try:
        with gc_control.pause_during_import():
            from mnist_tui.inspection import inspect_model
            from mnist_tui.models import load_model, resolve
            from mnist_tui.training.run_code import find_code

        with _ENGINE:
            source = resolve(spec) if run is None else find_code(run).require_trust().source
            return inspect_model(load_model(source), name=source.name)
    except BaseException as error:  # a person's own code may raise anything
        return RunFailed.from_error(error)


class LookedInside(Message):
    """What a network makes of an image, or why that cannot be seen."""

    def __init__(self, wish: ExplainRequest, result: Explanation | RunFailed) -> None:
        super().__init__()
        self.wish, self.result = wish, result


def look_in_background(looker: Explainer, wish: ExplainRequest, listener: MessagePump) -> None:
    """Look into a network, and send a LookedInside. One at a time for each looker."""

    def work() -> None:
        _post(listener, LookedInside(wish, looker.look(wish)))

    threading.Thread(target=work, name="look", daemon=True).start()


def _post(listener: MessagePump, message: Message) -> None:
    # The loop is closed already where the dashboard has ended: nobody is left to be told, and the worker has
    # a checkpoint to write.
    with contextlib.suppress(RuntimeError):
        listener.post_message(message)
