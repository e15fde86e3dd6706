"""Formats beyond the common ones: read as Pillow reads them, and named where something is missing."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from PIL import Image, features

from mnist_tui.data.formats.digit_file import DigitImage, extract_digits
from mnist_tui.data.pictures import picture_file
from mnist_tui.errors import NoDigitError, PictureError
from tests.data.pictures.digit_pictures import digit_of, saved
from tests.data.pictures.test_mnist_format import likeness, seven
from tests.data.pictures.test_picture_file import complaint_about

SEVEN = np.asarray(seven(size=140, pen=14))
EXPECTED = digit_of(saved(Image.fromarray(SEVEN)), "seven.png")


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_deflate", "jpeg"])
@pytest.mark.parametrize("mode", ["L", "RGB", "1", "I;16"])
def test_tiff_is_read(mode: str, compression: str) -> None:
    image = Image.fromarray(SEVEN.astype(np.uint16) * 100) if mode == "I;16" else Image.fromarray(SEVEN).convert(mode)
    if compression == "jpeg" and mode in ("1", "I;16"):
        pytest.skip("JPEG is for 8 bits")
    assert likeness(digit_of(saved(image, "TIFF", compression=compression), "a.tif"), EXPECTED) > 0.97


def test_of_several_pages_the_first_is_read_with_a_remark() -> None:
    first, second = Image.fromarray(SEVEN), Image.new("L", (50, 50), 255)
    file = extract_digits(saved(first, "TIFF", save_all=True, append_images=[second]), "scan.tif")
    assert file.remarks == ["scan.tif has several pages; only the first was read"]
    (found,) = file.images
    assert isinstance(found, DigitImage)
    assert likeness(found.pixels, EXPECTED) > 0.97
    assert extract_digits(saved(first, "TIFF"), "scan.tif").remarks == []


@pytest.mark.parametrize("format", ["TIFF", "JPEG"])
def test_boxes_are_in_pixels_of_the_upright_picture(format: str) -> None:
    upright = Image.new("L", (3000, 2000), 255)
    upright.paste(0, (600, 500, 660, 1700))
    sideways = upright.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    (found,) = extract_digits(saved(sideways, format, exif=exif), "one").images
    assert isinstance(found, DigitImage)
    assert found.box is not None
    assert np.abs(np.subtract(found.box, (600, 500, 60, 1200))).max() <= 12


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_avif_is_read() -> None:
    assert likeness(digit_of(saved(Image.fromarray(SEVEN), "AVIF"), "a.avif"), EXPECTED) > 0.95


def test_without_avif_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_file.features, "check", lambda name: False)
    with pytest.raises(PictureError, match=r"photo.avif is an AVIF picture") as error:
        extract_digits(b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miaf" + bytes(50), "photo.avif")
    assert "pip install --upgrade pillow" in error.value.remedy


@pytest.mark.parametrize("brands", [b"heic\0\0\0\0mif1heic", b"mif1\0\0\0\0mif1heic", b"heix\0\0\0\0mif1heix"])
def test_without_its_extra_heic_is_named_with_how_to_install_it(brands: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(PictureError, match=r"photo.heic is a HEIC picture") as error:
        extract_digits(b"\0\0\0\x18ftyp" + brands + bytes(50), "photo.heic")
    assert 'pip install "mnist-tui[heic]"' in error.value.remedy


def test_heic_is_read() -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    assert likeness(digit_of(saved(Image.fromarray(SEVEN), "HEIF"), "a.heic"), EXPECTED) > 0.95


@pytest.mark.slow
def test_a_telephones_largest_heic_is_read() -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    blank = saved(Image.new("L", (5712, 4284), 255), "HEIF", quality=1)
    with pytest.raises(NoDigitError):
        extract_digits(blank, "a.heic")


@pytest.mark.parametrize("value", [0, 65_535])
def test_a_dead_and_a_saturated_pixel_change_nothing(value: int) -> None:
    deep = SEVEN.astype(np.uint16) * 8 + 60
    deep[5, 7] = value
    assert likeness(digit_of(saved(Image.fromarray(deep)), "deep.png"), EXPECTED) > 0.97


@pytest.mark.parametrize("format", ["TIFF", "AVIF"])
def test_what_is_damaged_or_giant_is_refused(format: str) -> None:
    if format == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    whole = saved(Image.fromarray(SEVEN).convert("RGB"), format)
    random = np.random.default_rng(2)
    for number in range(30):
        damaged = np.frombuffer(whole, np.uint8).copy()
        if number % 3:
            damaged[random.integers(12, len(damaged), 1 + number)] = random.integers(0, 256, 1 + number)
        content = damaged.tobytes()[: len(whole) if number % 3 else int(random.uniform(20, len(whole)))]
        complaint = complaint_about(content, "file")
        assert complaint is None or complaint.remedy
    giant = io.BytesIO()
    Image.new("1", (6000, 6000)).save(giant, "TIFF", compression="group4")
    with pytest.raises(PictureError, match="at most 24 million"):
        extract_digits(giant.getvalue(), "giant.tif")
