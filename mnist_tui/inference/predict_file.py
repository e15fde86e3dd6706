"""Predictions for a file: one for each digit in it, all computed in one forward pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mnist_tui.data.formats.digit_file import DigitFile, DigitImage, DigitPage, UnusableImage, read_digits
from mnist_tui.errors import PictureError
from mnist_tui.inference.network import TrainedNetwork
from mnist_tui.inference.prediction import Prediction, predictions_from_logits


@dataclass(frozen=True, eq=False)
class DigitPrediction:
    """The prediction for one image. `input_pixels` is the network's input: (28, 28) uint8, perhaps deskewed."""

    image: DigitImage
    prediction: Prediction
    input_pixels: Tensor

    @property
    def is_correct(self) -> bool | None:
        """None if the file has no label for it."""
        return None if self.image.label is None else self.image.label == self.prediction.best.index


@dataclass(frozen=True, eq=False)
class PagePrediction:
    """The predictions for the digits of one picture: lines from top to bottom, each from left to right."""

    lines: tuple[tuple[DigitPrediction, ...], ...]

    @property
    def digits(self) -> list[DigitPrediction]:
        return [digit for line in self.lines for digit in line]

    @property
    def is_confident(self) -> bool:
        """Whether all predictions are."""
        return all(digit.prediction.is_confident for digit in self.digits)

    @property
    def text(self) -> str:
        """The likeliest digits, confident or not, one line per line of the picture."""
        return "\n".join("".join(digit.prediction.best.name for digit in line) for line in self.lines)


Outcome = DigitPrediction | PagePrediction | UnusableImage
"""The result for one image of a file."""


@dataclass(frozen=True, eq=False)
class FilePredictions:
    """The predictions for the file called `name`, in its order, and its images that could not be used."""

    name: str
    outcomes: Sequence[Outcome]
    classes: Sequence[str]
    remarks: Sequence[str] = ()

    @property
    def predictions(self) -> list[DigitPrediction]:
        """The images with a prediction."""
        return [outcome for outcome in self.outcomes if isinstance(outcome, DigitPrediction)]

    @property
    def unusable(self) -> list[UnusableImage]:
        """The images without one."""
        return [outcome for outcome in self.outcomes if isinstance(outcome, UnusableImage)]

    @property
    def correct(self) -> tuple[int, int] | None:
        """The number of correct predictions, and of labeled images; None if the file has no labels."""
        labeled = [digit.is_correct for digit in self.predictions if digit.is_correct is not None]
        return (sum(labeled), len(labeled)) if labeled else None

    def to_dicts(self) -> list[dict[str, Any]]:
        """One entry of plain values per image.

        Images of a table or an array have no `pixels`, because the file itself holds them as numbers.
        """
        return [_outcome_dict(self.name, outcome, self.classes) for outcome in self.outcomes]


def predict_file(name: str, network: TrainedNetwork, threshold: float) -> FilePredictions:
    """The predictions of `network` for the file called `name`. An unusable file counts as one unusable image."""
    try:
        file = read_digits(name)
        _check_labels(name, file, network)
    except PictureError as error:
        return FilePredictions(name, [UnusableImage(error)], network.classes)
    predictions = iter(predict_images(list(_digits_of(file)), network, threshold))
    outcomes = [_next_outcome(image, predictions) for image in file.images]
    return FilePredictions(name, outcomes, network.classes, file.remarks)


def _digits_of(file: DigitFile) -> Iterator[DigitImage]:
    """Every digit in the file, in its order."""
    for image in file.images:
        if isinstance(image, DigitImage):
            yield image
        elif isinstance(image, DigitPage):
            for line in image.lines:
                yield from line


def _next_outcome(image: DigitImage | DigitPage | UnusableImage, predictions: Iterator[DigitPrediction]) -> Outcome:
    """Takes those of `image` from the predictions in the file's order."""
    if isinstance(image, DigitImage):
        return next(predictions)
    if isinstance(image, DigitPage):
        return PagePrediction(tuple(tuple(next(predictions) for _ in line) for line in image.lines))
    return image


def predict_images(images: Sequence[DigitImage], network: TrainedNetwork, threshold: float) -> list[DigitPrediction]:
    """The prediction for each of `images`, all computed in one forward pass."""
    if not images:
        return []
    readings = [(image.pixels, *image.others) for image in images]
    pixels = torch.from_numpy(np.stack([pixels for reading in readings for pixels in reading]))[:, None]
    means = [
        _combine_readings(logits.double())
        for logits in network.logits(pixels).split([len(reading) for reading in readings])
    ]
    predictions = predictions_from_logits(torch.stack(means), network.classes, threshold)
    mains = torch.from_numpy(np.stack([image.pixels for image in images]))[:, None]  # (N, 1, 28, 28) uint8
    inputs = network.input_pixels(mains)[:, 0]
    return [DigitPrediction(*parts) for parts in zip(images, predictions, inputs, strict=True)]


def _combine_readings(logits: Tensor) -> Tensor:
    """(C,) of (N, C): the prediction for one digit that was read in N ways, as logits.

    Half of the probability is the mean's, and half is that of the reading which supports its likeliest class least.
    So one reading that differs is enough for "not sure", however many there are.
    """
    if len(logits) == 1:
        return logits[0]
    probabilities = logits.softmax(dim=1)
    mean = probabilities.mean(dim=0)
    least = probabilities[probabilities[:, mean.argmax()].argmin()]
    return ((mean + least) / 2).log()


def _check_labels(name: str, file: DigitFile, network: TrainedNetwork) -> None:
    for image in _digits_of(file):
        label = image.label
        if label is not None and label >= len(network.classes):
            where = f"{name}, {image.place}" if image.place else name
            raise PictureError(
                f"{where}: its label is {label}, but run {network.run} has "
                f"{len(network.classes)} classes, 0 to {len(network.classes) - 1}",
                remedy="Choose a run with the same classes, or leave the labels out.",
            )


def _outcome_dict(name: str, outcome: Outcome, classes: Sequence[str]) -> dict[str, Any]:
    if isinstance(outcome, UnusableImage):
        return _place_dict(name, outcome) | {"error": str(outcome.error)}
    if isinstance(outcome, PagePrediction):
        return {
            "file": name,
            "answer": outcome.text if outcome.is_confident else None,
            "sure": outcome.is_confident,
            "lines": [[_prediction_dict(digit) for digit in line] for line in outcome.lines],
            "digits": [_prediction_dict(digit) for digit in outcome.digits],
        }
    entry = _place_dict(name, outcome.image)
    if outcome.image.label is not None:
        entry["label"] = classes[outcome.image.label]
    entry |= _prediction_dict(outcome)
    return entry if outcome.image.box is None else entry | {"digits": [_prediction_dict(outcome)]}


def _prediction_dict(digit: DigitPrediction) -> dict[str, Any]:
    image, prediction = digit.image, digit.prediction
    entry: dict[str, Any] = {
        "answer": prediction.best.name if prediction.is_confident else None,
        "sure": prediction.is_confident,
        "top": [{"class": guess.name, "probability": guess.probability} for guess in prediction.top],
        "probabilities": list(prediction.probabilities),
    }
    if image.box is not None:
        entry["box"] = list(image.box)
    is_of_array = image.index is not None and image.box is None
    return entry if is_of_array else entry | {"pixels": digit.input_pixels.tolist()}


def _place_dict(name: str, image: DigitImage | UnusableImage) -> dict[str, Any]:
    return {"file": name} if image.index is None else {"file": name, "index": image.index}
