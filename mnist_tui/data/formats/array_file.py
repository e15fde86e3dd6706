"""Images as arrays: .npy, .npz as Keras has MNIST, IDX, and tensors of torch.save; never by unpickling objects.

Everything is parsed here or checked first, because numpy and torch allocate whatever a header claims.
"""

from __future__ import annotations

import io
import math
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from mnist_tui.config import IMAGE_SIZE
from mnist_tui.data.formats.labeled_images import (
    MAX_IMAGES,
    PIXELS,
    LabeledImages,
    Numbers,
    build_labeled_images,
)
from mnist_tui.errors import PictureError

NPY, ZIP, IDX = b"\x93NUMPY", b"PK\x03\x04", b"\0\0\x08"
MAX_BYTES = 384 * 2**20
"""The largest unpacked array: MNIST's training images have 376 MB as float64."""

Shapes = Mapping[str, tuple[int, ...]]
ArrayLayout = Literal["gray", "label and gray", "color last", "color first"]

_MAX_HEADER, _CHUNK = 1_000, 2**20
# At most this many arrays of an archive are examined, this many names are listed; the longest one-hot label.
_MOST_MEMBERS, _MOST_NAMES, _MOST_CLASSES = 100, 8, 100
# Names of images and labels, in order of preference: test sets before training sets.
_PAIRS = (
    ("x_test", "y_test"),
    ("test_images", "test_labels"),
    ("images", "labels"),
    ("x", "y"),
    ("data", "targets"),
    ("data", "target"),
    ("data", "labels"),
    ("image", "label"),
    ("x_train", "y_train"),
    ("train_images", "train_labels"),
)
# Of red, green and blue, as ITU-R BT.601 weighs them.
_BRIGHTNESS = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_SIZE = f"{IMAGE_SIZE} × {IMAGE_SIZE}"
_REMEDY = f"Save images of {_SIZE} as an array of (N, 28, 28), (N, {PIXELS}), (N, 28, 28, 1) or (N, 1, 28, 28) numbers."


def is_array_file(content: bytes) -> bool:
    """Whether it is an .npy or IDX file, or an archive, which holds arrays or tensors."""
    return content.startswith((NPY, ZIP, IDX))


def parse_array_file(content: bytes) -> LabeledImages:
    """The images of an array file. Raises PictureError with the rest of a sentence that begins with the file's name."""
    if content.startswith(NPY):
        return extract_images({"": parse_npy(content)})
    if content.startswith(IDX):
        return extract_images({"": _parse_idx(content)})
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _parse_archive(archive, content)
    except PictureError:
        raise
    except Exception as error:  # a damaged archive makes zipfile raise almost anything
        raise PictureError(f"is damaged: {error}", remedy="Save it again.") from error


def extract_images(arrays: Mapping[str, Numbers]) -> LabeledImages:
    """The images among named `arrays`, and the labels that belong to them."""
    return _extract_images({name: array.shape for name, array in arrays.items()}, arrays.__getitem__)


def _extract_images(shapes: Shapes, load: Callable[[str], Numbers]) -> LabeledImages:
    """Loads only the arrays that are needed."""
    name, labels_name = _choose_arrays(shapes)
    pixels, remarks = _flatten_images(load(name))
    labels = _flatten_labels(load(labels_name)) if labels_name is not None else None
    if pixels.shape[1] == PIXELS + 1:  # as in Kaggle's CSV files
        labels, pixels = pixels[:, 0], pixels[:, 1:]
    return build_labeled_images(
        [pixels],
        labels,
        lambda image: f"{name}[{image}]",
        (*_remark_on_choice(shapes, name, labels_name), *remarks),
    )


def _remark_on_choice(shapes: Shapes, name: str, labels_name: str | None) -> tuple[str, ...]:
    others = [other for other in shapes if other not in (name, labels_name)]
    if not others:
        return ()
    taken = name if labels_name is None else f"{name} and {labels_name}"
    return (f"arrays read: {taken}; arrays ignored: {', '.join(others[:_MOST_NAMES])}.",)


def _choose_arrays(shapes: Shapes) -> tuple[str, str | None]:
    """The names of the images, and of their labels if there are any: recognized by name, or by shape."""
    names = {name.lower(): name for name in shapes}
    for images, labels in _PAIRS:
        if images in names and labels in names:
            return names[images], names[labels]
    fitting = [name for name, shape in shapes.items() if _find_layout(shape) is not None]
    if not fitting:
        raise _shape_error(shapes)
    images = next((names[image] for image, _ in _PAIRS if names.get(image) in fitting), fitting[0])
    count = _count_images(shapes[images])
    beside = [name for name, shape in shapes.items() if name != images and _has_label_shape(shape, count)]
    return images, beside[0] if len(beside) == 1 else None


def _count_images(shape: tuple[int, ...]) -> int:
    return math.prod(shape) // PIXELS


def _has_label_shape(shape: tuple[int, ...], count: int) -> bool:
    return shape[:1] == (count,) and len(shape) <= 2 and math.prod(shape[1:]) <= _MOST_CLASSES


def _flatten_labels(labels: Numbers) -> Numbers:
    """(N,) of (N,), (N, 1) or one-hot (N, C)."""
    if labels.ndim == 2 and labels.shape[1] > 1:
        labels = labels.argmax(axis=1)
    numbers: Numbers = labels.reshape(-1)
    return numbers


def _find_layout(shape: tuple[int, ...]) -> ArrayLayout | None:
    """The layout of images in an array of this shape; None if they are not images of 28 × 28."""
    match shape:
        case (784,) | (_, 784) | (28, 28) | (_, 28, 28) | (28, 28, 1) | (_, 28, 28, 1) | (_, 1, 28, 28):
            return "gray"
        case (785,) | (_, 785):
            return "label and gray"
        case (28, 28, 3) | (_, 28, 28, 3):
            return "color last"
        case (3, 28, 28) | (_, 3, 28, 28):
            return "color first"
        case _:
            return None


def _flatten_images(array: Numbers) -> tuple[Numbers, tuple[str, ...]]:
    """(N, 784), or (N, 785) with labels first; colors are converted to gray, with a remark."""
    order = _find_layout(array.shape)
    count = _count_images(array.shape)
    if order is None or count == 0:
        raise _shape_error({"": array.shape})
    if count > MAX_IMAGES:
        raise PictureError(f"holds {count:,} images; at most {MAX_IMAGES:,} are read", remedy="Split it.")
    if order == "gray":
        return array.reshape(-1, PIXELS), ()
    if order == "label and gray":
        return array.reshape(-1, PIXELS + 1), ()
    colors = array if order == "color last" else np.moveaxis(array, -3, -1)
    gray = colors.astype(np.float32) @ _BRIGHTNESS
    return gray.reshape(-1, PIXELS), ("its images are in color; they were converted to gray.",)


def _shape_error(shapes: Shapes) -> PictureError:
    if not shapes:
        return PictureError("holds no array of numbers", remedy=_REMEDY)
    if len(shapes) > 1:
        listed = ", ".join(f"{name} {shape}" for name, shape in list(shapes.items())[:_MOST_NAMES])
        return PictureError(f"holds no images of {_SIZE}, only {listed}", remedy=_REMEDY)
    (shape,) = shapes.values()
    match shape:
        case (28, 28, count) | (784, count):
            turned = (count, IMAGE_SIZE, IMAGE_SIZE) if len(shape) == 3 else (count, PIXELS)
            return PictureError(f"is an array of shape {shape}", remedy=f"Transpose it to {turned}.")
        case (_, height, width):
            return PictureError(
                f"holds images of {height} × {width} pixels, shape {shape}; the network takes {_SIZE}",
                remedy="Resize them.",
            )
        case _:
            return PictureError(f"is an array of shape {shape}", remedy=_REMEDY)


def parse_npy(content: bytes | bytearray) -> Numbers:
    """The array of an .npy file, a view of its bytes. Raises PictureError."""
    file = io.BytesIO(content[: _MAX_HEADER + 20])
    kind, shape, by_columns = _read_header(file)
    values, start = math.prod(shape), file.tell()
    if len(content) - start != kind.itemsize * values:
        raise PictureError(
            f"holds {len(content) - start:,} bytes of values, but its header says {_format_shape(shape)} of {kind}, "
            f"which are {kind.itemsize * values:,}",
            remedy="Save it again.",
        )
    array = np.frombuffer(content, dtype=kind, offset=start).reshape(shape[::-1] if by_columns else shape)
    return array.T if by_columns else array


def _parse_idx(content: bytes) -> Numbers:
    """The unsigned bytes of an IDX file (http://yann.lecun.com/exdb/mnist), as MNIST's own files are."""
    start = 4 + 4 * content[3] if len(content) > 3 else len(content) + 1
    shape = tuple(int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4))
    if len(content) - start != math.prod(shape) or not shape:
        raise PictureError(
            f"holds {max(len(content) - start, 0):,} values, but its IDX header says {_format_shape(shape)}",
            remedy="Fetch or unpack it again.",
        )
    if len(shape) == 1:
        raise PictureError(f"holds {shape[0]:,} labels and no images", remedy="Name the file that holds the images.")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


def _read_header(file: io.BytesIO) -> tuple[np.dtype[Any], tuple[int, ...], bool]:
    form = np.lib.format
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            version = form.read_magic(file)
            read = form.read_array_header_1_0 if version == (1, 0) else form.read_array_header_2_0
            shape, by_columns, kind = read(file, max_header_size=_MAX_HEADER)
    except Exception as error:  # numpy raises almost anything for an invalid header
        raise PictureError("has no header of an .npy array of numbers", remedy=_REMEDY) from error
    if kind.hasobject:
        raise PictureError(
            "holds Python objects, which could run code", remedy="Save numbers: array.astype('float32')."
        )
    if kind.kind not in "buif" or kind.itemsize > 8 or min(shape, default=0) < 0:
        raise PictureError(f"is an array of {kind} of shape {shape}", remedy=_REMEDY)
    return kind, tuple(shape), bool(by_columns)


def _format_shape(shape: Sequence[int]) -> str:
    return " × ".join(f"{side:,}" for side in shape) or "one value"


def _parse_archive(archive: zipfile.ZipFile, content: bytes) -> LabeledImages:
    names = archive.namelist()
    if any(name.endswith("data.pkl") for name in names):
        from mnist_tui.data.formats.tensor_file import read_tensors  # torch takes seconds

        return extract_images(read_tensors(content))
    members = {name.removesuffix(".npy"): name for name in names[:_MOST_MEMBERS] if name.endswith(".npy")}
    if not members:
        raise PictureError("is an archive without arrays", remedy="Unpack it, or save arrays with np.savez.")
    shapes = {name: _read_member_shape(archive, member) for name, member in members.items()}
    known = {name: shape for name, shape in shapes.items() if shape is not None}
    return _extract_images(known, lambda name: parse_npy(_read_member(archive, members[name])))


def _read_member(archive: zipfile.ZipFile, name: str) -> bytearray:
    """A member's content, of which `ZipFile.read` would hold two copies at the end."""
    info = archive.getinfo(name)
    content = bytearray(info.file_size)
    view, filled = memoryview(content), 0
    with archive.open(info) as file:
        while chunk := file.read(_CHUNK):
            view[filled : filled + len(chunk)] = chunk
            filled += len(chunk)
    if filled < len(content):
        raise PictureError(f"is damaged: {name} in it is cut off", remedy="Save it again.")
    return content


def _read_member_shape(archive: zipfile.ZipFile, name: str) -> tuple[int, ...] | None:
    """None for anything but an array of numbers, which may be next to the images."""
    info = archive.getinfo(name)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return None  # numpy writes no others, and they could take any amount of memory
    if info.file_size > MAX_BYTES:
        raise PictureError(
            f"would unpack {name} to {info.file_size:,} bytes; at most {MAX_BYTES >> 20} MB are read",
            remedy="Save fewer images, or save them as uint8.",
        )
    with archive.open(info) as file:
        try:
            return _read_header(io.BytesIO(file.read(_MAX_HEADER + 20)))[1]
        except PictureError:
            return None
