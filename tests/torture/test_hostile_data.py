"""Data folders, pictures and config files from anywhere: read or refused with a message, in bounded time and memory."""

from __future__ import annotations

import gzip
import io
import resource
import struct
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image

from mnist_tui.cli import config_file
from mnist_tui.data import my_digits
from mnist_tui.data.formats import idx
from mnist_tui.errors import MnistTuiError
from tests.data.pictures.digit_pictures import digit_of
from tests.data.samples import TEST, sample
from tests.torture.in_process import mnist
from tests.torture.mutations import damaged
from tests.trained_runs import picture_of

Report = Callable[[str], None]

SECONDS, MEGABYTES = 5.0, 400
# A parser stopped at these limits would take many times as much.
_HUGE = 2**30


def try_all(use: Callable[[bytes], object], contents: Iterator[bytes], report: Report) -> int:
    """Use each; returns how many were refused. Whatever is not a MnistTuiError, long or large fails the test."""
    before = _peak()
    refused = tried = 0
    slowest = 0.0
    for tried, content in enumerate(contents, 1):
        started_at = time.thread_time()
        try:
            use(content)
        except MnistTuiError as error:
            refused += 1
            assert str(error).strip()
            assert error.remedy
        except Exception as error:
            raise AssertionError(f"number {tried}: {content[:80]!r}") from error
        slowest = max(slowest, time.thread_time() - started_at)
    grown = _peak() - before
    report(
        f"{tried:,} files: {refused:,} refused in words, {tried - refused:,} read; "
        f"the slowest {slowest:.2f} s, peak memory {grown} MB more"
    )
    assert slowest < SECONDS
    assert grown < MEGABYTES
    return refused


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _gzip_bombs() -> Iterator[bytes]:
    zeros = gzip.compress(bytes(64 * 2**20))
    yield zeros
    yield zeros * 8
    yield gzip.compress(struct.pack(">HBBIII", 0, 8, 3, TEST, 28, 28) + bytes(64 * 2**20))
    yield gzip.compress(zeros)
    for count in (0, 1, 2**31 - 1, 2**31, 2**32 - 1):
        for side in (0, 28, 2**16, 2**32 - 1):
            yield gzip.compress(struct.pack(">HBBIII", 0, 8, 3, count, side, side) + bytes(1000))
    for kind in range(256):
        yield gzip.compress(struct.pack(">HBBIII", 0, kind, 3, TEST, 28, 28) + bytes(TEST * 784))


def test_no_idx_file_does_harm(report: Report) -> None:
    whole = sample().contents["test-images.gz"]
    plain = gzip.decompress(whole)

    def contents() -> Iterator[bytes]:
        yield from _gzip_bombs()
        yield from (whole[:size] for size in range(0, len(whole), 3))
        yield from damaged(whole, 3000, seed=3)
        yield from (gzip.compress(content) for content in damaged(plain, 1000, seed=4))
        # The head, where a flipped bit says the most.
        yield from (gzip.compress(head + plain[16:]) for head in damaged(plain[:16], 3000, seed=5))

    refused = try_all(lambda content: idx.parse_images(content, TEST, Path("x.gz")), contents(), report)
    assert refused > 5000
    assert idx.parse_images(whole, TEST, Path("x.gz")).shape == (TEST, 1, 28, 28)


def test_no_file_of_ones_own_digits_does_harm(tmp_path: Path, report: Report) -> None:
    home = tmp_path / my_digits.FOLDER
    for label in range(10):
        for _ in range(6):
            my_digits.add_digit(tmp_path, picture_of(label)[0].numpy(), label)
    images, labels = ((home / name).read_bytes() for name in (my_digits.IMAGES, my_digits.LABELS))

    def use(content: bytes) -> None:
        (home / my_digits.IMAGES).write_bytes(content[: len(content) - len(labels)])
        (home / my_digits.LABELS).write_bytes(content[len(content) - len(labels) :])
        train, test = my_digits.load_splits(tmp_path)
        assert int(train.labels.max()) < 10
        assert train.images.dtype == test.images.dtype == torch.uint8

    heads = (head + images[16:] + labels for head in damaged(images[:16], 1000, seed=7))
    tails = (images + tail for tail in damaged(labels, 1000, seed=8))

    def contents() -> Iterator[bytes]:
        yield from heads
        yield from tails
        yield from damaged(images + labels, 500, seed=6)

    assert try_all(use, contents(), report) > 1000


FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "PPM")


@pytest.mark.parametrize("format", FORMATS)
def test_no_picture_does_harm(format: str, report: Report) -> None:
    file = io.BytesIO()
    Image.fromarray(picture_of(7)[0].numpy()).convert("RGB").save(file, format)
    whole = file.getvalue()

    def contents() -> Iterator[bytes]:
        yield from (whole[:size] for size in range(len(whole)))
        yield from damaged(whole, 1000, seed=9)
        yield from (head + whole[64:] for head in damaged(whole[:64], 1000, seed=10))

    assert try_all(lambda content: digit_of(content, "x"), contents(), report) > 500


@pytest.mark.parametrize("suffix", ["csv", "npy"])
def test_no_numbers_do_harm(suffix: str, report: Report) -> None:
    import numpy as np

    pixels, file = picture_of(7)[0].numpy(), io.BytesIO()
    np.save(file, pixels)
    rows = "\n".join(",".join(map(str, row)) for row in pixels.tolist())
    whole = rows.encode() if suffix == "csv" else file.getvalue()

    def contents() -> Iterator[bytes]:
        yield from (whole[:size] for size in range(0, len(whole), 5))
        yield from damaged(whole, 1500, seed=11)
        yield from (head + whole[128:] for head in damaged(whole[:128], 1500, seed=12))

    assert try_all(lambda content: digit_of(content, "x"), contents(), report) > 500


CONFIG = b"""# settings
epochs = 3
lr = 0.005
recipe = "reference"
dataset = 'mnist'
json = false
"""


def _hostile_toml() -> Iterator[bytes]:
    for deep in (b"a = " + b"[" * 10**6, b"a = " + b"{a=" * 10**5, b"a" + b".a" * 8000 + b" = 1"):
        yield deep
        yield deep[:16000]
    yield b"a" + b".a" * 10**6 + b" = 1"
    yield b"epochs = " + b"9" * 5000
    yield b"epochs = 2026-13-45"
    yield b"epochs = inf"
    yield b"epochs = 0x" + b"f" * 1000
    yield b'model = "\\UFFFFFFFF"'
    yield b'model = "\\u0000"'
    yield b"\xff\xfe" + CONFIG
    yield bytes(_HUGE // 64)
    yield b"".join(b"[t%d]\n" % number for number in range(100_000))
    yield b"[" * 15000


def test_no_config_file_does_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Report) -> None:
    monkeypatch.setenv("MNIST_TUI_RUNS_DIR", str(tmp_path / "runs"))
    path = tmp_path / "config.toml"

    def use(content: bytes) -> None:
        path.write_bytes(content)
        config_file._read(path)

    def contents() -> Iterator[bytes]:
        yield from _hostile_toml()
        yield from (CONFIG[:size] for size in range(len(CONFIG)))
        yield from damaged(CONFIG, 5000, seed=13)

    assert try_all(use, contents(), report) > 3000
    codes = []
    for content in damaged(CONFIG, 150, seed=14):
        path.write_bytes(content)
        ended = mnist("--config", path, "runs", "list")
        assert "Traceback" not in ended.err
        assert "\x1b" not in ended.err
        assert (ended.code == 2) == ("error: " in ended.err), ended
        codes.append(ended.code)
    report(f"{len(codes)} of them through the command line: {codes.count(2)} refused, by name of the file")
    assert set(codes) == {0, 2}


def test_a_parser_without_a_limit_would_do_harm() -> None:
    with pytest.raises(RecursionError):
        tomllib.loads("a = " + "[" * 10**5)
