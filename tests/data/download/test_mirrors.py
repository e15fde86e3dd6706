"""Fetching from a server that does everything a server can do wrong."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from filelock import FileLock

from mnist_tui.data.download.http import DownloadSettings, MirrorFailedError, TrickleGuard, make_https_session
from mnist_tui.data.download.mirrors import LOCK, PARTIAL, fetch_dataset
from mnist_tui.errors import DataError, Interrupted
from mnist_tui.events import DataProgress, Event, Notice, Report
from tests.cli.warm import python
from tests.data.download.mirror import Mirror
from tests.data.samples import Sample, sample
from tests.patience import PATIENCE
from tests.small_disks import mount_disk


def names(home: Path) -> set[str]:
    return {path.name for path in home.iterdir()} - {LOCK}


def fetch_from(mirror: Mirror, home: Path, *behaviors: str, **settings: float) -> list[Event]:
    reported: list[Event] = []
    entry = sample(*map(mirror.at, behaviors)).entry
    fetch_dataset(entry, home, report=reported.append, settings=mirror.settings(**settings))
    return reported


@pytest.mark.parametrize("behavior", ["good", "unsized", "labeled-gzip", "to-good"])
def test_files_arrive_exactly_and_nothing_else_is_left(
    behavior: str, mirror: Mirror, tiny: Sample, tmp_path: Path
) -> None:
    fetch_from(mirror, tmp_path / "new" / "raw", behavior)
    assert {path.name: path.read_bytes() for path in (tmp_path / "new" / "raw").glob("*.gz")} == tiny.contents
    assert names(tmp_path / "new" / "raw") == set(tiny.contents)


def test_everyone_may_read_what_was_fetched(mirror: Mirror, tmp_path: Path) -> None:
    fetch_from(mirror, tmp_path, "good")
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*.gz")} == {0o644}


def test_progress_runs_from_nothing_to_everything(mirror: Mirror, tiny: Sample, tmp_path: Path) -> None:
    reported = fetch_from(mirror, tmp_path, "good")
    for name, content in tiny.contents.items():
        progress = [event for event in reported if isinstance(event, DataProgress) and event.item == name]
        assert {(event.dataset, event.stage, event.unit) for event in progress} == {("mnist", "fetching", "bytes")}
        assert [progress[0].done, progress[-1].done, progress[-1].total] == [0, len(content), len(content)]


def test_nothing_is_printed(mirror: Mirror, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fetch_from(mirror, tmp_path, "missing", "good")
    assert capfd.readouterr() == ("", "")


BAD = [
    ("forbidden", "it answered 403 Forbidden"),
    ("missing", "it answered 404 Not Found"),
    ("busy", "it answered 503 Service Unavailable"),
    ("silent", "nothing came for 0.2 s"),
    ("no-http", "it cannot be reached (220 ftp ready"),
    ("stall", "nothing came for 0.2 s"),
    ("trickle", "bytes per second"),
    ("cut", "the connection broke off"),
    ("reset", "the connection broke off"),
    ("endless", "it sends more than 100,000 bytes"),
    ("huge", "it sends more than 100,000 bytes"),
    ("understated", "wrong MD5 sum"),
    ("overstated", "the connection broke off"),
    ("wrong", "wrong MD5 sum"),
    ("page", "a web page instead of the file"),
    ("to-http", "is, or redirects to, an address that is not https"),
    ("to-file", "is, or redirects to, an address that is not https"),
    ("to-itself", "it redirects in circles"),
]
IMPATIENT = {"read_timeout": 0.2, "window": 0.1, "slowest": 10_000.0, "max_bytes": 100_000}


@pytest.mark.parametrize(("behavior", "complaint"), BAD)
def test_a_mirror_that_fails_is_named_with_its_reason_and_leaves_nothing(
    behavior: str, complaint: str, mirror: Mirror, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=re.escape(complaint)) as caught:
        fetch_from(mirror, tmp_path, behavior, **IMPATIENT)
    assert mirror.at(behavior) in str(caught.value)
    assert str(tmp_path / "train-images.gz") in str(caught.value)
    assert caught.value.exit_code == 3
    assert "mnist-tui data fetch mnist" in caught.value.remedy
    assert names(tmp_path) == set()


@pytest.mark.parametrize(("behavior", "complaint"), BAD)
def test_the_next_mirror_steps_in_and_a_notice_says_why(
    behavior: str, complaint: str, mirror: Mirror, tiny: Sample, tmp_path: Path
) -> None:
    reported = fetch_from(mirror, tmp_path, behavior, "good", **IMPATIENT)
    [notice] = [event for event in reported if isinstance(event, Notice)]
    assert notice.topic == "data"
    assert mirror.at(behavior) in notice.message
    assert complaint in notice.message
    assert names(tmp_path) == set(tiny.contents)


def test_a_mirror_that_failed_is_not_asked_first_again(mirror: Mirror, tmp_path: Path) -> None:
    fetch_from(mirror, tmp_path, "missing", "good")
    assert [path for path in mirror.requested_paths if "missing" in path] == ["/missing/train-images.gz"]


def test_when_every_mirror_fails_each_is_listed_and_the_other_files_are_not_tried(
    mirror: Mirror, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"404 Not Found.*403 Forbidden"):
        fetch_from(mirror, tmp_path, "missing", "forbidden")
    assert len(mirror.requested_paths) == 2


def test_a_machine_without_a_network_learns_so_at_once(tiny: Sample, tmp_path: Path) -> None:
    unreachable = sample("https://127.0.0.1:1/", "https://mnist.invalid/").entry
    with pytest.raises(DataError, match="cannot be reached") as caught:
        fetch_dataset(unreachable, tmp_path)
    assert "HTTPSConnectionPool" not in str(caught.value)


def test_plain_http_is_refused_without_asking(mirror: Mirror, tiny: Sample, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not https"):
        fetch_dataset(tiny.entry, tmp_path)
    assert mirror.requested_paths == []


def test_a_mirror_without_tls_is_not_trusted(mirror: Mirror, tmp_path: Path) -> None:
    entry = sample(mirror.root.replace("http://", "https://")).entry
    with pytest.raises(DataError, match="no secure connection"):
        fetch_dataset(entry, tmp_path, settings=DownloadSettings(open_session=https_without_proxy))


def https_without_proxy() -> requests.Session:
    session = make_https_session()
    session.trust_env = False
    return session


def test_files_that_are_there_and_right_are_kept(mirror: Mirror, tiny: Sample, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        fetch_dataset(tiny.entry, tmp_path, report=abort_at("train-labels.gz"), settings=mirror.settings())
    assert names(tmp_path) == {"train-images.gz", "test-images.gz"}
    mirror.requested_paths.clear()
    fetch_dataset(tiny.entry, tmp_path, settings=mirror.settings())
    assert mirror.requested_paths == ["/good/train-labels.gz", "/good/test-labels.gz"]
    assert names(tmp_path) == set(tiny.contents)


def abort_at(item: str, error: BaseException | None = None) -> Report:
    def report(event: Event) -> None:
        if isinstance(event, DataProgress) and event.item == item:
            raise error or KeyboardInterrupt

    return report


@pytest.mark.parametrize("error", [ValueError("x"), Interrupted("x"), KeyboardInterrupt()])
def test_what_report_raises_comes_out_untouched(
    error: BaseException, mirror: Mirror, tiny: Sample, tmp_path: Path
) -> None:
    with pytest.raises(type(error)) as caught:
        fetch_dataset(tiny.entry, tmp_path, report=abort_at("train-images.gz", error), settings=mirror.settings())
    assert caught.value is error
    assert names(tmp_path) == set()


def test_a_damaged_file_is_replaced(mirror: Mirror, tiny: Sample, tmp_path: Path) -> None:
    home = tiny.write(tmp_path)
    (home / "test-labels.gz").write_bytes(b"damaged")
    fetch_dataset(tiny.entry, home, settings=mirror.settings())
    assert (home / "test-labels.gz").read_bytes() == tiny.contents["test-labels.gz"]
    assert mirror.requested_paths == ["/good/test-labels.gz"]


def test_what_a_killed_fetch_left_is_swept_by_the_next(mirror: Mirror, tiny: Sample, tmp_path: Path) -> None:
    (tmp_path / PARTIAL).mkdir()
    (tmp_path / PARTIAL / "tmp12345678").write_bytes(b"half")
    fetch_from(mirror, tmp_path, "good")
    assert names(tmp_path) == set(tiny.contents)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few kilobytes; the first file of the tiny dataset is larger."""
    with mount_disk(tmp_path / "full", "size=8k") as folder:
        yield folder


@pytest.fixture
def read_only_disk(tmp_path: Path) -> Iterator[Path]:
    with mount_disk(tmp_path / "read-only", "ro") as folder:
        yield folder


def test_a_full_disk_says_so_and_asks_no_other_mirror(mirror: Mirror, full_disk: Path) -> None:
    with pytest.raises(DataError, match=rf"no space left for {full_disk}") as caught:
        fetch_from(mirror, full_disk, "good", "to-good")
    assert "MNIST_TUI_DATA_DIR" in caught.value.remedy
    assert len(mirror.requested_paths) == 1
    assert names(full_disk) == set()


def test_a_read_only_folder_says_so(mirror: Mirror, read_only_disk: Path) -> None:
    with pytest.raises(DataError, match="Read-only file system") as caught:
        fetch_from(mirror, read_only_disk / "MNIST" / "raw", "good")
    assert str(read_only_disk) in str(caught.value)
    assert "MNIST_TUI_DATA_DIR" in caught.value.remedy
    assert mirror.requested_paths == []


def test_a_file_where_the_folder_should_be_says_so(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "MNIST").touch()
    with pytest.raises(DataError, match="Not a directory"):
        fetch_from(mirror, tmp_path / "MNIST" / "raw", "good")


SECOND_PROCESS = """
import sys
from pathlib import Path
from tests.data.samples import sample
from mnist_tui.data.download.mirrors import fetch_dataset
entry = sample("https://nowhere.invalid/").entry
fetch_dataset(entry, Path(sys.argv[1]), report=lambda event: print(getattr(event, "item", event), flush=True))
"""


def test_two_processes_fetch_every_file_once(mirror: Mirror, tiny: Sample, tmp_path: Path) -> None:
    """The second one knows no mirror that works: it waits, and then finds the files there."""
    first = threading.Thread(target=fetch_from, args=(mirror, tmp_path, "gated"), kwargs={"read_timeout": PATIENCE})
    first.start()
    with python(SECOND_PROCESS, str(tmp_path), stdout=subprocess.PIPE, text=True) as second:
        assert second.stdout is not None
        assert second.stdout.readline() == "another process is fetching\n"
        mirror.gate.set()
        first.join()
        assert second.wait() == 0
    assert len(mirror.requested_paths) == len(tiny.contents)
    assert names(tmp_path) == set(tiny.contents)


def test_waiting_for_another_process_can_be_aborted(mirror: Mirror, tiny: Sample, tmp_path: Path) -> None:
    waiting = abort_at("another process is fetching")
    with FileLock(tmp_path / LOCK), pytest.raises(KeyboardInterrupt):
        fetch_dataset(tiny.entry, tmp_path, report=waiting, settings=mirror.settings())
    assert mirror.requested_paths == []


def test_the_guard_measures_each_window_by_itself() -> None:
    times = iter([0.0, 1.0, 10.0, 15.0, 20.0])
    guard = TrickleGuard(slowest=100, window=10, clock=lambda: next(times))
    guard.check(0)  # within the first window nothing is asked for
    guard.check(5000)
    guard.check(5001)
    with pytest.raises(MirrorFailedError, match="only 10 bytes per second"):
        guard.check(5100)
