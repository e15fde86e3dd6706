"""The program many times over, each a process of its own, without importing torch each time.

`python -m tests.torture.fork_server` loads everything once and forks for each line on its standard input: the child is
`mnist-tui ARGUMENTS` with tiny data, a checkpoint after every step, and the disk faults that the request names.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from types import TracebackType
from typing import Any

import mnist_tui
from mnist_tui.errors import MnistTuiError

ROOT = Path(__file__).parents[2]
SOURCE = Path(__file__).with_name("fault.c")


class FaultKind(IntEnum):
    """What happens at the chosen operation; as in fault.c."""

    NOTHING = 0
    FAIL_ONCE = 1
    FAIL_FROM = 2
    KILL_BEFORE = 3
    KILL_HALFWAY = 4
    KILL_AFTER = 5
    SIGNAL = 6
    SIGNALS = 7


KILLS = (FaultKind.KILL_BEFORE, FaultKind.KILL_HALFWAY, FaultKind.KILL_AFTER)


@dataclass(frozen=True)
class Fault:
    """At the operation `at` on files under a folder."""

    at: int = 0
    how: FaultKind = FaultKind.NOTHING
    code: int = 0


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit code (negative: the signal), its output, and its operations on the disk."""

    code: int
    out: str
    err: str
    operations: int
    """On the disk; unknown (0) of a child that was killed."""
    struck: str
    """The operation that the fault hit, empty where none was."""


class ForkServer:
    """Starts children and waits for them; a context manager."""

    def __init__(self, folder: Path, checkpoint_seconds: float = 0.0) -> None:
        self.folder = folder
        library = folder / "fault.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.fork_server", str(checkpoint_seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "LD_PRELOAD": str(library), "PYTHONPATH": str(ROOT)},
        )

    def start(
        self, *arguments: object, under: Path, fault: Fault = Fault(), work: str = "cli", humble: bool = False
    ) -> int:
        """Start a child and return its number. A `humble` one first drops root's permission to write anywhere."""
        order = {
            "arguments": [str(argument) for argument in arguments],
            "humble": humble,
            "folder": str(self.folder),
            "under": str(under),
            "fault": [fault.at, int(fault.how), fault.code],
            "work": work,
        }
        for name in ("out", "err", "note", "count"):
            (self.folder / name).unlink(missing_ok=True)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def wait(self) -> Ended:
        """Wait for the child of the last `start`."""
        assert self._process.stdout is not None
        code = int(self._process.stdout.readline())

        def text(name: str) -> str:
            file = self.folder / name
            return file.read_text(errors="replace") if file.exists() else ""

        return Ended(code, text("out"), text("err"), int(text("count") or 0), text("note"))

    def run(self, *arguments: object, **options: Any) -> Ended:
        """Start a child, and wait for it."""
        self.start(*arguments, **options)
        return self.wait()

    def __enter__(self) -> ForkServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


def send(child: int, number: signal.Signals) -> None:
    """Send a signal, unless the child has ended."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, number)


# What follows runs in the fork server itself.


def _cli(arguments: Sequence[str]) -> None:
    from mnist_tui.cli import main

    sys.argv = ["mnist-tui", *arguments]
    main()


def _fetch(arguments: Sequence[str]) -> None:
    """Fetch a tiny dataset from a mirror on this machine: FOLDER ADDRESS."""
    from requests import Session
    from requests.adapters import HTTPAdapter

    from mnist_tui.data.download.http import DownloadSettings, make_https_session
    from mnist_tui.data.download.mirrors import fetch_dataset
    from tests.data.samples import sample

    def session() -> Session:
        opened = make_https_session()
        opened.trust_env = False  # no proxy for this machine
        opened.mount("http://127.0.0.1", HTTPAdapter())
        return opened

    folder, address = arguments
    fetch_dataset(sample(address).entry, Path(folder), settings=DownloadSettings(open_session=session))


_WORK: Mapping[str, Callable[[Sequence[str]], None]] = {"cli": _cli, "fetch": _fetch}


def make_tiny() -> None:
    """A dataset of a few hundred images; progress and a checkpoint at every step, or as the request says."""
    from mnist_tui.data import datasets
    from mnist_tui.training import evaluate, recorder, trainer
    from tests.engine_fixtures import tiny_dataset

    tiny = tiny_dataset()
    datasets.load_dataset = lambda *_arguments, **_options: tiny
    trainer.PROGRESS_SECONDS, evaluate.BATCH = 0.0, 20
    recorder.CHECKPOINT_SECONDS = float(sys.argv[1])


def _child(order: Mapping[str, Any]) -> None:
    """Do the work in this process, and end with its exit code. Never returns."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setpgid(0, 0)
    folder = Path(order["folder"])
    for stream, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), stream)
    count_file = os.open(folder / "count", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    faults = ctypes.CDLL(None)
    if order["humble"] and faults.capset((ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()):
        os._exit(71)
    faults.fault_arm(order["under"].encode(), os.fsencode(folder / "note"), *order["fault"])
    code = 70
    try:
        _WORK[order["work"]](order["arguments"])
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(bool(leaving.code))
    except MnistTuiError as error:  # of work without the command line around it
        print(f"error: {error}", file=sys.stderr)
        code = error.exit_code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        count = faults.fault_count()
        faults.fault_arm(b"/nowhere", b"/nowhere", 0, 0, 0)
        os.write(count_file, str(count).encode())
        os._exit(code)


def _imported_by_children() -> Iterator[str]:
    """Once for all children: each would spend a fifth of its time on it."""
    for module in pkgutil.walk_packages(mnist_tui.__path__, "mnist_tui."):
        if not module.name.startswith("mnist_tui.tui") and not module.name.endswith("__main__"):
            yield module.name
    yield from (
        "torch._dynamo",
        "torch.utils.flop_counter",
        "torch.utils.serialization",
        "filelock",
        "rich._emoji_codes",
    )


def _serve() -> None:
    for name in _imported_by_children():
        importlib.import_module(name)
    make_tiny()
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _child(json.loads(line))
        answers.write(f"{child}\n")
        answers.flush()
        _, status = os.waitpid(child, 0)
        answers.write(f"{os.waitstatus_to_exitcode(status)}\n")
        answers.flush()


if __name__ == "__main__":
    _serve()
