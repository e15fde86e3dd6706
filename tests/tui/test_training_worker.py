"""The worker thread: everything it has to tell arrives, in order and once, and so does how it ended."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from functools import partial

import pytest
from textual.app import App
from textual.message import Message

from mnist_tui import models
from mnist_tui.errors import DataError, Interrupted
from mnist_tui.events import EpochStarted, Event, Notice, RunFailed
from mnist_tui.inspection.summary import ModelSummary
from mnist_tui.models import load_model
from mnist_tui.training.control import Control
from mnist_tui.tui.workers.latest_worker import LatestWorker
from mnist_tui.tui.workers.model_inspector import InspectRequest, ModelInspected, inspect
from mnist_tui.tui.workers.training import (
    EventsArrived,
    Report,
    ThreadResult,
    TrainingEnded,
    TrainingThread,
    Work,
)
from tests.patience import PATIENCE


def inspect_in_background(spec: str, listener: App[None]) -> None:
    worker = LatestWorker(partial(ModelInspected.compute, inspect), listener, name="test")
    worker.ask(InspectRequest(spec))


class Listener(App[None]):
    """Keeps what the worker tells."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[list[Event]] = []
        self.ending: ThreadResult | None = None
        self.inspected: ModelInspected | None = None

    @property
    def events(self) -> list[Event]:
        return [event for batch in self.batches for event in batch]

    def on_events_arrived(self, message: EventsArrived) -> None:
        self.batches.append(message.training.take_events())

    def on_training_ended(self, message: TrainingEnded) -> None:
        self.batches.append(message.training.take_events())
        self.ending = message.result
        self.exit()

    def on_model_inspected(self, message: ModelInspected) -> None:
        self.inspected = message
        self.exit()


def run_and_wait(begin: Callable[[Listener], object]) -> Listener:
    """A listener that has heard it all."""
    app = Listener()

    async def drive() -> None:
        async with app.run_test() as pilot:
            begin(app)
            async with asyncio.timeout(PATIENCE):
                while app._exit is False:
                    await pilot.pause(0.01)

    asyncio.run(drive())
    return app


def run_in_app(work: Work) -> Listener:
    return run_and_wait(lambda app: TrainingThread(work, app).start())


def numbered(number: int) -> Event:
    return EpochStarted(epoch=number, epochs=5000, steps=1)


def test_every_event_arrives_in_order_and_once() -> None:
    sent = [numbered(number) for number in range(5000)]

    def work(_: Control, report: Report) -> None:
        for event in sent:
            report(event)

    app = run_in_app(work)
    assert app.events == sent
    assert app.ending == ThreadResult()


def test_many_events_are_one_message_while_the_screen_is_busy() -> None:
    all_reported = threading.Event()

    def work(_: Control, report: Report) -> None:
        for number in range(100):
            report(numbered(number))
        all_reported.set()

    def begin(app: Listener) -> None:
        TrainingThread(work, app).start()
        assert all_reported.wait(PATIENCE)  # in the screen's thread, which meanwhile handles nothing

    app = run_and_wait(begin)
    assert [len(batch) for batch in app.batches if batch] == [100]


@pytest.mark.parametrize(
    "error",
    [
        ValueError("a value"),
        KeyError("k"),
        MemoryError(),
        SystemExit(3),
        KeyboardInterrupt(),
        RecursionError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_the_job_raises_is_told(error: BaseException, capfd: pytest.CaptureFixture[str]) -> None:
    def work(_: Control, report: Report) -> None:
        report(numbered(1))
        raise error

    app = run_in_app(work)
    assert app.ending is not None
    assert app.ending.failed is not None
    assert app.ending.failed.error == type(error).__name__
    assert app.ending.failed.message
    assert "Traceback" in app.ending.failed.traceback
    assert app.events == [numbered_like(app.events[0], 1)]
    assert capfd.readouterr().err == ""


def numbered_like(event: Event, number: int) -> Event:
    return EpochStarted(time=event.time, epoch=number, epochs=5000, steps=1)


def test_an_error_that_was_foreseen_brings_its_remedy_and_exit_code_and_no_traceback() -> None:
    def work(_: Control, __: Report) -> None:
        raise DataError("no data", remedy="Fetch them.")

    ending = run_in_app(work).ending
    assert ending is not None
    assert ending.failed is not None
    assert (ending.failed.message, ending.failed.remedy) == ("no data", "Fetch them.")
    assert (ending.failed.exit_code, ending.failed.traceback) == (3, "")


def test_being_stopped_before_there_is_anything_is_no_failure() -> None:
    def work(_: Control, __: Report) -> None:
        raise Interrupted("stopped while getting the data")

    assert run_in_app(work).ending == ThreadResult(interrupted=True)


def test_the_job_hears_what_is_asked_of_it() -> None:
    def work(control: Control, report: Report) -> None:
        control.wait_while_paused()
        while not control.stop_reason:
            pass
        report(Notice(message=control.stop_reason))

    def begin(app: Listener) -> None:
        training = TrainingThread(work, app)
        training.control.pause()
        training.start()
        training.control.stop("enough")

    app = run_and_wait(begin)
    assert [event.message for event in app.events if isinstance(event, Notice)] == ["enough"]


def test_a_worker_goes_on_to_its_checkpoint_when_the_screen_has_gone() -> None:
    gone, done = threading.Event(), threading.Event()

    def work(_: Control, report: Report) -> None:
        assert gone.wait(PATIENCE)
        report(numbered(1))
        done.set()

    app = run_and_wait(lambda app: (TrainingThread(work, app).start(), app.exit()))
    assert app.ending is None
    gone.set()
    assert done.wait(PATIENCE)


def test_a_model_is_looked_at_in_the_background() -> None:
    app = run_and_wait(lambda app: inspect_in_background("linear", app))
    assert app.inspected is not None
    assert app.inspected.request.spec == "linear"
    assert isinstance(app.inspected.result, ModelSummary)
    assert app.inspected.result.parameters == 7850


def test_a_model_that_cannot_be_looked_at_says_why() -> None:
    app = run_and_wait(lambda app: inspect_in_background("no-such-model", app))
    assert app.inspected is not None
    assert isinstance(app.inspected.result, RunFailed)
    assert "no-such-model" in app.inspected.result.message


def test_a_model_is_not_built_while_a_run_draws_from_the_same_random_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order: list[str] = []
    training, waited = threading.Event(), threading.Event()
    monkeypatch.setattr(models, "load_model", lambda spec: order.append("built") or load_model(spec))

    def work(_: Control, __: Report) -> None:
        training.set()
        assert waited.wait(PATIENCE)
        order.append("trained")

    def begin(app: Listener) -> None:
        TrainingThread(work, Deaf()).start()  # type: ignore[arg-type]
        assert training.wait(PATIENCE)
        inspect_in_background("linear", app)
        waited.set()

    run_and_wait(begin)
    assert order == ["trained", "built"]


class Deaf:
    """Somebody whom the training's news do not interest."""

    def post_message(self, message: Message) -> bool:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="threads have priorities of their own on Linux alone")
def test_a_training_and_its_threads_give_way_to_the_screen() -> None:
    found: dict[str, int] = {}

    def note(who: str) -> None:
        found[who] = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    def work(control: Control, report: Report) -> None:
        note("training")
        helper = threading.Thread(target=note, args=["its helper"])
        helper.start()
        helper.join()

    run_in_app(work)
    note("the screen")
    assert found["training"] == found["its helper"] > found["the screen"]
