"""A monkey at the dashboard's keyboard and mouse while a network trains: nothing breaks, nothing is stuck.

`python -m tests.torture.monkey --minutes 120 --seed 7` lets it play for longer than `make torture` does.
"""

from __future__ import annotations

import argparse
import resource
import signal
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from mnist_tui import runs
from tests import trained_runs
from tests.cli import easy_digits
from tests.tui.dashboard_terminal import Terminal

_MEGABYTE = 1 << 20
_ROOM = 400 * _MEGABYTE
"""What a process may hold more than at first, when not all is imported; a leak comes to this within the hour."""
_BETWEEN_LOOKS = 30.0
"""Seconds between two looks at the memory."""
_KEPT = _MEGABYTE
"""Bytes of what was drawn that are kept, for the traceback of a failure."""

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
LETTERS = "".join(map(chr, range(33, 127))).replace("q", "") + "12345" * 6 + "nsdwmuteyx.,+?/zvabi[]!~<>NRTP" * 2
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


def key(random: Random) -> str:
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


@dataclass
class Monkey:
    """Plays from a seed, and counts what it did."""

    folder: Path
    random: Random
    keys: int = 0
    starts: int = 0
    slowest: float = 0.0
    """Seconds that the program took to leave, at the worst."""
    memory: list[list[int]] = field(default_factory=list)
    """Resident bytes of each process of the dashboard, look by look."""

    def play(self, seconds: float) -> None:
        """Press keys for so long, in as many starts of the program as that takes.

        Raises:
            AssertionError: it broke, was stuck, took ever more memory or left something behind.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with Terminal([*PROGRAM], self.folder, EASY_DIGITS_STACKS=str(self._stacks)) as terminal:
                terminal.wait_for("training")
                self.starts += 1
                self._press(terminal, until)
                self.slowest = max(self.slowest, _leave(terminal))
            for run in runs.list_runs(self.folder / "runs"):
                assert not run.is_locked()
                run.history(progress=False)

    def _press(self, terminal: Terminal, until: float) -> None:
        """Until then, or until the program has gone. Every hundred, it must still draw."""
        self.memory.append([])
        due = time.monotonic() + _BETWEEN_LOOKS
        while time.monotonic() < until and terminal.process.poll() is None:
            try:
                terminal.press(key(self.random))
            except OSError:  # it has just left
                break
            self.keys += 1
            terminal.read(0.01)
            if self.keys % 100 == 0:
                turn = self.keys // 100 % len(SIZES)
                terminal.resize(*SIZES[turn], fresh=True)  # another than the last, or nothing need be drawn
                self._must_draw(terminal)
                terminal.forget(_KEPT)
            if time.monotonic() > due:
                due += _BETWEEN_LOOKS
                self._weigh(terminal.process.pid)

    def _must_draw(self, terminal: Terminal) -> None:
        end = time.monotonic() + 20
        while not terminal.read() and terminal.process.poll() is None:
            if time.monotonic() > end:
                for _ in range(3):  # what moves is not stuck, but busy
                    terminal.signal(signal.SIGUSR1)
                    terminal.read(1)
                raise AssertionError(
                    f"it does not draw any more; its threads, three times:\n{self._stacks.read_text()}"
                )

    @property
    def _stacks(self) -> Path:
        return self.folder / "stacks.txt"

    def _weigh(self, process: int) -> None:
        try:
            held = resident(process)
        except OSError:  # it has just left
            return
        looks = self.memory[-1]
        looks.append(held)
        print(f"{self.keys:,} keys, {self.starts} starts, {held // _MEGABYTE} MB", flush=True)
        assert held < looks[0] + _ROOM, f"{[at // _MEGABYTE for at in looks]} MB, look by look"

    def __str__(self) -> str:
        longest = max(self.memory, key=len)
        grown = f", {longest[0] // _MEGABYTE} MB at first and {longest[-1] // _MEGABYTE} at the end" if longest else ""
        return (
            f"{self.keys:,} keys, clicks and sizes over {self.starts} starts, with a training running: no exception, "
            f"never stuck, left within {self.slowest:.1f} s{grown}"
        )


def resident(process: int) -> int:
    """The bytes of memory it holds (Linux)."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def _leave(terminal: Terminal) -> float:
    """Ctrl+C until it goes, as the first one asks, or is Alt's after a lone escape; the seconds it took."""
    started_at = time.monotonic()
    for _ in range(4):
        if terminal.process.poll() is None:
            terminal.press("\x03")
        end = time.monotonic() + 5
        while terminal.process.poll() is None and time.monotonic() < end:
            terminal.read()
    code, _ = terminal.ended(patience=0)
    # A failure's where the last run failed: one that was made up was resumed, or one of MNIST begun, which is not here.
    assert code in (0, 1, 3, 4, 130), f"exit code {code}: {terminal.after_the_screen}"
    assert "Traceback" not in terminal.after_the_screen, terminal.after_the_screen
    assert "Error" not in terminal.after_the_screen, terminal.after_the_screen
    assert terminal.problems() == []
    return time.monotonic() - started_at


def at_home(folder: Path, seed: int) -> Monkey:
    """A monkey in a folder with two runs."""
    for name in ("one", "two"):
        trained_runs.write(folder / "runs", name)
    return Monkey(folder, Random(seed))


def main() -> None:
    """Play for as long as is asked, in a folder of its own."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=120)
    options.add_argument("--seed", type=int, default=2026)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        monkey = at_home(Path(folder), given.seed)
        monkey.play(given.minutes * 60)
    print(monkey)


if __name__ == "__main__":
    main()
