"""What computes, and what a run records of it."""

from __future__ import annotations

import pytest
import torch

from mnist_tui.errors import ConfigError
from mnist_tui.system.cpu import usable_cores
from mnist_tui.training import hardware
from tests.engine_fixtures import tiny_config


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without accelerators."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.mark.usefixtures("bare")
def test_auto_is_the_processor_where_there_is_nothing_else() -> None:
    assert hardware.choose_device("auto") == torch.device("cpu")
    assert hardware.choose_device("cpu") == torch.device("cpu")


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"finds no {name} device") as raised:
        hardware.choose_device(name)
    assert "--device" in raised.value.remedy


@pytest.mark.parametrize(("cuda", "mps", "chosen"), [(True, True, "cuda"), (False, True, "mps")])
def test_auto_prefers_an_accelerator(monkeypatch: pytest.MonkeyPatch, cuda: bool, mps: bool, chosen: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert hardware.choose_device("auto").type == chosen


@pytest.mark.parametrize(("batch", "cores", "threads"), [(16, 8, 1), (1, 8, 1), (64, 8, 2), (64, 1, 1), (4096, 8, 8)])
def test_threads_are_as_many_as_the_batch_keeps_busy(batch: int, cores: int, threads: int) -> None:
    assert hardware.choose_threads(tiny_config(threads=0, batch_size=batch), "eager", cores) == threads


def test_threads_that_were_asked_for_are_taken() -> None:
    assert hardware.choose_threads(tiny_config(threads=5), "eager", 1) == 5


def test_the_machine_has_cores_and_a_name_and_versions() -> None:
    assert usable_cores() >= 1
    assert hardware.processor()
    assert set(hardware.versions()) == {"mnist-tui", "python", "torch"}
    assert hardware.versions()["torch"] == str(torch.__version__)
