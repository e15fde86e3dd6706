"""Steps on a busy machine: `python -m tests.benchmarks.busy [--backend native] [--loops 0 1 2 4 8]`.

The reference network's steps on one thread and on several, in turn in short slices, while so many other processes do
nothing but loop. What T threads may expect is their share of what they do without loops: among N loops on C cores they
get C·T/(N+T) cores' worth, at most C and at most T. CPU time per image says what is lost in waiting for each other.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from mnist_tui.system.cpu import prepare_openmp, usable_cores

_STEPS_PER_LOOK = 4


class Slice(NamedTuple):
    images: int
    seconds: float
    cpu_seconds: float


class BusyWorker:
    """A process that takes steps for as long as it is told."""

    def __init__(self, backend: str, threads: int, batch: int) -> None:
        command = [sys.executable, "-m", "tests.benchmarks.busy", "--worker", str(threads)]
        self._process = subprocess.Popen(
            [*command, "--backend", backend, "--batch-size", str(batch)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, seconds: float) -> Slice:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(seconds, file=self._process.stdin, flush=True)
        images, taken, cpu = self._process.stdout.readline().split()
        return Slice(int(images), float(taken), float(cpu))

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", default="native")
    parser.add_argument("--threads", type=int, default=max(2, usable_cores()))
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--loops", type=int, nargs="+", default=[0, 1, 2, 4, 8])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a slice")
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.worker:
        work(wanted.backend, wanted.worker, wanted.batch_size)
    else:
        Console().print(measured(wanted))


def measured(wanted: argparse.Namespace) -> Table:
    counts = (1, wanted.threads)
    table = Table("busy loops", *(f"{count} thread(s)" for count in counts), "of the fair share", "µs CPU per image")
    table.title = f"{wanted.backend}, batch {wanted.batch_size}, images per second"
    workers = [BusyWorker(wanted.backend, count, wanted.batch_size) for count in counts]
    try:
        for worker in workers:
            worker.run(wanted.seconds)
        alone = median_speed([workers[1].run(wanted.seconds) for _ in range(wanted.rounds)])
        for loops in wanted.loops:
            with busy(loops):
                rounds = [[worker.run(wanted.seconds) for worker in workers] for _ in range(wanted.rounds)]
            slices = [*zip(*rounds, strict=True)]
            share = alone * fair_cores(loops, wanted.threads) / fair_cores(0, wanted.threads)
            speeds = [median_speed(own) for own in slices]
            burnt = " / ".join(
                f"{sum(s.cpu_seconds for s in own) / sum(s.images for s in own) * 1e6:.0f}" for own in slices
            )
            table.add_row(str(loops), *(f"{speed:,.0f}" for speed in speeds), f"{speeds[1] / share:.0%}", burnt)
    finally:
        for worker in workers:
            worker.end()
    return table


def fair_cores(loops: int, threads: int) -> float:
    cores = usable_cores()
    return min(cores, threads, cores * threads / (loops + threads))


def median_speed(slices: Sequence[Slice]) -> float:
    return median(one.images / one.seconds for one in slices)


@contextmanager
def busy(loops: int) -> Iterator[None]:
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(loops)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def work(backend_name: str, threads: int, batch_size: int) -> None:
    """For each number of seconds on standard input, images, seconds and CPU seconds on standard output."""
    prepare_openmp()
    import torch

    from mnist_tui.data.loader import Batch
    from mnist_tui.models import load_model
    from mnist_tui.recipes import build_config
    from mnist_tui.training.backends.base import StepSettings
    from mnist_tui.training.backends.choose import choose_backend
    from mnist_tui.training.train_state import TrainState

    config = build_config("reference", backend=backend_name, threads=threads, batch_size=batch_size)
    model = load_model(config.model).to(memory_format=torch.channels_last)
    train_state = TrainState(config, model)
    backend = choose_backend(
        config, train_state, torch.device("cpu"), report=lambda event: None, should_stop=lambda: False
    )
    backend.use_threads(threads)
    backend.begin()
    batch = Batch(torch.rand(batch_size, 1, 28, 28), torch.arange(batch_size) % 10, None)
    step = 0
    for line in sys.stdin:
        started_at, cpu_started_at, first = time.perf_counter(), time.process_time(), step
        while time.perf_counter() - started_at < float(line):
            for _ in range(_STEPS_PER_LOOK):
                backend.step(batch, StepSettings(step, 0.001, 0.9))
                step += 1
        taken, cpu = time.perf_counter() - started_at, time.process_time() - cpu_started_at
        print((step - first) * batch_size, taken, cpu, flush=True)


if __name__ == "__main__":
    main()
