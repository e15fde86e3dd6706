"""The list of code that may be run without a question."""

import os
import stat
from pathlib import Path

import pytest

from mnist_tui.models import trusted_code
from mnist_tui.system import paths


@pytest.fixture(autouse=True)
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A list of the test's own."""
    monkeypatch.setenv("MNIST_TUI_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(trusted_code, "_trusted_now", set())
    return paths.state_dir() / "trusted-code"


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in another process."""
    monkeypatch.setattr(trusted_code, "_trusted_now", set())


def test_what_is_remembered_is_known_to_another_process(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trusted_code.trust("a" * 64, "run one")
    trusted_code.trust("b" * 64, "run two\nwith a second line")
    forget(monkeypatch)
    assert trusted_code.is_trusted("a" * 64)
    assert trusted_code.is_trusted("b" * 64)
    assert not trusted_code.is_trusted("c" * 64)
    assert len(ledger.read_text().splitlines()) == 2


def test_only_its_owner_may_read_or_write_it(ledger: Path) -> None:
    trusted_code.trust("a" * 64, "run one")
    assert stat.S_IMODE(ledger.stat().st_mode) == 0o600


def test_what_others_may_write_counts_for_nothing(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trusted_code.trust("a" * 64, "run one")
    forget(monkeypatch)
    ledger.chmod(0o622)
    assert not trusted_code.is_trusted("a" * 64)


def test_a_link_or_a_pipe_in_its_place_counts_for_nothing(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trusted_code.trust("a" * 64, "run one")
    forget(monkeypatch)
    elsewhere = ledger.rename(ledger.with_name("elsewhere"))
    ledger.symlink_to(elsewhere)
    assert not trusted_code.is_trusted("a" * 64)
    trusted_code.trust("b" * 64, "run two")
    assert "run two" not in elsewhere.read_text()
    ledger.unlink()
    os.mkfifo(ledger)
    assert not trusted_code.is_trusted("a" * 64)


def test_where_nothing_can_be_written_it_is_known_to_this_process_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "state").write_text("a file in the folder's place")
    trusted_code.trust("a" * 64, "run one")
    assert trusted_code.is_trusted("a" * 64)
    forget(monkeypatch)
    assert not trusted_code.is_trusted("a" * 64)
