"""Training in a thread of its own, and its events on the way to the screen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from textual.message import Message
from textual.message_pump import MessagePump

from mnist_tui.errors import Interrupted
from mnist_tui.events import Event, Report, RunFailed
from mnist_tui.system.cpu import lower_thread_priority
from mnist_tui.training.control import Control
from mnist_tui.tui.workers.latest_worker import post

# What runs in the thread: a mnist_tui.training.jobs.Job, or in tests anything that reports events.
Work = Callable[[Control, Report], Any]

# Building a network draws from the same random numbers as training, so only one thread at a time does either.
RANDOM_NUMBERS_LOCK = threading.Lock()


class EventsArrived(Message):
    """There are events to take. At most one such message is on its way at a time, however many events there are."""

    def __init__(self, training: TrainingThread) -> None:
        super().__init__()
        self.training = training


@dataclass(frozen=True)
class ThreadResult:
    """How the thread ended: `failed` is a failure that the run's own events do not tell of."""

    failed: RunFailed | None = None
    interrupted: bool = False


class TrainingEnded(Message):
    """The thread is done; its last events have been posted before."""

    def __init__(self, training: TrainingThread, result: ThreadResult) -> None:
        super().__init__()
        self.training, self.result = training, result


class TrainingThread:
    """One job in one daemon thread. Only `post_message` crosses from it, which never blocks.

    Not a Textual worker: leaving waits for the checkpoint with `join`, and at a second request leaves without it.
    """

    def __init__(self, job: Work, listener: MessagePump) -> None:
        self.control = Control()
        self._job, self._listener = job, listener
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._thread = threading.Thread(target=self._run, name="training", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the thread still works."""
        return self._thread.is_alive()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end; False when it did not come in time."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def take_events(self) -> list[Event]:
        """The events since the last call, oldest first. For the screen's thread."""
        with self._lock:
            events, self._events = self._events, []
        return events

    def _report(self, event: Event) -> None:
        """In the thread: keep every event, and post a message only for the first that waits."""
        with self._lock:
            self._events.append(event)
            is_first = len(self._events) == 1
        if is_first:
            post(self._listener, EventsArrived(self))

    def _run(self) -> None:
        lower_thread_priority()  # or keys would wait: a training has all cores busy all the time
        with RANDOM_NUMBERS_LOCK:
            result = self._run_job()
        post(self._listener, TrainingEnded(self, result))

    def _run_job(self) -> ThreadResult:
        try:
            self._job(self.control, self._report)
        except Interrupted:
            return ThreadResult(interrupted=True)
        except BaseException as error:  # nothing else would show it: the thread has no terminal
            return ThreadResult(RunFailed.from_error(error))
        return ThreadResult()
