"""The Draw screen in a real terminal: a mouse's escape sequences, and keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui import odd_program, warm_program
from tests.tui.dashboard_terminal import Terminal
from tests.tui.draw_support import write_line_reader

# As xterm reports the mouse where SGR coordinates (mode 1006) are on: button, column, row; 32 more while it moves.
_LEFT, _RIGHT, _MOVING = 0, 2, 32


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    write_line_reader(tmp_path / "runs")
    with Terminal(["-m", "mnist_tui"], tmp_path, begin=warm_program.begin) as terminal:
        terminal.wait_for("● ready")
        terminal.press("4")
        terminal.wait_for("Nothing is drawn yet", "best weights, epoch 1 · lines")
        yield terminal
        terminal.press("q")
        assert terminal.ended()[0] == 0
        assert terminal.problems() == []


def mouse(button: int, column: int, row: int, end: str = "M") -> str:
    return f"\x1b[<{button};{column};{row}{end}"


def drag(terminal: Terminal, start: tuple[int, int], end: tuple[int, int], button: int = _LEFT) -> None:
    """In one leap."""
    terminal.press(mouse(button, *start))
    terminal.press(mouse(button + _MOVING, *end))
    terminal.press(mouse(button, *end, "m"))


def test_the_mouse_draws_and_erases(terminal: Terminal) -> None:
    drag(terminal, (33, 6), (33, 31))
    terminal.wait_for("next: ", "w why")
    drag(terminal, (8, 18), (58, 18))
    terminal.wait_for("not sure", "perhaps")
    drag(terminal, (8, 18), (26, 18), _RIGHT)
    drag(terminal, (40, 18), (58, 18), _RIGHT)
    terminal.wait_for("next: ", "w why")
    terminal.press("\x1b[3~")
    terminal.wait_for("Nothing is drawn yet")


def test_keys_alone_draw(terminal: Terminal) -> None:
    terminal.press(" ")
    terminal.wait_for("pen down")
    for _ in range(14):
        terminal.press("\x1b[B")
    terminal.wait_for("next: ", "w why")
    terminal.press(" ")
    terminal.wait_for("pen up")
    terminal.press("u")
    terminal.wait_for("Nothing is drawn yet")


def test_a_correction_in_a_small_terminal_while_training(tmp_path: Path) -> None:
    train = ["--dataset=synthetic", "--model=linear", "--train-limit=4000", "--epochs=50"]
    program = [odd_program.__file__, "slow-steps", "--", "train", *train]
    with Terminal(program, tmp_path, columns=80, rows=24, begin=warm_program.begin) as terminal:
        terminal.wait_for("● training", "img/s")
        terminal.press("4")
        terminal.wait_for("live, epoch", "Nothing is drawn yet")
        drag(terminal, (18, 5), (18, 19))
        terminal.wait_for("Label & save")
        terminal.press("\r")
        terminal.wait_for("Which digit was it?")
        terminal.press("7")
        terminal.wait_for("Saved as a 7", "Nothing is drawn yet")
        terminal.press("q")
        terminal.wait_for("Stop and leave")
        terminal.press("y")
        assert terminal.ended()[0] == 0
    assert sorted(path.name for path in (tmp_path / "data" / "MyDigits").glob("*ubyte")) == [
        "images-idx3-ubyte",
        "labels-idx1-ubyte",
    ]
