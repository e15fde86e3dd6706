"""Which backend is chosen, and what is reported."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from mnist_tui import models
from mnist_tui.errors import ConfigError, Interrupted
from mnist_tui.events import Event, Notice, Preparing
from mnist_tui.models.adapters import adapt_model
from mnist_tui.training.backends import choose
from mnist_tui.training.backends.base import Backend, BackendUnavailable
from mnist_tui.training.backends.choose import choose_backend
from mnist_tui.training.backends.native import compile_backend
from mnist_tui.training.train_state import TrainState
from tests.engine_fixtures import tiny_config
from tests.native.compiling import QUICKLY, other_flags
from tests.native.toolchain import needs_compiler


class Chosen:
    """A choice for the CPU, with the reported events."""

    def __init__(self, backend: str, *, before: str = "", should_stop: bool = False) -> None:
        config = tiny_config(backend=backend)
        self.events: list[Event] = []
        self.train_state = TrainState(config, models.load_model("linear"))
        self.backend: Backend = choose_backend(
            config,
            self.train_state,
            torch.device("cpu"),
            before=before,
            report=self.events.append,
            should_stop=lambda: should_stop,
        )

    @property
    def notices(self) -> list[tuple[str, str]]:
        return [(event.topic, event.message) for event in self.events if isinstance(event, Notice)]


@pytest.fixture
def unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fastest backend is not available."""

    def refuse(*_args: Any) -> Backend:
        raise BackendUnavailable("there is no C++ compiler", "Install g++ or clang++.")

    monkeypatch.setattr(choose, "_build", refuse)


def test_eager_can_do_everything() -> None:
    chosen = Chosen("eager")
    assert chosen.backend.name == "eager"
    assert chosen.backend.train_state is chosen.train_state
    assert chosen.events == []


@needs_compiler
@pytest.mark.parametrize("name", ["auto", "native"])
def test_the_processors_fastest_is_compiled(name: str) -> None:
    with other_flags(QUICKLY):
        chosen = Chosen(name)
    assert chosen.backend.name == "native"
    assert chosen.backend.train_state is chosen.train_state
    assert chosen.notices == []


def test_auto_falls_back_and_says_why(unavailable: None) -> None:
    chosen = Chosen("auto")
    assert chosen.backend.name == "eager"
    assert chosen.notices == [("backend", "Using the slower eager backend instead of native: there is no C++ compiler")]


def test_one_asked_for_by_name_is_not_replaced(unavailable: None) -> None:
    with pytest.raises(ConfigError) as raised:
        Chosen("native")
    assert str(raised.value) == "--backend native cannot be used: there is no C++ compiler"
    assert raised.value.remedy == "Install g++ or clang++."
    assert raised.value.exit_code == 2


def test_what_adapts_a_network_is_not_compiled() -> None:
    model = nn.Sequential(nn.Linear(784, 10))
    assert adapt_model(model, torch.zeros(2, 1, 28, 28), 10)
    config = tiny_config()
    with pytest.raises(BackendUnavailable, match="Sequential takes other images than float32"):
        compile_backend(config, TrainState(config, model), on_progress=lambda _: None, should_stop=lambda: False)


def test_a_resumed_run_keeps_its_backend() -> None:
    chosen = Chosen("auto", before="eager")
    assert (chosen.backend.name, chosen.notices) == ("eager", [])


@pytest.mark.parametrize("before", ["graph", "of a later version"])
def test_a_resumed_run_whose_backend_is_gone_goes_on_with_eager(before: str) -> None:
    chosen = Chosen("auto", before=before)
    assert chosen.backend.name == "eager"
    [(topic, message)] = chosen.notices
    assert topic == "backend"
    assert message.startswith(f"Using the slower eager backend instead of {before}: ")


@pytest.mark.parametrize("stopped", [False, True])
def test_what_takes_long_is_reported_and_can_be_stopped(monkeypatch: pytest.MonkeyPatch, stopped: bool) -> None:
    build, done = choose._build, []

    def slow(
        _name: str,
        config: Any,
        train_state: Any,
        device: Any,
        largest: int,
        on_progress: Any,
        should_stop: Any,
    ) -> Backend:
        assert should_stop() == stopped
        on_progress("compiling the step")
        done.append(True)
        return build("eager", config, train_state, device, largest, on_progress, should_stop)

    monkeypatch.setattr(choose, "_build", slow)
    if stopped:
        with pytest.raises(Interrupted):
            Chosen("native", should_stop=True)
        assert not done
    else:
        [preparing] = Chosen("native").events
        assert isinstance(preparing, Preparing)
        assert preparing.what == "compiling the step"
