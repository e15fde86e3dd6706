"""Three digits as tables, arrays and tensors, and how they are read."""

from __future__ import annotations

import gzip
import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from mnist_tui.data.formats import idx, number_file
from mnist_tui.data.formats.digit_file import extract_digits
from mnist_tui.data.formats.labeled_images import LabeledImages
from mnist_tui.errors import PictureError
from tests import trained_runs

LABELS = [7, 2, 1]
IMAGES = np.stack([trained_runs.picture_of(label)[0].numpy() for label in LABELS])
ROWS = IMAGES.reshape(3, 784)
LABELED = np.column_stack([LABELS, ROWS])
HEADER = ",".join(["label", *(f"pixel{number}" for number in range(784))])
Pixels = npt.NDArray[np.uint8]


def csv(rows: npt.NDArray[Any], separator: str = ",", header: str = "", end: str = "\n") -> str:
    lines = [separator.join(f"{value:g}" for value in row) for row in rows.tolist()]
    return end.join([*([header] if header else []), *lines, ""])


def npy(array: npt.NDArray[Any]) -> bytes:
    content = io.BytesIO()
    np.save(content, array, allow_pickle=True)
    return content.getvalue()


def npz(**arrays: npt.NDArray[Any]) -> bytes:
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    return content.getvalue()


def save_file(value: Any, **options: Any) -> bytes:
    content = io.BytesIO()
    torch.save(value, content, **options)
    return content.getvalue()


def read(content: bytes | str, name: str = "x") -> LabeledImages:
    content = content.encode() if isinstance(content, str) else content
    assert number_file.is_number_file(content, name)
    return number_file.parse_number_file(content)


def complaint(content: bytes | str, name: str = "x.csv") -> str:
    """What is wrong with a file, and what to do."""
    with pytest.raises(PictureError) as error:
        extract_digits(content.encode() if isinstance(content, str) else content, name)
    assert str(error.value).startswith(name)
    return f"{error.value} {error.value.remedy}"


def unlabeled(header: str) -> str:
    return header.partition(",")[2]


KAGGLE = csv(LABELED, header=HEADER)
DECIMAL_COMMAS = csv(ROWS / 255, ";").replace(".", ",")
OTHER_FORMS = {
    "Kaggle's train.csv": KAGGLE,
    "Kaggle's test.csv": csv(ROWS, header=unlabeled(HEADER)),
    "without a header": csv(ROWS),
    "labels and no header": csv(LABELED),
    "a byte order mark": b"\xef\xbb\xbf" + KAGGLE.encode(),
    "Windows' line ends": KAGGLE.replace("\n", "\r\n"),
    "an old Mac's line ends": KAGGLE.replace("\n", "\r"),
    "blank lines": "\n\n" + KAGGLE.replace("\n", "\n\n") + "\n ,,,\n",
    "no end of the last line": KAGGLE.rstrip(),
    "semicolons": KAGGLE.replace(",", ";"),
    "tabs": KAGGLE.replace(",", "\t"),
    "bars": KAGGLE.replace(",", "|"),
    "blanks": csv(ROWS, " "),
    "blanks after commas": KAGGLE.replace(",", ", "),
    "a comma after each row": KAGGLE.replace("\n", ",\n"),
    "UTF-16, as Excel's Unicode text": KAGGLE.replace(",", "\t").encode("utf-16"),
    "decimal commas and semicolons": DECIMAL_COMMAS,
    "decimal commas and tabs": DECIMAL_COMMAS.replace(";", "\t"),
    "decimal commas in quotes": "\n".join(
        ",".join(f'"{value}"' for value in line.split(";")) for line in DECIMAL_COMMAS.splitlines()
    ),
    "everything in quotes": "\n".join(
        ",".join(f'"{value}"' for value in line.split(",")) for line in KAGGLE.splitlines()
    ),
    "numpy.savetxt": "\n".join(" ".join(f"{value:.18e}" for value in row) for row in ROWS.tolist()),
    "pandas with its index": "\n".join(
        f"{'' if number == 0 else number - 1},{line}" for number, line in enumerate(KAGGLE.splitlines())
    ),
    "pandas without names": csv(ROWS, header=",".join(map(str, range(784)))),
    "pandas with neither": "\n".join(
        f"{'' if number == 0 else number - 1},{line}"
        for number, line in enumerate(csv(ROWS, header=",".join(map(str, range(784)))).splitlines())
    ),
    "an identifier": "\n".join(
        f"{'ImageId' if number == 0 else f'img-{number}'},{line}" for number, line in enumerate(KAGGLE.splitlines())
    ),
    "OpenML's, labels last": csv(
        np.column_stack([ROWS, LABELS]), header=",".join([*(f"pixel{n}" for n in range(1, 785)), '"class"'])
    ),
    "labels last and no header": csv(np.column_stack([ROWS, LABELS])),
    "fractions": csv(ROWS / 255),
    "-1 to 1": csv(ROWS / 127.5 - 1),
    "normalized as tutorials do": csv((ROWS / 255 - 0.1307) / 0.3081),
    "dark on light": csv(255 - ROWS),
    "stacked grids": csv(IMAGES.reshape(-1, 28)),
    "(N, 784)": npy(ROWS),
    "(N, 28, 28)": npy(IMAGES),
    "(N, 28, 28, 1)": npy(IMAGES[..., None]),
    "(N, 1, 28, 28)": npy(IMAGES[:, None]),
    "(N, 28, 28, 3)": npy(np.repeat(IMAGES[..., None], 3, axis=3)),
    "(N, 3, 28, 28)": npy(np.repeat(IMAGES[:, None], 3, axis=1)),
    "(N, 785)": npy(LABELED),
    "Fortran's order": npy(np.asfortranarray(IMAGES)),
    "big-endian": npy(IMAGES.astype(">i8")),
    "half": npy((IMAGES / 255).astype(np.float16)),
    "bool": npy(IMAGES > 127),
    "-1 to 1 as an array": npy(IMAGES.astype(np.float32) / 127.5 - 1),
    "Keras' mnist.npz": npz(x_train=IMAGES[::-1], y_train=LABELS[::-1], x_test=IMAGES, y_test=np.array(LABELS)),
    "images and labels": npz(images=IMAGES, labels=np.array(LABELS)[:, None]),
    "unknown names": npz(arr_0=IMAGES, arr_1=np.array(LABELS)),
    "one-hot labels": npz(x=ROWS, y=np.eye(10)[LABELS]),
    "objects beside the images": npz(images=IMAGES, notes=np.array([{}], dtype=object)),
    "IDX": idx.to_idx(torch.from_numpy(IMAGES)),
    "IDX in gzip": gzip.compress(idx.to_idx(torch.from_numpy(IMAGES))),
    "CSV in gzip": gzip.compress(csv(ROWS).encode()),
    "a tensor": save_file(torch.from_numpy(IMAGES)),
    "a bfloat16 tensor": save_file((torch.from_numpy(IMAGES) / 255).bfloat16()),
    "a dictionary of tensors": save_file({"data": torch.from_numpy(IMAGES), "targets": torch.tensor(LABELS), "n": 3}),
    "torchvision's pair": save_file((torch.from_numpy(IMAGES), torch.tensor(LABELS))),
}
