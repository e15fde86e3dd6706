"""How soon the answer follows the pen, in a real terminal: `python -m tests.benchmarks.drawing [--data-dir …]`.

From the mouse's escape sequence to the byte of the frame that shows another answer, while the reference recipe trains
and while nothing does. With the real MNIST where there is a data folder, else with drawn digits.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks.dashboard import folder, leave, read_for, seconds
from tests.tui.dashboard_terminal import Terminal
from tests.tui.draw_support import write_line_reader

# From the canvas's upper right corner to its lower left one, in the smallest terminal and in any larger one.
_DOWN, _MOVED, _UP = "\x1b[<0;30;6M", "\x1b[<32;10;18M", "\x1b[<0;10;18m"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strokes", type=int, default=100)
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("MNIST_TUI_DATA_DIR"))
    wanted = parser.parse_args()
    dataset = "synthetic" if wanted.data_dir is None else "mnist"
    begin = ["--start", f"--dataset={dataset}", "--recipe=reference"]
    table = Table("a stroke to its answer", "median", "p95", "p99", "target", title="Drawing")
    for what, arguments in (
        ("nothing trains", []),
        ("training, native", [*begin, "--backend=native"]),
        ("training, eager", [*begin, "--backend=eager"]),
    ):
        taken = strokes(wanted.strokes, arguments, wanted.data_dir)
        table.add_row(what, *seconds(taken), "0.05 s")
    table.caption = f"load {', '.join(f'{load:.1f}' for load in os.getloadavg())} on {os.cpu_count()} cores"
    Console().print(table)


def strokes(count: int, arguments: Sequence[str], data_dir: Path | None) -> list[float]:
    """Seconds from each of so many strokes to its answer."""
    taken = []
    extra = {} if data_dir is None else {"MNIST_TUI_DATA_DIR": str(data_dir)}
    with folder() as home:
        write_line_reader(home / "runs")
        with Terminal(["-m", "mnist_tui", "dashboard", *arguments], home, **extra) as terminal:
            terminal.wait_for("● training" if arguments else "● ready", patience=300)
            terminal.press("4")
            terminal.wait_for("live · epoch" if arguments else "best, epoch", "nothing drawn yet")
            for number in range(count + 1):
                read_for(terminal, 0.05 + (number * 37 % 100) / 1000)  # at any moment between two snapshots
                taken.append(stroke(terminal))
            if arguments:
                leave(terminal)
    return taken[1:]  # the first loads what the others find


def stroke(terminal: Terminal) -> float:
    """Draw, time the answer, and clear the canvas again."""
    before, started_at = len(terminal.raw), time.monotonic()
    terminal.press(_DOWN + _MOVED)
    terminal.wait_until(lambda: b"sure" in terminal.raw[before:], "an answer")
    taken = time.monotonic() - started_at
    terminal.press(_UP)
    before = len(terminal.raw)
    terminal.press("c")
    terminal.wait_until(lambda: b"nothing" in terminal.raw[before:], "a blank canvas")
    return taken


if __name__ == "__main__":
    main()
