"""Pictures from files that anyone may have made: read in bounded memory and time, with errors that name the file."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from mnist_tui.errors import PictureError

MAX_BYTES = 64 * 2**20
# Pixels that may be decoded; each takes four bytes, or several times that where a decoder keeps copies of its own.
_MAX_PIXELS = 24_000_000
# A WebP decoder keeps two canvases besides the picture; a JPEG is made smaller while it is decoded, unless it is
# progressive, when the decoder keeps all of it.
_MAX_PIXELS_OF: Mapping[str, int] = {"WEBP": 12_000_000, "JPEG": 120_000_000, "MPO": 120_000_000}
# A longer side than this says nothing more about a digit.
_SPARE_SIDE = 1200
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "PPM")
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What puts a picture upright, by its EXIF orientation."""
_ORIENTATION = 0x0112


def is_picture(content: bytes) -> bool:
    """Whether Pillow knows it by how it begins."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Image.open(io.BytesIO(content), formats=_FORMATS)
    except Exception:  # it raises almost anything; `decoded` says what
        return False
    return True


def decoded(content: bytes) -> npt.NDArray[np.uint8]:
    """(H, W), (H, W, 3) or (H, W, 4) uint8, upright. Raises PictureError with the rest of a sentence."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's remarks on odd files would go across the screen
        try:
            image = Image.open(io.BytesIO(content), formats=_FORMATS)
            _check_size(image.size, image.format or "", progressive="progressive" in image.info)
            return _pixels(image)
        except UnidentifiedImageError:
            known = ", ".join(_FORMATS)
            raise PictureError(
                "is no picture that can be read here", remedy=f"Save it as one of {known}."
            ) from None
        except Image.DecompressionBombError:
            raise _too_large("far too many pixels", _MAX_PIXELS) from None
        except PictureError:
            raise
        except Exception as error:  # a damaged file makes Pillow raise almost anything
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise PictureError(f"is damaged: {reason}", remedy="Save the picture again.") from error


def _check_size(size: tuple[int, int], format: str, *, progressive: bool) -> None:
    most = _MAX_PIXELS if progressive else _MAX_PIXELS_OF.get(format, _MAX_PIXELS)
    if size[0] * size[1] > most:
        raise _too_large(f"{size[0]:,} × {size[1]:,} pixels", most)


def _too_large(what: str, most: int) -> PictureError:
    return PictureError(
        f"has {what}; at most {most // 1_000_000} million are read", remedy="Make the picture smaller."
    )


def _pixels(image: Image.Image) -> npt.NDArray[np.uint8]:
    image.draft("RGB", (_SPARE_SIDE, _SPARE_SIDE))  # does nothing to other formats
    image.load()
    turn = _TURNS.get(_orientation(image))
    image = _without_spare(image)
    image = _in_known_mode(image)
    return np.asarray(image.transpose(turn) if turn is not None else image)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except (ValueError, TypeError, SyntaxError, OSError, struct.error, OverflowError, KeyError):
        return 1  # damaged notes on a picture are no reason not to look at it


def _without_spare(image: Image.Image) -> Image.Image:
    """Much larger than it has to be, it is made smaller at once, before copies are made of it."""
    factor = max(image.size) // _SPARE_SIDE
    if factor <= 1:
        return image
    if image.mode in ("L", "RGB", "CMYK", "YCbCr"):
        return image.reduce(factor)
    # Means of palette numbers, or of colours that are transparent, would be nothing that is on the picture.
    size = (max(1, image.width // factor), max(1, image.height // factor))
    smaller = image.resize(size, Image.Resampling.NEAREST)
    smaller.info = image.info
    return smaller


def _in_known_mode(image: Image.Image) -> Image.Image:
    if image.mode in ("L", "RGB", "RGBA"):
        return image
    if image.mode.startswith(("I", "F")):  # 16 bits and more: brought to 8 by what values there are
        values = np.asarray(image, dtype=np.float32)
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        scaled = (values - low) * (255 / (high - low)) if high > low else np.zeros_like(values)
        return Image.fromarray(scaled.astype(np.uint8))
    has_alpha = image.mode in ("LA", "PA", "La", "RGBa") or "transparency" in image.info
    return image.convert("RGBA" if has_alpha else "L" if image.mode == "1" else "RGB")
