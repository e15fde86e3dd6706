"""The evaluation's figures are scikit-learn's for the same logits."""

from __future__ import annotations

import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from mnist_tui.inference.evaluation import Evaluation, evaluate_logits, wilson_interval

CLASSES = tuple("0123456789")


def some_logits(count: int, seed: int, strength: float = 2.0) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 10, (count,), generator=random)
    logits = torch.randn(count, 10, generator=random)
    return logits + strength * torch.nn.functional.one_hot(labels, 10), labels


def report(count: int = 500, seed: int = 1, strength: float = 2.0) -> Evaluation:
    return evaluate_logits(*some_logits(count, seed, strength), CLASSES)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 300), st.integers(0, 1000), st.floats(0, 6))
def test_the_figures_are_scikit_learns(count: int, seed: int, strength: float) -> None:
    from sklearn import metrics

    logits, labels = some_logits(count, seed, strength)
    ours, guesses = evaluate_logits(logits, labels, CLASSES), logits.argmax(1)
    assert ours.accuracy == pytest.approx(metrics.accuracy_score(labels, guesses))
    probabilities = logits.double().softmax(1)
    assert ours.loss == pytest.approx(metrics.log_loss(labels, probabilities, labels=range(10)))
    theirs = metrics.precision_recall_fscore_support(labels, guesses, labels=range(10), zero_division=0)
    for index, score in enumerate(ours.per_class):
        assert (score.precision, score.recall, score.f1, score.support) == pytest.approx(
            tuple(values[index] for values in theirs)
        )
    assert [list(row) for row in ours.confusion] == metrics.confusion_matrix(labels, guesses, labels=range(10)).tolist()


def test_the_interval_is_wilsons() -> None:
    # Newcombe, Two-sided confidence intervals for the single proportion (1998), table I: method 3.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson_interval(29, 29)[1] == pytest.approx(1.0)


def test_the_mistakes_come_surest_first() -> None:
    logits, labels = some_logits(500, seed=2)
    mistakes = evaluate_logits(logits, labels, CLASSES).mistakes
    assert {entry.index for entry in mistakes} == set((logits.argmax(1) != labels).nonzero().flatten().tolist())
    assert [entry.confidence for entry in mistakes] == sorted((m.confidence for m in mistakes), reverse=True)
    worst = mistakes[0]
    assert worst.truth == labels[worst.index]
    assert worst.predicted == logits[worst.index].argmax()
    assert worst.truth_probability == pytest.approx(float(logits[worst.index].double().softmax(0)[worst.truth]))


def test_a_cell_of_the_matrix_has_its_mistakes() -> None:
    found = report()
    for truth in range(10):
        for guess in range(10):
            count = found.confusion[truth][guess] if truth != guess else 0
            assert len(found.mistakes_in(truth, guess)) == count


def test_the_calibration_error_is_the_mean_gap_of_the_bins() -> None:
    found = report(2000)
    bins = found.calibration.bins
    assert (len(bins), sum(entry.images for entry in bins)) == (15, 2000)
    gaps = sum(entry.images * abs(entry.accuracy - entry.confidence) for entry in bins) / 2000
    assert found.calibration.error == pytest.approx(gaps)
    assert all(entry.low < entry.confidence <= entry.high for entry in bins if entry.images)


def test_always_right_and_certain_is_calibrated() -> None:
    labels = torch.arange(10)
    found = evaluate_logits(100.0 * torch.eye(10), labels, CLASSES)
    assert (found.accuracy, found.mistakes) == (1.0, ())
    assert found.calibration.error == pytest.approx(0)


def test_the_report_is_plain_values() -> None:
    assert json.loads(json.dumps(report(50).to_dict()))["images"] == 50
