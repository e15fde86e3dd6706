"""What a trained network reads in a file: an answer for each digit in it, all computed in one forward pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mnist_tui.answer import Answer, answers
from mnist_tui.data.digit_file import DigitFile, DigitImage, UnusableImage, read_digits
from mnist_tui.errors import PictureError
from mnist_tui.trained import TrainedNetwork


@dataclass(frozen=True, eq=False)
class Prediction:
    """The answer for one image. `seen` is what the network judged of it: (28, 28) uint8, the digit perhaps upright."""

    image: DigitImage
    answer: Answer
    seen: Tensor

    @property
    def is_right(self) -> bool | None:
        """None where the file does not say what the digit is."""
        return None if self.image.label is None else self.image.label == self.answer.best.index


@dataclass(frozen=True, eq=False)
class PredictedFile:
    """The predictions for the file called `name`, in its order, with the images of it that could not be used."""

    name: str
    outcomes: Sequence[Prediction | UnusableImage]
    classes: Sequence[str]
    remarks: Sequence[str] = ()

    @property
    def predictions(self) -> list[Prediction]:
        """The images that were answered."""
        return [outcome for outcome in self.outcomes if isinstance(outcome, Prediction)]

    @property
    def unusable(self) -> list[UnusableImage]:
        """The images that were not."""
        return [outcome for outcome in self.outcomes if isinstance(outcome, UnusableImage)]

    @property
    def correct(self) -> tuple[int, int] | None:
        """How many answers are right, and of how many; None where the file does not say what the digits are."""
        judged = [prediction.is_right for prediction in self.predictions if prediction.is_right is not None]
        return (sum(judged), len(judged)) if judged else None

    def to_dicts(self) -> list[dict[str, Any]]:
        """An entry of plain values for each image.

        The images of a table or an array have no `pixels` in it, since the file itself holds them as numbers.
        """
        return [
            _prediction_dict(self.name, outcome, self.classes)
            if isinstance(outcome, Prediction)
            else _place_dict(self.name, outcome) | {"error": str(outcome.error)}
            for outcome in self.outcomes
        ]


def predict_file(name: str, network: TrainedNetwork, threshold: float) -> PredictedFile:
    """What `network` reads in the file called `name`. A file that cannot be used is one image that cannot."""
    try:
        file = read_digits(name)
        _check_labels(name, file, network)
    except PictureError as error:
        return PredictedFile(name, [UnusableImage(error)], network.classes)
    usable = [image for image in file.images if isinstance(image, DigitImage)]
    predictions = iter(_predict(usable, network, threshold))
    outcomes = [
        next(predictions) if isinstance(image, DigitImage) else image  # in the order of the file
        for image in file.images
    ]
    return PredictedFile(name, outcomes, network.classes, file.remarks)


def _predict(images: Sequence[DigitImage], network: TrainedNetwork, threshold: float) -> list[Prediction]:
    if not images:
        return []
    pixels = torch.from_numpy(np.stack([image.pixels for image in images]))[:, None]  # (N, 1, 28, 28) uint8
    found = answers(network.logits(pixels), network.classes, threshold)
    seen = network.sees(pixels)[:, 0]
    return [Prediction(*parts) for parts in zip(images, found, seen, strict=True)]


def _check_labels(name: str, file: DigitFile, network: TrainedNetwork) -> None:
    for image in file.images:
        label = image.label if isinstance(image, DigitImage) else None
        if label is not None and label >= len(network.classes):
            raise PictureError(
                f"{name}, {image.place}: its label is {label}, but run {network.run} has "
                f"{len(network.classes)} classes, 0 to {len(network.classes) - 1}",
                remedy="Choose a run of the same classes, or leave the labels out.",
            )


def _prediction_dict(name: str, prediction: Prediction, classes: Sequence[str]) -> dict[str, Any]:
    image, answer = prediction.image, prediction.answer
    entry = _place_dict(name, image)
    if image.label is not None:
        entry["label"] = classes[image.label]
    if image.box is not None:
        entry["box"] = list(image.box)
    entry |= {
        "answer": answer.best.name if answer.is_sure else None,
        "sure": answer.is_sure,
        "top": [{"class": guess.name, "probability": guess.probability} for guess in answer.top],
        "probabilities": list(answer.probabilities),
    }
    return entry if _is_of_array(image) else entry | {"pixels": prediction.seen.tolist()}


def _is_of_array(image: DigitImage) -> bool:
    return image.index is not None and image.box is None


def _place_dict(name: str, image: DigitImage | UnusableImage) -> dict[str, Any]:
    return {"file": name} if image.index is None else {"file": name, "index": image.index}
