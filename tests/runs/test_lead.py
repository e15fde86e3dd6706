"""How far a run is ahead of another: at the same epoch, and in time."""

from __future__ import annotations

import pytest

from mnist_tui.runs.history import RunHistory
from mnist_tui.runs.lead import Lead, describe_lead, find_lead
from tests.tui.support import make_history, progress, row, run_started


def test_it_is_compared_at_the_last_epoch_that_both_have_finished() -> None:
    run, reference = make_history(0), make_history(5)
    run.apply(run_started())
    for epoch in (1, 2):
        run.apply(row(epoch, test_accuracy=0.98, seconds=7.0))

    lead = find_lead(run, reference)

    assert lead is not None
    # The reference has 1 - 0.05 / 2 after two epochs, of 9 s each.
    assert (lead.accuracy, lead.measured_on, lead.seconds) == (pytest.approx(0.005), "test", pytest.approx(4.0))
    assert describe_lead(lead) == "ahead by 0.50 %, 4 s earlier"


def test_in_the_first_epoch_the_accuracies_so_far_are_compared_at_the_same_step() -> None:
    run, reference = RunHistory(), RunHistory()
    for history, accuracy in ((run, 0.6), (reference, 0.5)):
        history.apply(run_started())
        for step in (5, 10, 15):
            history.apply(progress(1, step, accuracy=accuracy + step / 100))
            if history is run and step == 10:
                break

    lead = find_lead(run, reference)

    assert lead is not None
    assert lead.accuracy == pytest.approx(0.1)
    assert lead.measured_on == "train"


def test_within_an_epoch_the_time_is_that_of_the_same_step() -> None:
    run, reference = make_history(2), make_history(5)
    # 20 steps of 16 images: 4 s for the whole epoch at this speed, where the reference took 9 s.
    run.apply(progress(3, 10, images_per_second=80.0))

    lead = find_lead(run, reference)

    assert lead is not None
    assert lead.seconds == pytest.approx(9 / 2 - 4 / 2)
    assert lead.accuracy == pytest.approx(0)


def test_there_is_nothing_to_say_before_a_run_has_begun_and_beyond_the_end_of_the_reference() -> None:
    assert find_lead(RunHistory(), make_history(2)) is None
    assert find_lead(make_history(4), make_history(2)) is None


@pytest.mark.parametrize(
    ("lead", "words"),
    [
        (Lead(-0.0005, "test", 12.4), "behind by 0.05 %, 12 s earlier"),
        (Lead(0.0, "test", -3.0), "level, 3 s later"),
        (Lead(0.1, "train", None), "ahead by 10.00 %"),
        (Lead(0.001, "test", 0.2), "ahead by 0.10 %"),
    ],
)
def test_a_lead_is_told_in_words(lead: Lead, words: str) -> None:
    assert describe_lead(lead) == words
