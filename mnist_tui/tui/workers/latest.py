"""A thread that works on the newest question; what was asked before it, and nobody waits for any more, is dropped."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from textual.message import Message
from textual.message_pump import MessagePump

Question = TypeVar("Question")
_A_MOMENT = 2.0
"""Seconds. An answer takes milliseconds, loading torch before the first one two seconds."""


class LatestWorker(Generic[Question]):
    """One daemon thread, begun with the first question. What `work` gives is posted to the listener.

    `work` is called in that thread alone, and says in its message what went wrong, if anything did.
    """

    def __init__(self, work: Callable[[Question], Message], listener: MessagePump, *, name: str) -> None:
        self._work, self._listener = work, listener
        self._asked = threading.Condition()
        self._question: Question | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._answer_all, name=name, daemon=True)

    def ask(self, question: Question) -> None:
        """Never waits. For the screen's thread."""
        with self._asked:
            self._question = question
            self._asked.notify()
        if not self._thread.is_alive() and not self._closed:
            self._thread.start()

    def close(self) -> None:
        """No more answers. Waits a moment for the thread: the process must not end while it is within torch."""
        with self._asked:
            self._closed = True
            self._asked.notify()
        if self._thread.is_alive():
            self._thread.join(_A_MOMENT)

    def _next(self) -> Question | None:
        """The newest question, once there is one; None at the end."""
        with self._asked:
            self._asked.wait_for(lambda: self._closed or self._question is not None)
            question, self._question = self._question, None
        return None if self._closed else question

    def _answer_all(self) -> None:
        while (question := self._next()) is not None:
            message = self._work(question)
            # The loop is closed where the dashboard has ended: nobody is left to be told.
            with contextlib.suppress(RuntimeError):
                self._listener.post_message(message)
