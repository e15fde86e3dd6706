"""A monkey at the dashboard's keyboard and mouse while a network trains: nothing breaks, nothing is stuck."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from mnist_tui import runs
from tests import trained_runs
from tests.cli import easy_digits
from tests.tui.dashboard_terminal import Terminal

Report = Callable[[str], None]

SECONDS = 180
PROGRAM = (
    easy_digits.__file__,
    "dashboard",
    "--dataset=synthetic",
    "--model=linear",
    "--train-limit=2000",
    "--epochs=100000",
    "--threads=1",
    "--backend=eager",
    "--start",
)
# Not q and Ctrl+C, which leave; a quit by way of the palette or the mouse is met by a new start.
LETTERS = "".join(map(chr, range(33, 127))).replace("q", "") + "12345" * 6 + "nsdwmuteyx.,+?/" * 2
SPECIAL = (
    *("\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D") * 8,
    *("\r", " ", "\t", "\x1b[Z", "\x1b") * 4,
    *("\x1b[H", "\x1b[F", "\x1b[5~", "\x1b[6~", "\x1b[3~", "\x7f"),
    *("\x01", "\x05", "\x0b", "\x10", "\x15", "\x17", "\x0f"),
    *(f"\x1bO{letter}" for letter in "PQRS"),
    "\x1b[200~9\n[red]paste[/]\x07é数\x1b[201~",
    "数é\u202e",
)
SIZES = ((120, 36), (80, 24), (200, 60), (40, 10), (20, 5), (132, 43))


def keys(random: Random) -> str:
    """One key, or a mouse's click, drag or wheel."""
    kind = random.random()
    if kind < 0.45:
        return random.choice(LETTERS)
    if kind < 0.85:
        return random.choice(SPECIAL)
    column, row = random.randint(1, 130), random.randint(1, 40)
    if kind < 0.97:
        return f"\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m"
    if kind < 0.99:
        other = f"{random.randint(1, 130)};{random.randint(1, 40)}"
        return f"\x1b[<0;{column};{row}M\x1b[<32;{other}M\x1b[<0;{other}m"
    return f"\x1b[<{random.choice((64, 65))};{column};{row}M"


def play(terminal: Terminal, random: Random, until: float) -> int:
    """Press keys until then, or until the program has gone; how many. Every hundred, it must still draw."""
    pressed = 0
    while time.monotonic() < until and terminal.process.poll() is None:
        try:
            terminal.press(keys(random))
        except OSError:  # it has just left
            break
        pressed += 1
        terminal.read(0.01)
        if pressed % 100 == 0:
            turn = pressed // 100 % len(SIZES)
            terminal.resize(*SIZES[turn], fresh=True)  # another than the last, or nothing need be drawn
            _must_draw(terminal)
    return pressed


def _must_draw(terminal: Terminal) -> None:
    end = time.monotonic() + 20
    while not terminal.read() and terminal.process.poll() is None:
        if time.monotonic() > end:
            terminal.signal(signal.SIGABRT)  # faulthandler then says where every thread is
            terminal.ended()
            raise AssertionError(
                f"it does not draw any more:\n{terminal.raw[-8000:].decode(errors='replace')}"
            )


def leave(terminal: Terminal) -> float:
    """Ctrl+C until it goes, as the first one asks, or is Alt's after a lone escape; the seconds it took."""
    begun = time.monotonic()
    for _ in range(4):
        if terminal.process.poll() is None:
            terminal.press("\x03")
        end = time.monotonic() + 5
        while terminal.process.poll() is None and time.monotonic() < end:
            terminal.read()
    code, _ = terminal.ended(patience=0)
    # 1 where the last run failed, as one does that was made up and is resumed.
    assert code in (0, 1, 130), terminal.after_the_screen
    assert "Traceback" not in terminal.after_the_screen, terminal.after_the_screen
    assert "Error" not in terminal.after_the_screen, terminal.after_the_screen
    assert terminal.problems() == []
    return time.monotonic() - begun


def test_a_monkey_breaks_nothing(tmp_path: Path, report: Report) -> None:
    for name in ("one", "two"):
        trained_runs.write(tmp_path / "runs", name)
    random, until = Random(2026), time.monotonic() + SECONDS
    pressed = starts = 0
    slowest = 0.0
    while time.monotonic() < until:
        with Terminal([*PROGRAM], tmp_path, PYTHONFAULTHANDLER="1") as terminal:
            terminal.wait_for("training")
            starts += 1
            pressed += play(terminal, random, until)
            slowest = max(slowest, leave(terminal))
        for run in runs.list_runs(tmp_path / "runs"):
            assert not run.is_locked()
            run.history(progress=False)
    report(
        f"{pressed:,} keys, clicks and sizes in {SECONDS} s over {starts} starts, with a training running: "
        f"no exception, never stuck, left within {slowest:.1f} s"
    )
    assert pressed > 500
