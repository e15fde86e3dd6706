"""Files from untrusted sources: read within bounds, or refused with their name and what to do."""

from __future__ import annotations

import io
import os
import resource
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnist_tui.data.formats.digit_file import read_digits
from mnist_tui.data.pictures import picture_file
from mnist_tui.errors import PictureError
from tests.data.pictures.digit_pictures import digit_of, saved
from tests.data.pictures.test_mnist_format import likeness, seven

SEVEN = np.asarray(seven(size=140, pen=14))
EXPECTED = digit_of(saved(Image.fromarray(SEVEN)), "seven.png")
# What the process may grow by: with torch and a network it stays below 500 MB then.
_MOST_MEGABYTES = 220


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "PPM"])
@pytest.mark.parametrize("mode", ["L", "RGB", "1", "P"])
def test_every_format_is_read(format: str, mode: str) -> None:
    image = Image.fromarray(SEVEN).convert(mode)
    if format in ("JPEG", "WEBP", "PPM") and mode in ("1", "P"):
        image = image.convert("L")
    assert likeness(digit_of(saved(image, format), f"a.{format.lower()}"), EXPECTED) > 0.97


def test_sixteen_bits_and_alpha_are_read() -> None:
    deep = Image.fromarray(SEVEN.astype(np.uint16) * 100)
    assert likeness(digit_of(saved(deep), "deep.png"), EXPECTED) > 0.97
    clear = Image.merge("LA", (Image.new("L", (140, 140)), Image.fromarray(SEVEN)))
    assert likeness(digit_of(saved(clear), "clear.png"), EXPECTED) > 0.97


def _npy(values: np.ndarray) -> bytes:  # type: ignore[type-arg]
    content = io.BytesIO()
    np.save(content, values, allow_pickle=True)
    return content.getvalue()


def _csv(separator: str = ",", scale: float = 1) -> bytes:
    return "\n".join(separator.join(f"{value * scale:g}" for value in row) for row in EXPECTED).encode()


@pytest.mark.parametrize(
    "content",
    [
        _csv(),
        _csv(";"),
        _csv(" ", 1 / 255),
        _csv().replace(b"\n", b","),
        _npy(EXPECTED),
        _npy(EXPECTED.astype(np.float32) / 255),
        _npy(np.asfortranarray(EXPECTED)),
        _npy(255 - EXPECTED[None]),
        _npy(EXPECTED.ravel().astype(">i4")),
    ],
)
def test_numbers_are_read_as_they_are(content: bytes) -> None:
    assert np.abs(digit_of(content, "grid").astype(int) - EXPECTED).max() <= 1


def _png_with(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG that says it is so large, and holds `data`."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def _npy_claiming(header: str) -> bytes:
    text = header.encode().ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def _with_dimensions(content: bytes, at: int, form: str, *values: int) -> bytes:
    changed = bytearray(content)
    struct.pack_into(form, changed, at, *values)
    return bytes(changed)


def hostile() -> Iterator[bytes]:
    """Fifty and more: truncated, damaged, giant, lying, and no pictures at all."""
    whole = {name: saved(Image.fromarray(SEVEN).convert("RGB"), name) for name in ("PNG", "JPEG", "WEBP", "GIF", "BMP")}
    for content in whole.values():
        for share in (0.1, 0.5, 0.9):
            yield content[: int(share * len(content))]
        yield content[:12] + bytes(200)
    random = np.random.default_rng(5)
    for content in whole.values():
        damaged = np.frombuffer(content, np.uint8).copy()
        damaged[random.integers(30, len(damaged), 40)] = random.integers(0, 256, 40)
        yield damaged.tobytes()
    yield _png_with(2**31 - 1, 2**31 - 1)
    yield _png_with(60_000, 60_000, zlib.compress(bytes(10_000_000)))
    yield _png_with(4_800, 4_800, zlib.compress(bytes(4_800 * (4 * 4_800 + 1))))
    yield _png_with(0, 0)
    yield _png_with(28, 28, b"no zlib")
    yield _with_dimensions(whole["GIF"], 6, "<HH", 65_535, 65_535)
    yield _with_dimensions(whole["BMP"], 18, "<ii", 2**30, 2**30)
    yield _with_dimensions(whole["BMP"], 18, "<ii", -5, -5)
    yield b"P6 999999 999999 255\n"
    yield b"P5 28 28 255\n"
    yield saved(Image.new("L", (1, 1)))
    yield saved(Image.new("RGB", (1, 5000)))
    yield saved(Image.new("RGBA", (64, 64)))
    yield saved(Image.new("L", (16383, 1)), "WEBP")
    yield b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9999 9999\n"
    yield b"II*\0" + bytes(500)
    yield b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    yield b"MZ" + bytes(5000)
    yield os.urandom(10_000)
    yield b"\0" * 100
    yield b"\n" * 1000
    yield "schöne Grüße".encode()
    yield b"1,2,3"
    yield b",".join([b"1e999"] * 784)
    yield b",".join([b"-5"] * 784)
    yield b",".join([b"1.2.3"] * 784)
    yield b"9" * 1_000_000
    yield b"1," * 1_000_000
    yield _npy_claiming("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000, 1000000000), }")
    yield _npy_claiming("{'descr': '<f8', 'fortran_order': False, 'shape': (28, 28), }")
    yield _npy_claiming("{'descr': '|O', 'fortran_order': False, 'shape': (28, 28), }")
    yield _npy_claiming("(" * 100)
    yield _npy_claiming("__import__('os').abort()")
    yield b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**31) + b"{}"
    yield _npy(np.array([{}] * 784, dtype=object))
    yield _npy(np.full((28, 28), np.nan))
    yield _npy(np.zeros((28, 29)))


def complaint_about(content: bytes, name: str) -> PictureError | None:
    """None where it is a picture of something after all."""
    try:
        digit_of(content, name)
    except PictureError as error:
        return error
    return None


def test_no_hostile_file_crashes_hangs_or_takes_much_memory() -> None:
    files = list(hostile())
    assert len(files) >= 50
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number, content in enumerate(files):
        started_at = time.thread_time()
        complaint = complaint_about(content, f"file {number}")
        assert complaint is None or (str(complaint).startswith(f"file {number}") and complaint.remedy)
        assert time.thread_time() - started_at < 5, number
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < _MOST_MEGABYTES


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty.png").touch()
    for name, reason in {
        "gone.png": "No such file",
        ".": "is not a file",
        "pipe": "is not a file",
        "empty.png": "is empty",
    }.items():
        with pytest.raises(PictureError, match=reason) as error:
            read_digits(str(tmp_path / name))
        assert str(tmp_path) in str(error.value)


def test_a_file_without_end_is_not_read_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_file, "MAX_BYTES", 1000)
    (tmp_path / "large.png").write_bytes(bytes(1001))
    with pytest.raises(PictureError, match=r"large.png is larger than"):
        read_digits(str(tmp_path / "large.png"))
