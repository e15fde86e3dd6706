"""The three ways `train` shows a run: live in a terminal, line by line off one, and as JSON."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self, TypeVar

from rich.console import Console

from mnist_tui.cli.output import animates, print_json_line, stderr, stdout
from mnist_tui.cli.streams import do_without_stdout, forget_stdout
from mnist_tui.cli.views.live import LiveView
from mnist_tui.cli.views.plain import PlainView
from mnist_tui.events import Event, to_dict
from mnist_tui.runs.history import RunHistory
from mnist_tui.training.control import Control

News_contra = TypeVar("News_contra", contravariant=True)


class EventView(Protocol[News_contra]):
    """Whatever can be shown something."""

    def show(self, event: News_contra, /) -> None:
        """Take it in."""


class View(Protocol):
    """A context manager that is shown every event, and at the end of a finished run draws its conclusion."""

    def show(self, event: Event) -> None:
        """Take an event in."""

    def conclude(self, console: Console) -> None:
        """Draw how it ended."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def stop_when_output_lost(view: EventView[News_contra], control: Control) -> Callable[[News_contra], None]:
    """`view.show` until the output is lost (its reader or its terminal is gone, its disk is full).

    That is no failure of the run: it is asked to stop, and the rest is said to nobody.
    """
    lost = False

    def show(event: News_contra) -> None:
        nonlocal lost
        if lost:
            return
        try:
            view.show(event)
        except OSError as error:
            lost = True
            forget_stdout()
            control.stop(f"the output cannot be written: {error.strerror}")

    return show


class JsonView:
    """One event a line."""

    def show(self, event: Event) -> None:
        """Write it at once: somebody may be following."""
        print_json_line(to_dict(event))

    def conclude(self, console: Console) -> None:
        """RunFinished has said it all."""

    def __enter__(self) -> JsonView:
        return self

    def __exit__(self, *_: object) -> None:
        return None


def choose_view(*, json: bool, before: RunHistory | None = None) -> View:
    """By what stdout is. `before` is the story so far of a run that is resumed, whose table begins with it."""
    if json:
        return JsonView()
    do_without_stdout()
    console = stdout()
    return LiveView(console, before) if animates(console) else PlainView(console, stderr(), before)
