"""The kernels built with sanitizers and run over a chain that has everything, in a process of its own."""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from mnist_tui.native.codegen.source import generate_source
from mnist_tui.native.toolchain.compiler import HEADERS
from tests.native.compiling import plan_for
from tests.native.toolchain import REAL, needs_compiler
from tests.patience import PATIENCE

pytestmark = [needs_compiler, pytest.mark.early]

DRIVER = Path(__file__).parent / "driver.cpp"
SANITIZERS = {
    "address and undefined behavior": "address,undefined,float-cast-overflow",
    "threads": "thread",
}
FLAGS = (
    "-std=c++17",
    "-Og",
    "-g1",
    "-march=native",
    "-pthread",
    "-fno-sanitize-recover=all",
    "-Werror=return-type",
)


def everything() -> nn.Module:
    """Small, as a sanitizer multiplies the time to compile by ten: each template once, channels of odd counts."""
    return nn.Sequential(
        nn.MaxPool2d(3, 2),
        nn.Conv2d(1, 5, 3, padding="same"),
        nn.ReLU(),
        nn.BatchNorm2d(5),
        nn.MaxPool2d(3, 2),
        nn.Dropout(0.2),
        nn.Conv2d(5, 17, 1, bias=False),
        nn.BatchNorm2d(17),
        nn.ReLU(),
        nn.AvgPool2d(3, 1),
        nn.Dropout2d(0.2),
        nn.Flatten(),
        nn.Linear(17 * 4 * 4, 10),
    )


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The driver around the chain, compiled once per sanitizer."""
    return functools.cache(lambda name: compiled(tmp_path_factory.mktemp("driver"), SANITIZERS[name]))


def compiled(folder: Path, sanitizer: str) -> Path:
    """Skips where this compiler has no such sanitizer."""
    assert REAL is not None
    (folder / "nothing.cpp").write_text("int main() {}\n")
    trial = [REAL, f"-fsanitize={sanitizer}", "nothing.cpp", "-o", "nothing"]
    if run(trial, folder).returncode or run(["./nothing"], folder).returncode:
        pytest.skip(f"this compiler or machine has no -fsanitize={sanitizer}")
    torch.manual_seed(0)
    sources = generate_source(plan_for(everything()))
    for name, text in sources.items():
        (folder / name).write_text(text)
    command = [
        REAL,
        *FLAGS,
        f"-fsanitize={sanitizer}",
        f"-I{HEADERS}",
        f"-I{folder}",
        str(DRIVER),  # which includes the network's file
        *list(sources)[1:],
        "-o",
        "driver",
    ]
    made = run(command, folder)
    assert made.returncode == 0, made.stderr
    return folder / "driver"


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    strict = {"ASAN_OPTIONS": "detect_stack_use_after_return=1", "TSAN_OPTIONS": "halt_on_error=1"}
    return subprocess.run(
        command, cwd=folder, env=os.environ | strict, capture_output=True, text=True, timeout=PATIENCE
    )


@pytest.mark.parametrize("name", SANITIZERS)
def test_a_sanitizer_finds_nothing(driver: Callable[[str], Path], tmp_path: Path, name: str) -> None:
    """Steps with every optimizer, evaluation and augmentation; the same to the bit on 1, 2, 3 and 7 threads."""
    done = run([str(driver(name))], tmp_path)
    assert done.returncode == 0, done.stderr
    threads, checksums = zip(*(line.split() for line in done.stdout.splitlines()), strict=True)
    assert threads == ("1", "2", "3", "7")
    assert len(set(checksums)) == 1


def test_a_sanitizer_would_find_something(driver: Callable[[str], Path], tmp_path: Path) -> None:
    """A control: the kernels read behind the images where the driver passes too few."""
    done = run([str(driver("address and undefined behavior")), "overrun"], tmp_path)
    assert done.returncode != 0
    assert "heap-buffer-overflow" in done.stderr
