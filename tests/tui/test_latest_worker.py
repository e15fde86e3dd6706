"""A thread that answers the newest request; older ones are dropped."""

from __future__ import annotations

import threading
from typing import Any

from textual.message import Message

from mnist_tui.tui.workers.latest_worker import LatestWorker
from tests.patience import PATIENCE


class Told(Message):
    def __init__(self, answer: int) -> None:
        super().__init__()
        self.answer = answer


class Listener:
    """Keeps what it is told, and can be waited on."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self._condition = threading.Condition()

    def post_message(self, message: Any) -> bool:
        with self._condition:
            self.answers.append(message.answer)
            self._condition.notify_all()
        return True

    def hears(self, answer: int) -> None:
        with self._condition:
            assert self._condition.wait_for(lambda: answer in self.answers, PATIENCE)


def test_the_newest_question_is_answered_and_those_before_it_are_not() -> None:
    listener, busy, go_on = Listener(), threading.Event(), threading.Event()

    def work(question: int) -> Message:
        busy.set()
        assert go_on.wait(PATIENCE)
        return Told(question)

    newest: LatestWorker[int] = LatestWorker(work, listener, name="test")  # type: ignore[arg-type]
    newest.ask(1)
    assert busy.wait(PATIENCE)
    for question in range(2, 100):
        newest.ask(question)
    go_on.set()
    listener.hears(99)
    newest.close()
    assert listener.answers == [1, 99]


def test_it_waits_for_the_next_question() -> None:
    listener = Listener()
    newest: LatestWorker[int] = LatestWorker(Told, listener, name="test")  # type: ignore[arg-type]
    for question in (1, 2, 3):
        newest.ask(question)
        listener.hears(question)
    newest.close()
    assert listener.answers == [1, 2, 3]


def test_after_the_end_nothing_is_answered() -> None:
    listener = Listener()
    newest: LatestWorker[int] = LatestWorker(Told, listener, name="test")  # type: ignore[arg-type]
    newest.ask(1)
    listener.hears(1)
    newest.close()
    newest._thread.join(PATIENCE)
    assert not newest._thread.is_alive()
    newest.ask(2)
    assert listener.answers == [1]


def test_a_screen_that_has_gone_is_no_reason_to_fail() -> None:
    answered = threading.Event()

    class Gone:
        def post_message(self, message: Message) -> bool:
            answered.set()
            raise RuntimeError("the loop is closed")

    newest: LatestWorker[int] = LatestWorker(Told, Gone(), name="test")  # type: ignore[arg-type]
    newest.ask(1)
    assert answered.wait(PATIENCE)
    newest.close()
    newest._thread.join(PATIENCE)
    assert not newest._thread.is_alive()
