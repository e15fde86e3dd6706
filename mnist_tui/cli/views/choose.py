"""How `train` shows a run: live in a terminal, otherwise line by line, or as JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from rich.console import Console

from mnist_tui.cli.output import can_animate, print_json_line, stderr, stdout
from mnist_tui.cli.streams import discard_stdout, tolerate_closed_stdout
from mnist_tui.cli.views.live import LiveView
from mnist_tui.cli.views.plain import PlainView
from mnist_tui.events import Event, to_dict
from mnist_tui.runs.history import RunHistory
from mnist_tui.training.control import Control

E = TypeVar("E")


def stop_when_output_lost(show: Callable[[E], None], control: Control) -> Callable[[E], None]:
    """`show` until the output is lost (its reader or its terminal is gone, its disk is full).

    The run has not failed: it is asked to stop, and later events are not shown.
    """
    lost = False

    def show_until_lost(event: E) -> None:
        nonlocal lost
        if lost:
            return
        try:
            show(event)
        except OSError as error:
            lost = True
            discard_stdout()
            control.stop(f"the output cannot be written: {error.strerror}")

    return show_until_lost


class JsonView:
    """Prints a line of JSON per event."""

    def show(self, event: Event) -> None:
        print_json_line(to_dict(event))

    def conclude(self, console: Console) -> None:
        """Nothing: the RunFinished event has it all."""

    def __enter__(self) -> JsonView:
        return self

    def __exit__(self, *_: object) -> None:
        return None


View = LiveView | PlainView | JsonView
"""A context manager that shows every event of a run, and its statistics at the end."""


def choose_view(*, json: bool, before: RunHistory | None = None) -> View:
    """The view for the kind of stdout. `before` is the history of a run that is resumed."""
    if json:
        return JsonView()
    tolerate_closed_stdout()
    console = stdout()
    return LiveView(console, before) if can_animate(console) else PlainView(console, stderr(), before)
