"""How fast the dashboard is, measured in a real terminal: `make bench-dashboard`, or with `--data-dir` for real MNIST.

Three questions: how long until the first frame and the first step, how long from a key to its repaint while a
network trains, and how much of the training's speed the dashboard costs. Times are of this machine as busy as it
is, so each is a median of several rounds, and the two that are compared take turns.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import signal
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.tui.dashboard_terminal import Terminal

TITLE = b"mnist-tui"
SPEED = b"img/s"
# Seconds that a run of two which are compared has to itself, and those before them that do not count.
TURN, WARMING_UP = 1.2, 0.3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="starts to time")
    parser.add_argument("--turns", type=int, default=80, help="of each of two runs that are compared")
    parser.add_argument("--keys", type=int, default=200, help="key presses to time")
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("MNIST_TUI_DATA_DIR"))
    wanted = parser.parse_args()
    table = Table("what", "median", "p95", "p99", "target", title="The dashboard's speed")
    frames, steps = starting(wanted.rounds, "--dataset=synthetic")
    table.add_row("start to the first frame", *seconds(frames), "0.80 s")
    table.add_row("from there to the first step, synthetic", *seconds(steps), "4 s")
    if wanted.data_dir is None:
        Console(stderr=True).print("Without --data-dir there is no MNIST to train on: the rest is left out.")
    else:
        _, steps = starting(wanted.rounds, "--dataset=mnist", MNIST_TUI_DATA_DIR=str(wanted.data_dir))
        table.add_row("from there to the first step, MNIST", *seconds(steps), "4 s")
        for backend, target in (("native", "97 %"), ("eager", "95 %")):
            taken = keys(wanted.keys, wanted.data_dir, backend)
            table.add_row(f"a key to its repaint, training, {backend}", *seconds(taken), "p95 0.06 s")
            ratios = list(compared(wanted.turns, wanted.data_dir, backend))
            table.add_row(
                f"training speed beside headless, {backend}",
                f"{statistics.median(ratios):.1%}",
                "",
                "",
                target,
            )
    table.caption = f"load {', '.join(f'{load:.1f}' for load in os.getloadavg())} on {os.cpu_count()} cores"
    Console().print(table)


def starting(rounds: int, *settings: str, **extra: str) -> tuple[list[float], list[float]]:
    """Seconds to the first frame, and from there to the first step."""
    frames, steps = [], []
    arguments = ["-m", "mnist_tui", "dashboard", "--start", "--model=linear", *settings]
    with folder() as home:
        for number in range(rounds + 1):  # the first one fills the caches of the system
            started_at = time.monotonic()
            with Terminal(arguments, home, **extra) as terminal:
                terminal.wait_until(lambda terminal=terminal: TITLE in terminal.raw, "the first frame")
                frame = time.monotonic()
                # Not `wait_for`: it keeps a core busy with what has been drawn, which a real terminal does not.
                terminal.wait_until(lambda terminal=terminal: SPEED in terminal.raw, "the first step", 300)
                step = time.monotonic()
                leave(terminal)
            if number:
                frames.append(frame - started_at)
                steps.append(step - frame)
    return frames, steps


def keys(count: int, data: Path, backend: str) -> list[float]:
    """Seconds from a key to the frame that answers it, while the reference recipe trains."""
    taken = []
    with folder() as home, Terminal(training(backend), home, MNIST_TUI_DATA_DIR=str(data)) as terminal:
        terminal.wait_for("● training", "img/s")
        for number in range(count):
            # The two screens differ in a word that nothing else draws.
            key, word = (("4", b"mouse"), ("1", b"Batch"))[number % 2]
            read_for(terminal, 0.05 + (number * 37 % 100) / 1000)  # at any moment between two repaints
            before = len(terminal.raw)
            started_at = time.monotonic()
            terminal.press(key)
            terminal.wait_until(lambda word=word, before=before: word in terminal.raw[before:], key)
            taken.append(time.monotonic() - started_at)
        leave(terminal)
    return taken


def compared(rounds: int, data: Path, backend: str) -> Iterator[float]:
    """For each round, images per second in the dashboard as a share of those of a headless run.

    Both train all the time; but one stands still while the other runs, a second or so in turn, so that a machine
    which becomes faster or slower does so for both.
    """
    faces = {"dashboard": training(backend), "headless": headless(backend)}
    with contextlib.ExitStack() as stack:
        runs = []
        for arguments in faces.values():
            home = stack.enter_context(folder())
            terminal = stack.enter_context(Terminal(arguments, home, MNIST_TUI_DATA_DIR=str(data)))
            stack.callback(terminal.process.send_signal, signal.SIGCONT)
            runs.append((terminal, home))
            while not steps_within(home, 0, math.inf):
                read_for(terminal, 0.2)
            terminal.process.send_signal(signal.SIGSTOP)
        for number in range(rounds):
            speeds = [steps_a_second(*run) for run in (runs if number % 2 else reversed(runs))]
            yield speeds[0] / speeds[1] if number % 2 else speeds[1] / speeds[0]


def steps_a_second(terminal: Terminal, home: Path) -> float:
    """Of a run that stands still, over a turn of its own; a turn that falls into an evaluation goes on."""
    terminal.process.send_signal(signal.SIGCONT)
    read_for(terminal, WARMING_UP)
    started_at = time.time()
    read_for(terminal, TURN)
    while not (stretches := steps_within(home, started_at, time.time())):
        read_for(terminal, WARMING_UP)
    terminal.process.send_signal(signal.SIGSTOP)
    return sum(steps for steps, _ in stretches) / sum(duration for _, duration in stretches)


def steps_within(home: Path, started_at: float, ended: float) -> list[tuple[int, float]]:
    """The stretches of training between two moments that the log tells of: steps, and seconds."""
    lines = [line for log in home.glob("runs/*/events.jsonl") for line in log.read_text().splitlines()]
    rows = [json.loads(line) for line in lines if line.startswith('{"event":"Progress"') and line.endswith("}")]
    moments = [datetime.fromisoformat(row["time"]).timestamp() for row in rows]
    return [
        (row["step"] - before["step"], moment - moment_before)
        for before, row, moment_before, moment in zip(rows, rows[1:], moments, moments[1:], strict=False)
        if started_at <= moment_before and moment <= ended and row["step"] > before["step"]
        if row["epoch"] == before["epoch"] and row["phase"] == before["phase"] == "training"
    ]


def training(backend: str) -> list[str]:
    return ["-m", "mnist_tui", "dashboard", "--start", *reference(backend)]


def headless(backend: str) -> list[str]:
    return ["-m", "mnist_tui", "train", "--headless", *reference(backend)]


def reference(backend: str) -> list[str]:
    return ["--dataset=mnist", "--recipe=reference", f"--backend={backend}", "--epochs=1000"]


def leave(terminal: Terminal) -> None:
    terminal.press("q")
    terminal.wait_for("Stop and leave")
    terminal.press("y")
    terminal.ended()


def read_for(terminal: Terminal, duration: float) -> None:
    """Keep the terminal from filling up, as one that draws does."""
    end = time.monotonic() + duration
    while time.monotonic() < end:
        terminal.read(min(0.01, duration))


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def seconds(values: list[float]) -> tuple[str, str, str]:
    """Median, p95 and p99; the last two only of many."""
    ordered = sorted(values)

    def quantile(share: float) -> str:
        return f"{ordered[int(share * len(ordered))]:.3f} s" if len(ordered) >= 20 else ""

    return f"{statistics.median(ordered):.3f} s", quantile(0.95), quantile(0.99)


if __name__ == "__main__":
    main()
