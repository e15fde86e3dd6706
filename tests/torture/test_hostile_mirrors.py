"""Mirrors that do everything wrong: fetching ends soon with a message, and a rerun succeeds."""

from __future__ import annotations

import gzip
import itertools
import resource
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mnist_tui.data.download import dataset_files
from mnist_tui.data.download.mirrors import LOCK, fetch_dataset
from mnist_tui.data.formats import idx
from mnist_tui.errors import DataError
from mnist_tui.events import Event, Notice
from tests.data.download.mirror import BEHAVIORS, Handler, Mirror
from tests.data.samples import TRAIN, Sample, sample

Report = Callable[[str], None]

GOOD = {"good", "unsized", "labeled-gzip", "to-good", "gated"}


def _bomb(handler: Handler, content: bytes) -> None:
    """The file is whole, but said to be compressed once more, and is followed by 64 MB in a few bytes."""
    handler.send(gzip.compress(content + bytes(64 * 2**20)), Content_Encoding="gzip")


def _unlabeled_bomb(handler: Handler, content: bytes) -> None:
    handler.send(gzip.compress(bytes(64 * 2**20)))


def _one_byte_more(handler: Handler, content: bytes) -> None:
    handler.send(content + b"\0")


def _nothing(handler: Handler, content: bytes) -> None:
    handler.send(b"")


def _nonsense_length(handler: Handler, content: bytes) -> None:
    handler.start(None, Content_Length="many")
    handler.wfile.write(content[::-1])


def _negative_length(handler: Handler, content: bytes) -> None:
    handler.start(None, Content_Length="-5")
    handler.wfile.write(content[::-1])


def _endless_headers(handler: Handler, content: bytes) -> None:
    handler.send_response(200)
    for number in itertools.count():
        if handler.server.closing.is_set() or number > 20_000:
            return
        handler.wfile.write(b"X-%d: " % number + b"x" * 1000 + b"\r\n")


def _page_as_data(handler: Handler, content: bytes) -> None:
    handler.send(b"<html>Log in</html>", Content_Type="application/gzip")


def _moved(handler: Handler, content: bytes) -> None:
    handler.start(0, 301, Location="ftp://127.0.0.1/x.gz")


def _nowhere(handler: Handler, content: bytes) -> None:
    handler.start(0, 302, Location="https://no-such-host.invalid/x.gz")


def _part(handler: Handler, content: bytes) -> None:
    handler.send(content[:10], 206)


def _not_there_but_sent(handler: Handler, content: bytes) -> None:
    handler.send(content, 500)


MORE = {
    "bomb": _bomb,
    "unlabeled-bomb": _unlabeled_bomb,
    "one-byte-more": _one_byte_more,
    "nothing": _nothing,
    "nonsense-length": _nonsense_length,
    "negative-length": _negative_length,
    "endless-headers": _endless_headers,
    "page-as-data": _page_as_data,
    "to-ftp": _moved,
    "to-nowhere": _nowhere,
    "part": _part,
    "500-with-content": _not_there_but_sent,
}
BAD = sorted({*BEHAVIORS, *MORE} - GOOD)
# A quarter of the program's own patience, but otherwise its own limits.
IMPATIENT = {"read_timeout": 2.5, "window": 5.0}
SECONDS = 15.0


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Mirror:
    for name, behavior in MORE.items():
        monkeypatch.setitem(BEHAVIORS, name, behavior)  # type: ignore[arg-type]
    return Mirror(sample().contents)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != LOCK}


def test_every_bad_mirror_ends_soon_in_words_and_the_rerun_heals(
    mirror: Mirror, tmp_path: Path, report: Report
) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slowest: tuple[float, str] = (0.0, "")
    with mirror:
        for behavior in BAD:
            home = tmp_path / behavior
            bad = sample(mirror.at(behavior))
            started_at = time.monotonic()
            with pytest.raises(DataError) as caught:
                fetch_dataset(bad.entry, home, settings=mirror.settings(**IMPATIENT))
            slowest = max(slowest, (time.monotonic() - started_at, behavior))
            assert mirror.at(behavior) in str(caught.value)
            assert caught.value.exit_code == 3
            assert caught.value.remedy
            assert files(home) == {}, behavior
            _heals(mirror, home, behavior)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    report(
        f"{len(BAD)} kinds of bad mirror: all refused in words, the slowest ({slowest[1]}) after "
        f"{slowest[0]:.1f} s, peak memory {grown} MB more; every rerun had the right files"
    )
    assert slowest[0] < SECONDS
    assert grown < 100


def _heals(mirror: Mirror, home: Path, behavior: str) -> None:
    """The rerun finds the bad mirror still bad, and uses the next."""
    tiny = sample(mirror.at(behavior), mirror.at("good"))
    reported: list[Event] = []
    with mirror.reachable(**IMPATIENT):
        contents = dataset_files.load_files(tiny.entry, home, reported.append)
    assert files(home) == dict(tiny.contents), behavior
    images = idx.parse_images(contents[tiny.entry.train_images].content, TRAIN, home)
    assert images.shape[0] == TRAIN
    assert len([event for event in reported if isinstance(event, Notice)]) == 1


def test_a_mirror_that_is_good_for_some_files_only_is_made_up_for_by_the_next(
    mirror: Mirror, tmp_path: Path, report: Report
) -> None:
    whole: Sample = sample()
    with mirror:
        for number, missing in enumerate(whole.contents):
            mirror.contents = {name: content for name, content in whole.contents.items() if name != missing}
            tiny = sample(mirror.at("good"))
            home = tmp_path / str(number)
            with pytest.raises(DataError):
                fetch_dataset(tiny.entry, home, settings=mirror.settings())
            assert files(home).items() <= whole.contents.items()
            mirror.contents = whole.contents
            mirror.requested_paths.clear()
            before = len(files(home))
            fetch_dataset(tiny.entry, home, settings=mirror.settings())
            assert files(home) == dict(whole.contents)
            assert len(mirror.requested_paths) == len(whole.contents) - before
    report(f"{len(whole.contents)} fetches broken off at each file: the rerun asked for the missing ones only")
