"""A background thread that answers the newest request; older ones that still wait are dropped."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Generic, Self, TypeVar

from textual.message import Message
from textual.message_pump import MessagePump

from mnist_tui.events import RunFailed
from mnist_tui.tui.code_trust import describe_failure

Request = TypeVar("Request")
Result = TypeVar("Result")
_JOIN_SECONDS = 2.0
"""An answer takes milliseconds, loading torch before the first one two seconds."""


class WorkerResult(Message, Generic[Request, Result]):
    """The result of a request, or why there is none. Each kind of request has a subclass."""

    def __init__(self, request: Request, result: Result | RunFailed) -> None:
        super().__init__()
        self.request, self.result = request, result

    @classmethod
    def compute(cls, function: Callable[[Request], Result], request: Request) -> Self:
        """Call `function`; whatever it raises becomes the result, as a user's own network may raise anything."""
        try:
            return cls(request, function(request))
        except BaseException as error:
            return cls(request, describe_failure(error))


class LatestWorker(Generic[Request]):
    """One daemon thread, started by the first request. The message that `work` returns is posted to the listener.

    `work` is called in that thread alone. It must not raise: the message says what went wrong.
    """

    def __init__(self, work: Callable[[Request], Message], listener: MessagePump, *, name: str) -> None:
        self._work, self._listener = work, listener
        self._changed = threading.Condition()
        self._request: Request | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._answer_requests, name=name, daemon=True)

    def ask(self, request: Request) -> None:
        """Never waits. For the screen's thread."""
        with self._changed:
            self._request = request
            self._changed.notify()
        if not self._thread.is_alive() and not self._closed:
            self._thread.start()

    def close(self, timeout: float = _JOIN_SECONDS) -> None:
        """Post no more answers. Waits for the thread: the process should not end while it is within torch."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _next_request(self) -> Request | None:
        """Wait for the newest request; None once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._request is not None)
            request, self._request = self._request, None
        return None if self._closed else request

    def _answer_requests(self) -> None:
        while (request := self._next_request()) is not None:
            post(self._listener, self._work(request))


def post(listener: MessagePump, message: Message) -> None:
    """Post from a thread; dropped where the dashboard has ended, and its loop is closed."""
    with contextlib.suppress(RuntimeError):
        listener.post_message(message)
