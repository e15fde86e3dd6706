"""Harnesses of what a person brings: datasets, pictures, config files."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterable
from pathlib import Path

import click
import numpy as np
import torch
import typer
from PIL import Image

from mnist_tui.cli import config_file
from mnist_tui.cli.app import app
from mnist_tui.data.formats import idx
from mnist_tui.data.formats.digit_file import DigitImage, UnusableImage, extract_digits
from tests.data.pictures.digit_pictures import digit_of
from tests.data.samples import TEST, sample
from tests.torture.fuzz.harness import Harness
from tests.trained_runs import picture_of

_COUNT = 2


def _idx(content: bytes, folder: Path) -> None:
    """Images as the first byte says: in a sound gzip, as they are, uncompressed; or labels."""
    kind, file, path = content[:1], content[1:], folder / "images.gz"
    if kind == b"g":
        assert idx.parse_images(gzip.compress(file, 1), _COUNT, path).shape == (_COUNT, 1, 28, 28)
    elif kind == b"u":
        assert idx.parse_uncompressed(file, (28, 28), path).shape[1:] == (28, 28)
    elif kind == b"l":
        assert int(idx.parse_labels(file, TEST, 10, path).max()) < 10
    else:
        assert idx.parse_images(file, _COUNT, path).shape == (_COUNT, 1, 28, 28)


def _idx_seeds(_folder: Path) -> Iterable[bytes]:
    contents = sample().contents
    plain = gzip.decompress(contents["test-images.gz"])
    two = plain[:4] + _COUNT.to_bytes(4, "big") + plain[8 : 16 + _COUNT * 784]
    return [b"g" + two, b"u" + two, b"l" + contents["test-labels.gz"], b"i" + gzip.compress(two)]


def _picture(content: bytes, _folder: Path) -> None:
    pixels = digit_of(content, "picture.png")
    assert pixels.shape == (28, 28)
    assert pixels.dtype == np.uint8


def _picture_seeds(_folder: Path) -> Iterable[bytes]:
    pixels = picture_of(7)[0].numpy()
    image = Image.fromarray(pixels).convert("RGB")
    for format, options in (
        ("PNG", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("WEBP", {"lossless": True}),
        ("GIF", {}),
        ("BMP", {}),
        ("PPM", {}),
    ):
        file = io.BytesIO()
        image.save(file, format, **options)
        yield file.getvalue()
    for mode in ("1", "P", "LA", "RGBA", "I;16"):
        file = io.BytesIO()
        (Image.fromarray(pixels.astype(np.uint16) * 200) if mode == "I;16" else image.convert(mode)).save(file, "PNG")
        yield file.getvalue()
    file = io.BytesIO()
    notes = Image.Exif()
    notes[0x0112] = 6
    image.save(file, "JPEG", exif=notes)
    yield file.getvalue()


def _numbers(content: bytes, _folder: Path) -> None:
    """Images in any form but a picture's, each of them usable or refused in words."""
    for image in extract_digits(content, "numbers.csv").images:
        if isinstance(image, DigitImage):
            assert image.pixels.shape == (28, 28)
            assert image.pixels.dtype == np.uint8
        elif isinstance(image, UnusableImage):
            assert str(image.error).strip()
            assert image.error.remedy


def _numbers_seeds(_folder: Path) -> Iterable[bytes]:
    pixels = picture_of(7)[0].numpy()
    row = ",".join(map(str, pixels.ravel().tolist()))
    yield "\n".join(",".join(map(str, line)) for line in pixels.tolist()).encode()
    yield f"7,{row}\n7,{row}\n".encode()
    yield ("label," + ",".join(map(str, range(784))) + f"\r\n7,{row}\r\n").encode("utf-8-sig")
    yield (
        "\n".join(";".join(f"{value / 255:.2g}" for value in line) for line in pixels.tolist())
        .replace(".", ",")
        .encode()
    )
    for array in (pixels, np.asfortranarray(pixels), pixels.astype(np.float64) / 255, pixels[None]):
        yield _of_file(lambda file, array=array: np.save(file, array))
    yield _of_file(lambda file: np.savez(file, images=pixels[None], labels=np.array([7])))
    yield _of_file(lambda file: np.savez_compressed(file, x=pixels.reshape(1, 784), y=np.eye(10)[[7]]))
    yield _of_file(lambda file: torch.save((torch.from_numpy(pixels)[None], torch.tensor([7])), file))
    yield _of_file(lambda file: torch.save({"x": torch.from_numpy(pixels)[None, None] / 255}, file))
    idx_file = b"\0\0\x08\x03" + b"".join(side.to_bytes(4, "big") for side in (1, 28, 28)) + pixels.tobytes()
    yield idx_file
    yield gzip.compress(idx_file)


def _of_file(write: Callable[[io.BytesIO], None]) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()


_GROUP = typer.main.get_command(app)
_CONTEXT = click.Context(_GROUP)


def _config(content: bytes, folder: Path) -> None:
    path = folder / "config.toml"
    path.write_bytes(content)
    defaults = config_file.option_defaults(_CONTEXT, path)
    assert set(defaults) <= set(_GROUP.list_commands(_CONTEXT))


def _config_seeds(_folder: Path) -> Iterable[bytes]:
    yield b"# settings\nepochs = 3\nlr = 0.005\nrecipe = \"reference\"\ndataset = 'mnist'\njson = false\n"
    yield b'[train]\nepochs = 0x10\nseed = 1_000\nmodel = """a\\u00e9\nb"""\n[[x]]\ny = 2026-11-23T21:14:07Z\n'
    yield b"headless = true\nruns_dir = '/tmp/x'\na.b.c = [1, {d = nan}, -inf, 1e5, 07:32:00]\n"


HARNESSES = {
    "idx": Harness(_idx, _idx_seeds, longest=4096),
    "picture": Harness(_picture, _picture_seeds),
    "numbers": Harness(_numbers, _numbers_seeds, longest=12_000),
    "config": Harness(_config, _config_seeds, longest=20_000),
}
