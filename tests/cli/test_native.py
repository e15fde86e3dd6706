"""`train` where its step can be compiled, and where not: eager with one notice, or an error where it was asked for."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from mnist_tui import runs
from mnist_tui.native.toolchain import compiler
from tests.cli import program
from tests.cli.conftest import Mnist
from tests.native.compiling import QUICKLY, other_flags
from tests.native.toolchain import disk, needs_compiler, script
from tests.patience import SOON

TRAIN = ("train", "--headless", "--dataset", "synthetic", "--model", "linear", "--device", "cpu")
QUICK = (*TRAIN, "--train-limit", "200", "--epochs", "2")

FAILING = 'echo "step.cpp:1:1: error: out of luck" >&2; exit 1'
HANGING = "exec sleep 600"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the test's own, not made yet; and no CXX from outside."""
    monkeypatch.setenv("MNIST_TUI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("CXX", raising=False)
    return tmp_path / "cache"


def backend_of(runs_dir: Path) -> object:
    [run] = runs.list_runs(runs_dir)
    return run.record().machine.backend


# What is wrong, and what a person hears of it


class Trouble:
    """Something that keeps the step from being compiled, and words from its reason."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder, self._monkeypatch = tmp_path, monkeypatch

    def no_compiler(self) -> tuple[AbstractContextManager[None], str]:
        self._monkeypatch.setenv("PATH", str(self._folder / "nothing"))
        return nullcontext(), "no C++ compiler was found"

    def failing_compiler(self) -> tuple[AbstractContextManager[None], str]:
        self._monkeypatch.setenv("CXX", str(script(self._folder / "bad++", FAILING)))
        return nullcontext(), "failed: step.cpp:1:1: error: out of luck"

    def hanging_compiler(self) -> tuple[AbstractContextManager[None], str]:
        self._monkeypatch.setattr(compiler, "TIME_LIMIT", 0.3)
        self._monkeypatch.setenv("CXX", str(script(self._folder / "slow++", HANGING)))
        return nullcontext(), "did not finish within 0.3 seconds"

    def read_only_disk(self) -> tuple[AbstractContextManager[None], str]:
        return disk(self._folder / "cache", "ro"), "Read-only file system"

    def full_disk(self) -> tuple[AbstractContextManager[None], str]:
        return disk(self._folder / "cache", "size=4k"), "No space left on device"


QUICKLY_FOUND = ["no_compiler", "failing_compiler", "hanging_compiler", "read_only_disk"]


@pytest.fixture(params=QUICKLY_FOUND)
def trouble(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    context, words = getattr(Trouble(tmp_path, monkeypatch), request.param)()
    with context:
        yield words


@needs_compiler
@pytest.mark.parametrize("trouble", [*QUICKLY_FOUND, "full_disk"], indirect=True)
def test_auto_trains_with_eager_and_says_why_once(mnist: Mnist, runs_dir: Path, trouble: str) -> None:
    done = mnist(*QUICK, "--backend", "auto")
    assert done.code == 0
    recorded = " ".join(done.err.split())
    assert recorded.count("slower eager backend instead of native: ") == 1
    assert trouble in recorded
    assert backend_of(runs_dir) == "eager"


@needs_compiler
def test_asked_for_by_name_it_is_an_error_with_a_remedy(mnist: Mnist, runs_dir: Path, trouble: str) -> None:
    done = mnist(*QUICK, "--backend", "native")
    assert done.code == 2
    recorded = " ".join(done.err.split())
    assert "--backend native cannot be used: " in recorded
    assert trouble in recorded
    assert done.out == ""
    assert runs.list_runs(runs_dir) == []


@needs_compiler
def test_a_network_that_is_no_chain_is_trained_by_eager(mnist: Mnist, runs_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(
        "from torch import nn\n\nclass Net(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.fc = nn.Linear(784, 10)\n"
        "    def forward(self, x):\n        return self.fc(x.flatten(1)).tanh()\n"
    )
    done = mnist(*QUICK, "--model", f"{file}:Net", "--backend", "auto")
    assert done.code == 0
    assert " ".join(done.err.split()).count("slower eager backend instead of native: ") == 1
    assert backend_of(runs_dir) == "eager"


# Where it can be compiled


@needs_compiler
def test_compiled_once_with_a_word_then_kept_and_made_again_when_damaged(mnist: Mnist, cache: Path) -> None:
    def recorded() -> tuple[bool, str]:
        with other_flags(QUICKLY):
            done = mnist(*QUICK, "--backend", "native", "--json")
        assert done.code == 0
        events = [json.loads(line) for line in done.out.splitlines()]
        [start] = [event for event in events if event["event"] == "RunStarted"]
        preparing = [event for event in events if event["event"] == "Preparing"]
        return any("compiling" in event["what"] for event in preparing), start["machine"]["backend"]

    assert recorded() == (True, "native")
    assert recorded() == (False, "native")
    [library] = cache.rglob("*.so")
    library.unlink()  # not overwritten: this process has it loaded
    library.write_bytes(b"no library")
    assert recorded() == (True, "native")


@needs_compiler
def test_ctrl_c_while_it_compiles_leaves_at_once(tmp_path: Path, cache: Path) -> None:
    fake = script(tmp_path / "slow++", HANGING)
    with program.start(*QUICK, "--backend", "auto", CXX=str(fake)) as started:
        started.wait_for("compiling", "stderr")
        code, seconds, out, _err = started.signal(signal.SIGINT)
    assert code == 130
    assert seconds < SOON
    assert "best" not in out
    assert not list(cache.rglob("*.so"))
