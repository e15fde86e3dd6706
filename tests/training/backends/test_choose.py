"""Which backend is taken, and what a person hears of it."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from mnist_tui import models
from mnist_tui.errors import ConfigError, Interrupted
from mnist_tui.events import Event, Notice, Preparing
from mnist_tui.native.unsupported import Unsupported
from mnist_tui.training.backends import choose
from mnist_tui.training.backends.base import Backend
from mnist_tui.training.backends.choose import choose_backend
from mnist_tui.training.train_state import TrainState
from tests.engine_fixtures import tiny_config
from tests.native.compiling import QUICKLY, other_flags
from tests.native.toolchain import needs_compiler


class Chosen:
    """A choice made on the processor, with what was told on the way."""

    def __init__(self, backend: str, *, before: str = "", stopped: bool = False) -> None:
        config = tiny_config(backend=backend)
        self.heard: list[Event] = []
        self.learner = TrainState(config, models.load_model("linear"))
        self.backend: Backend = choose_backend(
            config,
            self.learner,
            torch.device("cpu"),
            before=before,
            report=self.heard.append,
            stopped=lambda: stopped,
        )

    @property
    def notices(self) -> list[tuple[str, str]]:
        return [(event.topic, event.message) for event in self.heard if isinstance(event, Notice)]


@pytest.fixture
def unfit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The processor's fastest backend is one that cannot be had."""

    def refuse(*_args: Any) -> Backend:
        raise Unsupported("there is no C++ compiler", "Install g++ or clang++.")

    monkeypatch.setattr(choose, "_build", refuse)


def test_eager_can_do_everything() -> None:
    chosen = Chosen("eager")
    assert chosen.backend.name == "eager"
    assert chosen.backend.learner is chosen.learner
    assert chosen.heard == []


@needs_compiler
@pytest.mark.parametrize("name", ["auto", "native"])
def test_the_processors_fastest_is_compiled(name: str) -> None:
    with other_flags(QUICKLY):
        chosen = Chosen(name)
    assert chosen.backend.name == "native"
    assert chosen.backend.learner is chosen.learner
    assert chosen.notices == []


def test_auto_falls_back_and_says_why(unfit: None) -> None:
    chosen = Chosen("auto")
    assert chosen.backend.name == "eager"
    assert chosen.notices == [("backend", "eager instead of native: there is no C++ compiler")]


def test_one_asked_for_by_name_is_not_replaced(unfit: None) -> None:
    with pytest.raises(ConfigError) as raised:
        Chosen("native")
    assert str(raised.value) == "--backend native cannot be used: there is no C++ compiler"
    assert raised.value.remedy == "Install g++ or clang++."
    assert raised.value.exit_code == 2


def test_a_resumed_run_keeps_its_backend() -> None:
    chosen = Chosen("auto", before="eager")
    assert (chosen.backend.name, chosen.notices) == ("eager", [])


@pytest.mark.parametrize("before", ["graph", "of a later version"])
def test_a_resumed_run_whose_backend_is_gone_goes_on_with_eager(before: str) -> None:
    chosen = Chosen("auto", before=before)
    assert chosen.backend.name == "eager"
    [(topic, message)] = chosen.notices
    assert topic == "backend"
    assert message.startswith(f"eager instead of {before}: ")


@pytest.mark.parametrize("stopped", [False, True])
def test_what_takes_long_is_told_and_can_be_stopped(monkeypatch: pytest.MonkeyPatch, stopped: bool) -> None:
    build, done = choose._build, []

    def slow(
        _name: str, config: Any, learner: Any, device: Any, largest: int, told: Any, stopping: Any
    ) -> Backend:
        assert stopping() == stopped
        told("compiling the step")
        done.append(True)
        return build("eager", config, learner, device, largest, told, stopping)

    monkeypatch.setattr(choose, "_build", slow)
    if stopped:
        with pytest.raises(Interrupted):
            Chosen("native", stopped=True)
        assert not done
    else:
        [preparing] = Chosen("native").heard
        assert isinstance(preparing, Preparing)
        assert preparing.what == "compiling the step"
