"""Pictures from untrusted files, read in bounded memory and time."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError, features

from mnist_tui.errors import PictureError

MAX_BYTES = 64 * 2**20
# Pixels that may be decoded; each takes four bytes, or several times that where a decoder keeps copies of its own.
_MAX_PIXELS = 24_000_000
# Decoders of WebP and AVIF keep two canvases besides the picture; a JPEG is made smaller while it is decoded, unless it
# is progressive, when the decoder keeps all of it.
_MAX_PIXELS_OF: Mapping[str, int] = {
    "WEBP": 12_000_000,
    "AVIF": 12_500_000,
    "HEIF": 25_000_000,  # a telephone's photograph has 5712×4284
    "JPEG": 120_000_000,
    "MPO": 120_000_000,
}
# A longer side adds no information about a digit.
_MAX_SIDE = 1200
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "PPM", "TIFF")
_NAMES = (*_FORMATS, "AVIF", "HEIC")
# The brands of ISO media files, of which AVIF and HEIC are two.
_AVIF = {b"avif", b"avis"}
_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
# The largest share of dead and saturated sensor pixels in a picture.
_OUTLIERS = 0.0002
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The transformation that makes a picture upright, by its EXIF orientation."""
_SIDEWAYS = (
    Image.Transpose.TRANSPOSE,
    Image.Transpose.ROTATE_270,
    Image.Transpose.TRANSVERSE,
    Image.Transpose.ROTATE_90,
)
_ORIENTATION = 0x0112


@dataclass(frozen=True, eq=False)
class Picture:
    """A file's picture, upright, and perhaps smaller than it is in the file."""

    pixels: npt.NDArray[np.uint8]
    """(H, W), (H, W, 3) or (H, W, 4)."""
    size: tuple[int, int]
    """Width and height in the file, upright."""
    has_more_pages: bool = False
    """Whether there are more pages after this first one."""


def is_picture(content: bytes) -> bool:
    """Whether its first bytes identify it as a picture."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Image.open(io.BytesIO(content), formats=_choose_decoders(content))
    except PictureError:
        return True  # of a format whose decoder is not installed
    except Exception:  # it raises almost anything; `decode_picture` reports it
        return False
    return True


def decode_picture(content: bytes) -> Picture:
    """The picture in a file with this content. Raises PictureError with the rest of a sentence."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's warnings would be printed over the screen
        try:
            image = Image.open(io.BytesIO(content), formats=_choose_decoders(content))
            _check_size(image.size, image.format or "", progressive="progressive" in image.info)
            return _decode(image)
        except UnidentifiedImageError:
            raise PictureError(
                "is not a picture in a supported format", remedy=f"Save it as one of {', '.join(_NAMES)}."
            ) from None
        except Image.DecompressionBombError:
            raise _too_large_error("far too many pixels", _MAX_PIXELS) from None
        except PictureError:
            raise
        except Exception as error:  # a damaged file makes Pillow raise almost anything
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise PictureError(f"is damaged: {reason}", remedy="Save the picture again.") from error


def _choose_decoders(content: bytes) -> tuple[str, ...]:
    """The decoders that are tried. Raises PictureError for a known format whose decoder is not installed."""
    brands = _read_brands(content)
    if brands & _AVIF:
        if not features.check("avif"):
            raise PictureError(
                "is an AVIF picture, which the installed Pillow cannot read",
                remedy="pip install --upgrade pillow (11.3 or newer), or save it as JPEG or PNG.",
            )
        return ("AVIF",)
    if brands & _HEIC:
        try:
            import pillow_heif
        except ImportError:
            raise PictureError(
                "is a HEIC picture, which needs one more package",
                remedy='pip install "mnist-tui[heic]", or save it as JPEG or PNG.',
            ) from None
        pillow_heif.register_heif_opener(thumbnails=False)
        return ("HEIF",)
    return _FORMATS


def _read_brands(content: bytes) -> set[bytes]:
    """What an ISO media file says it is, in the box it begins with; nothing for other files."""
    if content[4:8] != b"ftyp":
        return set()
    length = min(int.from_bytes(content[:4], "big"), 256)
    return {content[8:12], *(content[at : at + 4] for at in range(16, length, 4))}


def _check_size(size: tuple[int, int], format: str, *, progressive: bool) -> None:
    most = _MAX_PIXELS if progressive else _MAX_PIXELS_OF.get(format, _MAX_PIXELS)
    if size[0] * size[1] > most:
        raise _too_large_error(f"{size[0]:,} × {size[1]:,} pixels", most)


def _too_large_error(what: str, most: int) -> PictureError:
    return PictureError(f"has {what}; at most {most // 1_000_000} million are read", remedy="Make the picture smaller.")


def _decode(image: Image.Image) -> Picture:
    size = image.size
    has_more_pages = _has_second_page(image)
    image.draft("RGB", (_MAX_SIDE, _MAX_SIDE))  # does nothing to other formats
    image.load()
    turn = _TURNS.get(_read_orientation(image))
    is_sideways = turn in _SIDEWAYS or (image.format == "TIFF" and image.size == size[::-1] != size)
    image = _reduce(image)
    image = _convert_mode(image)
    pixels = np.asarray(image.transpose(turn) if turn is not None else image)
    return Picture(pixels, size[::-1] if is_sideways else size, has_more_pages)


def _has_second_page(image: Image.Image) -> bool:
    if image.format != "TIFF":
        return False
    try:
        image.seek(1)
    except Exception:  # there is none, or none that can be read
        return False
    finally:
        image.seek(0)
    return True


def _read_orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except (ValueError, TypeError, SyntaxError, OSError, struct.error, OverflowError, KeyError):
        return 1  # a picture with damaged metadata can still be used


def _reduce(image: Image.Image) -> Image.Image:
    """A picture that is much larger than necessary is reduced before it is copied."""
    factor = max(image.size) // _MAX_SIDE
    if factor <= 1:
        return image
    if image.mode in ("L", "RGB", "CMYK", "YCbCr"):
        return image.reduce(factor)
    # Means of palette indices, or of transparent colors, would not be colors of the picture.
    size = (max(1, image.width // factor), max(1, image.height // factor))
    smaller = image.resize(size, Image.Resampling.NEAREST)
    smaller.info = image.info
    return smaller


def _convert_mode(image: Image.Image) -> Image.Image:
    if image.mode in ("L", "RGB", "RGBA"):
        return image
    if image.mode.startswith(("I", "F")):
        return Image.fromarray(_to_eight_bits(np.asarray(image, dtype=np.float32)))
    has_alpha = image.mode in ("LA", "PA", "La", "RGBa") or "transparency" in image.info
    return image.convert("RGBA" if has_alpha else "L" if image.mode == "1" else "RGB")


def _to_eight_bits(values: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """16 bits and more, scaled to 8 by the range of values without dead and saturated pixels."""
    finite = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    spare = min(1 + int(_OUTLIERS * finite.size), (finite.size - 1) // 2)
    ordered = np.partition(finite.ravel(), (spare, finite.size - 1 - spare))
    low, high = float(ordered[spare]), float(ordered[finite.size - 1 - spare])
    if high <= low:  # all that is on it may be in those few pixels
        low, high = float(finite.min()), float(finite.max())
    if high <= low:
        return np.zeros(values.shape, np.uint8)
    scaled: npt.NDArray[np.uint8] = np.clip((finite - low) * (255 / (high - low)), 0, 255).astype(np.uint8)
    return scaled
