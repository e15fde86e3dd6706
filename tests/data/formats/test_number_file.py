"""Images as numbers in common forms: Kaggle's CSV files, spreadsheets, arrays of any order, Keras' archive."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_tui.data.formats.digit_file import DigitImage, UnusableImage, extract_digits
from mnist_tui.errors import NoDigitError
from tests.data.formats.number_samples import (
    IMAGES,
    KAGGLE,
    LABELED,
    LABELS,
    OTHER_FORMS,
    ROWS,
    csv,
    npy,
    npz,
    read,
)


@pytest.mark.parametrize("form", OTHER_FORMS)
def test_every_form_gives_the_same_images(form: str) -> None:
    content = OTHER_FORMS[form]
    found = read(content)
    assert np.abs(found.pixels.astype(int) - IMAGES).max() <= 2, found.remarks
    assert found.labels is None or found.labels.tolist() == LABELS
    has_labels = any(word in form.lower() for word in ("label", "keras", "train.csv", "785", "dictionary", "pair"))
    assert found.labels is not None or not has_labels


@pytest.mark.parametrize(
    ("form", "remark"),
    [
        ("-1 to 1", "mean 0.5"),
        ("normalized as tutorials do", "mean 0.1307"),
        ("dark on light", "inverted"),
        ("(N, 28, 28, 3)", "converted to gray"),
        ("Keras' mnist.npz", "arrays read: x_test and y_test; arrays ignored: x_train, y_train"),
        ("labels last and no header", "its last column"),
    ],
)
def test_what_was_understood_is_said(form: str, remark: str) -> None:
    assert any(remark in message for message in read(OTHER_FORMS[form]).remarks)


@pytest.mark.parametrize("form", ["Kaggle's train.csv", "(N, 28, 28)", "fractions", "unknown names"])
def test_what_is_plain_is_not_remarked_on(form: str) -> None:
    assert read(OTHER_FORMS[form]).remarks == ()


ONE_IMAGE = {
    "a row": csv(ROWS[:1]),
    "a labeled row": csv(LABELED[:1]),
    "28 rows of 28": csv(IMAGES[0]),
    "28 rows of 28 from Excel": b"\xef\xbb\xbf" + csv(IMAGES[0], ";", end="\r\n").encode(),
    "a column": csv(ROWS[0][:, None]),
    "56 rows of 14": csv(IMAGES[0].reshape(56, 14)),
    "a matrix of MATLAB": csv(IMAGES[0], ",", end=";"),
    "(784,)": npy(ROWS[0]),
    "(1, 784)": npy(ROWS[:1]),
    "(28, 28)": npy(IMAGES[0]),
    "(1, 28, 28, 1)": npy(IMAGES[:1, :, :, None]),
    "(28, 28, 3)": npy(np.repeat(IMAGES[0][..., None], 3, axis=2)),
}


@pytest.mark.parametrize("form", ONE_IMAGE)
def test_one_image_is_just_that(form: str) -> None:
    content = ONE_IMAGE[form]
    (image,) = extract_digits(content.encode() if isinstance(content, str) else content, "x").images
    assert isinstance(image, DigitImage)
    assert np.array_equal(image.pixels, IMAGES[0])
    assert (image.index, image.place, image.label) == (None, "", 7 if "labeled" in form else None)


def test_several_images_are_named_by_their_places() -> None:
    images = extract_digits(KAGGLE.encode(), "train.csv").images
    assert [(image.index, image.place) for image in images] == [(0, "row 1"), (1, "row 2"), (2, "row 3")]
    archive = extract_digits(npz(x_test=IMAGES, y_test=np.array(LABELS)), "mnist.npz").images
    assert [image.place for image in archive] == ["x_test[0]", "x_test[1]", "x_test[2]"]


def test_a_blank_image_leaves_the_others() -> None:
    blank = np.concatenate([IMAGES[:1], np.zeros((1, 28, 28), np.uint8), IMAGES[2:]])
    one, none, other = extract_digits(npy(blank), "x.npy").images
    assert isinstance(one, DigitImage)
    assert isinstance(other, DigitImage)
    assert isinstance(none, UnusableImage)
    assert isinstance(none.error, NoDigitError)
    assert "x.npy, [1]" in str(none.error)
