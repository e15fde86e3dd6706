"""The real compiler, small scripts that behave like a bad one, disks that do, and processes of their own."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

import mnist_tui
from mnist_tui.native.toolchain.build import build_library
from mnist_tui.native.toolchain.compiler import NAMES
from mnist_tui.native.unsupported import Unsupported
from tests.patience import PATIENCE

SOURCE = 'extern "C" int answer() { return 42; }\n'

REAL = next((path for name in NAMES if (path := shutil.which(name))), None)
needs_compiler = pytest.mark.skipif(REAL is None, reason="no C++ compiler here")


@pytest.fixture(name="cache")
def fixture_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder of the test's own, not made yet; and no CXX from outside."""
    monkeypatch.setenv("MNIST_TUI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("CXX", raising=False)
    return tmp_path / "cache" / "native"


def make(*sources: str, **options: object) -> tuple[ctypes.CDLL, list[str]]:
    """The library of these sources, else of `SOURCE`, and the reported progress."""
    progress: list[str] = []
    return build_library(sources_of(*sources or [SOURCE]), on_progress=progress.append, **options), progress  # type: ignore[arg-type]


def sources_of(*texts: str) -> dict[str, str]:
    """`step.cpp`, and `part1.cpp` and so on for the further ones."""
    return {f"part{number}.cpp" if number else "step.cpp": text for number, text in enumerate(texts)}


def refused(*sources: str, **options: object) -> Unsupported:
    """The answer to a build that is not possible."""
    with pytest.raises(Unsupported) as raised:
        make(*sources, **options)
    assert str(raised.value) == raised.value.reason
    assert not raised.value.reason.endswith(".")
    assert not raised.value.hint or raised.value.hint.endswith(".")
    return raised.value


def libraries(cache: Path) -> list[Path]:
    """What is kept; there is never anything half made beside it."""
    assert not list(cache.glob(".*"))
    return list(cache.glob("*.so"))


def script(path: Path, body: str, version: str = "fake 1.0") -> Path:
    """A compiler that answers `--version` and else runs `body`, in which `$REAL` is a real one."""
    path.write_text(
        f'#!/bin/sh\nREAL=\'{REAL}\'\ncase "$*" in *--version) echo "{version}"; exit;; esac\n{textwrap.dedent(body)}\n'
    )
    path.chmod(0o755)
    return path


@contextlib.contextmanager
def disk(folder: Path, options: str) -> Iterator[None]:
    """A file system of its own at `folder`, where the test may mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("cannot mount a file system here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)  # loaded libraries keep it busy


class Pulse:
    """Tells that a program has started, and that it and all it started are gone: they hold a pipe open."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "pulse"
        os.mkfifo(self.path)
        self._reading = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)

    @property
    def hanging(self) -> str:
        """The shell's way to start and never end, with a child that does neither."""
        return f"exec 9> '{self.path}'; echo started >&9; sleep 600 & sleep 600; exit 1"

    def started(self) -> bool:
        """Whether it has. Never waits."""
        with contextlib.suppress(BlockingIOError):
            return os.read(self._reading, 100) != b""
        return False

    def wait(self) -> bool:
        """Wait for the next change; whether it is a start (and not that all are gone)."""
        assert select.select([self._reading], [], [], PATIENCE)[0]
        return self.started()

    def gone(self) -> bool:
        """Whether all are, now. Never waits."""
        with contextlib.suppress(BlockingIOError):
            return os.read(self._reading, 100) == b""
        return False

    def close(self) -> None:
        os.close(self._reading)


@pytest.fixture(name="pulse")
def fixture_pulse(tmp_path: Path) -> Iterator[Pulse]:
    pulse = Pulse(tmp_path)
    yield pulse
    pulse.close()


BUILD = f"""
import resource, sys
from mnist_tui.native.toolchain.build import build_library
from mnist_tui.native.unsupported import Unsupported
if len(sys.argv) > 1:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
try:
    print(build_library({{'step.cpp': {SOURCE!r}}}, on_progress=print).answer())
except Unsupported as error:
    print(error.reason)
"""


def python_environment() -> dict[str, str]:
    """For a Python that imports this program."""
    return os.environ | {"PYTHONPATH": str(Path(mnist_tui.__file__).parents[1])}


def building(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """A process that builds `SOURCE` and prints its progress, then 42 or why not.

    arguments: the most bytes a file of its may have, if there is such a limit.
    """
    return subprocess.Popen(
        [sys.executable, "-c", BUILD, *arguments],
        env=python_environment() | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def printed(process: subprocess.Popen[str]) -> list[str]:
    """The lines of a process that ends well."""
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output
    return output.splitlines()
