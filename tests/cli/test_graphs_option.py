"""`--graphs`: the flag, else the environment, else what was chosen in the dashboard, else what the terminal has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mnist_tui.cli.options import use_graphs
from mnist_tui.render import graphs
from mnist_tui.render.graphs import Graphs
from mnist_tui.tui.preferences import Preferences
from tests.cli.conftest import Mnist


@pytest.fixture(autouse=True)
def _restore(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    before = graphs.in_use()
    yield
    graphs.use(before)


def test_a_choice_of_the_dashboard_holds_until_an_option_says_otherwise() -> None:
    use_graphs("auto")
    assert graphs.in_use() is graphs.detect()
    Preferences().remember(graphs="quadrant")
    use_graphs("auto")
    assert graphs.in_use() is Graphs.QUADRANT
    use_graphs("ascii")
    assert graphs.in_use() is Graphs.ASCII


@pytest.mark.parametrize("command", ["dashboard", "train", "watch"])
def test_the_environment_is_read_by_each_command_that_draws_charts(
    command: str, mnist: Mnist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNIST_TUI_GRAPHS", "crayons")
    result = mnist(command)
    assert result.code == 2
    assert "crayons" in result.err
