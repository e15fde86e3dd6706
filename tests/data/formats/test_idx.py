"""The IDX reader: the exact array, or a DataError that says what is wrong; never anything else."""

from __future__ import annotations

import gzip
import struct
import tracemalloc
import zlib
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from mnist_tui.data.formats import idx
from mnist_tui.errors import DataError
from tests.data.samples import idx_file

COUNT = 3
HERE = Path("/data/x.gz")
IMAGES = (torch.arange(COUNT * 784) % 251).to(torch.uint8).view(COUNT, 28, 28)
LABELS = torch.tensor([0, 9, 5], dtype=torch.uint8)
PLAIN_IMAGES = gzip.decompress(idx_file(IMAGES))


def read(content: bytes) -> Tensor:
    return idx.parse_images(content, COUNT, HERE)


def read_plain(content: bytes) -> Tensor:
    return read(gzip.compress(content))


def read_labels(*labels: int) -> Tensor:
    return idx.parse_labels(idx_file(torch.tensor(labels, dtype=torch.uint8)), len(labels), 10, HERE)


def header(magic: int = 0x0803, dimensions: tuple[int, ...] = (COUNT, 28, 28)) -> bytes:
    return struct.pack(f">I{len(dimensions)}I", magic, *dimensions)


def test_images_come_back_exactly_and_belong_to_nobody_else() -> None:
    images = read(idx_file(IMAGES))
    assert images.dtype == torch.uint8
    assert torch.equal(images, IMAGES.unsqueeze(1))
    images.zero_()  # a tensor on read-only memory would have warned, which is an error here


def test_labels_come_back_as_int64() -> None:
    labels = read_labels(0, 9, 5)
    assert labels.dtype == torch.int64
    assert labels.tolist() == [0, 9, 5]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param(b"", "ends within its header", id="empty"),
        pytest.param(b"<html>" + bytes(9000), "begins with 3c 68 74 6d", id="no gzip at all"),
        pytest.param(gzip.compress(b""), "ends within its header", id="nothing inside"),
        pytest.param(gzip.compress(header(0x0801)), "begins with 00 00 08 01", id="labels for images"),
        pytest.param(gzip.compress(header(0x0D03)), "begins with 00 00 0d 03", id="floats for bytes"),
        pytest.param(gzip.compress(header(dimensions=(COUNT, 32, 32))), "declares 3 × 32 × 32", id="32 pixels wide"),
        pytest.param(gzip.compress(header(dimensions=(2**32 - 1,) * 3)), "declares 4294967295", id="giant dimensions"),
        pytest.param(gzip.compress(PLAIN_IMAGES[:-1]), "holds 2,351 values but declares 2,352", id="short"),
        pytest.param(gzip.compress(PLAIN_IMAGES + b"x"), "holds 2,353 values but declares 2,352", id="long"),
        pytest.param(idx_file(IMAGES)[:-99], r"values but declares 2,352", id="cut off"),
        pytest.param(idx_file(IMAGES)[:-8] + bytes(8), "ends within its header", id="wrong CRC"),
    ],
)
def test_a_damaged_file_is_named_with_what_is_wrong_and_what_to_do(content: bytes, complaint: str) -> None:
    with pytest.raises(DataError, match=complaint) as caught:
        read(content)
    assert str(caught.value).startswith("/data/x.gz is damaged: ")
    assert "Delete the file" in caught.value.remedy
    assert caught.value.exit_code == 3


def test_a_label_beyond_the_classes_is_refused() -> None:
    with pytest.raises(DataError, match="label 10, but there are only 10 classes"):
        read_labels(3, 10)


def test_a_truncated_compressed_file_is_noticed_or_has_all_images() -> None:
    whole = idx_file(IMAGES)
    for size in range(len(whole)):
        try:
            images = read(whole[:size])
        except DataError:
            continue
        assert torch.equal(images, IMAGES.unsqueeze(1))


@pytest.mark.parametrize("size", range(17))
def test_no_truncation_within_the_header_passes(size: int) -> None:
    with pytest.raises(DataError):
        read_plain(PLAIN_IMAGES[:size])


@given(st.integers(0, 15), st.integers(0, 7))
def test_no_flipped_bit_in_the_header_passes(byte: int, bit: int) -> None:
    flipped = bytearray(PLAIN_IMAGES)
    flipped[byte] ^= 1 << bit
    with pytest.raises(DataError):
        read_plain(bytes(flipped))


@given(st.integers(0, len(idx_file(IMAGES)) - 1), st.integers(0, 7))
def test_a_flipped_bit_in_the_compressed_file_is_noticed_or_harmless(byte: int, bit: int) -> None:
    """Gzip's own header has bytes that mean nothing (the time); a CRC guards all that matters."""
    flipped = bytearray(idx_file(IMAGES))
    flipped[byte] ^= 1 << bit
    try:
        images = read(bytes(flipped))
    except DataError:
        return
    assert torch.equal(images, IMAGES.unsqueeze(1))


@given(st.binary(max_size=64))
def test_random_bytes_never_pass(content: bytes) -> None:
    for stuff in (content, gzip.compress(content), gzip.compress(header() + content)):
        with pytest.raises(DataError):
            read(stuff)


@given(st.binary(min_size=2 * 784, max_size=2 * 784), st.lists(st.integers(0, 9), min_size=1, max_size=50))
def test_whatever_was_written_is_read(pixels: bytes, labels: list[int]) -> None:
    written = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).view(2, 28, 28)
    assert torch.equal(idx.parse_images(idx_file(written), 2, HERE).squeeze(1), written)
    assert read_labels(*labels).tolist() == labels


def test_a_bomb_is_not_unpacked() -> None:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, idx.GZIP_ONLY)
    zeros = bytes(1 << 20)
    bomb = squeeze.compress(header()) + b"".join(squeeze.compress(zeros) for _ in range(200)) + squeeze.flush()
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="holds 2,353 values"):
            read(bomb)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
