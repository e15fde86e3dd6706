"""An answer is ten probabilities, the three likeliest, and whether they are worth saying."""

from __future__ import annotations

import math

import pytest
import torch

from mnist_tui.inference.prediction import THRESHOLD, prediction_from_logits, predictions_from_logits

CLASSES = tuple("0123456789")


def test_a_prediction_has_the_likeliest_first() -> None:
    logits = torch.zeros(10)
    logits[7], logits[1], logits[9] = 6.0, 3.0, 4.0
    prediction = prediction_from_logits(logits, CLASSES)
    assert [guess.name for guess in prediction.top] == ["7", "9", "1"]
    assert math.isclose(sum(prediction.probabilities), 1.0)
    assert prediction.best.probability == prediction.probabilities[7]
    assert (prediction.text, prediction.is_confident) == ("7", True)


@pytest.mark.parametrize(("probability", "is_confident"), [(THRESHOLD - 0.01, False), (THRESHOLD + 0.01, True)])
def test_below_the_threshold_it_is_not_sure(probability: float, is_confident: bool) -> None:
    logits = torch.full((1, 10), math.log((1 - probability) / 9))
    logits[0, 2] = math.log(probability)
    prediction = predictions_from_logits(logits, CLASSES)[0]
    assert (prediction.is_confident, prediction.text) == (is_confident, "2" if is_confident else "not sure")
