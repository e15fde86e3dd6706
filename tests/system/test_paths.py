"""Where things live: the flag, else the environment, else the platform's folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from mnist_tui.system import paths

PLACES = [
    (paths.data_dir, paths.DATA_DIR_VARIABLE),
    (paths.runs_dir, paths.RUNS_DIR_VARIABLE),
]


@pytest.mark.parametrize(("place", "variable"), PLACES)
def test_a_flag_beats_the_environment(place, variable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "/from/environment")
    assert place(Path("/from/flag")) == Path("/from/flag")
    assert place() == Path("/from/environment")


@pytest.mark.parametrize(("place", "variable"), PLACES)
@pytest.mark.parametrize("value", [None, ""])
def test_without_either_it_is_the_platforms_folder(place, variable, value, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(variable, raising=False)
    if value is not None:
        monkeypatch.setenv(variable, value)
    assert paths.APP in place().parts


@pytest.mark.parametrize("name", ["~no-such-user/runs", "~a\0/runs", "~~", "a" * 5000])
def test_what_is_nobodys_home_is_a_name_like_any_other(name: str) -> None:
    assert paths.expand_user(name) == Path(name)
    assert paths.runs_dir(Path(name)) == Path(name)


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(paths.RUNS_DIR_VARIABLE, "~/runs")
    assert paths.runs_dir() == Path.home() / "runs"
    assert paths.data_dir(Path("~/data")) == Path.home() / "data"
