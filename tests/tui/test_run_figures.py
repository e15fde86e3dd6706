"""What the row above the charts says of a run, and how: pure functions."""

from __future__ import annotations

import pytest

from mnist_tui.events import CheckpointSaved, Progress, RunFailed, RunPaused, RunStopped
from mnist_tui.runs.history import RunHistory, RunStatus, fold
from mnist_tui.tui.widgets.runs import run_figures
from mnist_tui.tui.widgets.runs.digits_layout import MOST_LINES, choose_layout
from mnist_tui.tui.widgets.runs.large_figures import ROWS, large_figures
from mnist_tui.tui.widgets.runs.projector import draw_figures
from mnist_tui.tui.widgets.runs.run_bar import run_bar
from mnist_tui.tui.widgets.runs.run_layout import DIGITS, arrange
from tests.tui.support import epoch_events, progress, row, run_started


def history(*events: object) -> RunHistory:
    return fold([run_started(), *events])  # type: ignore[list-item]


@pytest.mark.parametrize("text", ["98.06 %", "–", "100.00 %", ""])
def test_large_figures_are_three_lines_of_one_length(text: str) -> None:
    lines = large_figures(text)
    assert len(lines) == ROWS
    assert len({len(line) for line in lines}) == 1


def test_the_figures_of_the_projector_fill_their_room_and_no_more() -> None:
    small, large = draw_figures("98.06", 76, 7), draw_figures("98.06", 196, 22)
    assert (len(small), len(large)) == (7, 14)
    assert max(map(len, small)) <= 76
    assert max(map(len, large)) <= 196


def test_before_the_first_test_the_number_is_the_training_accuracy() -> None:
    assert run_figures.main_number(history()).value is None
    running = run_figures.main_number(history(progress(1, 5, accuracy=0.62)))
    assert (running.value, running.label) == (0.62, "train accuracy so far")
    tested = run_figures.main_number(history(row(1, test_accuracy=0.97), progress(2, 5)))
    assert (tested.value, tested.label) == (0.97, "test accuracy")


def test_the_change_has_a_sign_and_says_since_when() -> None:
    first, better, worse = (row(1, test_accuracy=0.97), row(2, test_accuracy=0.98), row(3, test_accuracy=0.975))
    assert run_figures.change(history()).plain == "first test after epoch 1"
    assert run_figures.change(history(first, better)).plain == "▲ +1.00 since epoch 1"
    assert run_figures.change(history(first, better, worse)).plain == "▼ −0.50 since epoch 2"


def values(history: RunHistory, state: str) -> list[str]:
    return [value for _, value in run_figures.time_facts(history, state)]


def test_the_time_left_and_the_speed_are_said_only_while_they_are_true() -> None:
    settled: Progress = progress(1, 10)
    assert values(history(settled), "training") == ["0:00 left", "0:01 left", "1,000 img/s"]
    assert values(history(progress(1, 1, steps=5000)), "training") == ["…", "…", "…"]
    paused = history(settled, RunPaused(epoch=1, step=10))
    assert not any("left" in value or "img/s" in value for value in values(paused, "paused"))
    assert values(history(progress(1, 5000, steps=10_000, phase="evaluating")), "evaluating")[0] == "testing 50 %"


def test_an_early_end_says_why_and_where_it_goes_on() -> None:
    saved = CheckpointSaved(epoch=4, step=65, path="x")
    stopped = history(*epoch_events(1), saved, RunStopped(epoch=4, step=65, reason="stopped from the dashboard"))
    assert run_figures.end_reason(stopped) == "Stopped from the dashboard."
    assert run_figures.resume_point(stopped) == "resumes at epoch 4 of 5, step 5 of 20"
    for reason, said in (("stopped in the dashboard", "Stopped from the dashboard."), ("Ctrl+C", "Stopped: Ctrl+C.")):
        assert run_figures.end_reason(history(RunStopped(epoch=1, step=1, reason=reason))) == said
    stopped.status = RunStatus.INTERRUPTED
    assert run_figures.end_reason(stopped) == "The process ended unexpectedly in the middle of an epoch."


def test_a_failure_is_named_by_its_type_and_place() -> None:
    assert run_figures.failure_title(RunFailed(error="DivergedError", message="m")) == "DivergedError"
    placed = RunFailed(error="NetworkCodeError", message="m", place="ValueError · bad.py:7 in forward")
    assert run_figures.failure_title(placed) == "ValueError · bad.py:7 in forward"


@pytest.mark.parametrize("width", [0, 1, 12, 40, 160])
@pytest.mark.parametrize("done", [0.0, 0.5, 2.25, 5.0, 60.0])
@pytest.mark.parametrize("epochs", [1, 5, 60])
def test_the_bar_has_its_width_whatever_is_done(width: int, done: float, epochs: int) -> None:
    assert run_bar(done, epochs, width, "$primary").cell_length == width


def test_the_bar_has_a_tick_at_the_end_of_each_epoch() -> None:
    bar = run_bar(1.5, 4, 40, "$primary").plain
    assert [at for at, cell in enumerate(bar) if cell in "┆┿"] == [10, 20, 30]
    assert bar.startswith("━" * 10 + "┿" + "━" * 4 + "─")
    # Of many epochs each fifth or tenth, or there would be nothing but ticks.
    assert run_bar(1.5, 60, 40, "$primary").plain.count("┆") < 12


@pytest.mark.parametrize("width", [0, 9, 36, 72, 130])
@pytest.mark.parametrize("height", [0, 4, 11, 16, 40])
def test_digits_stay_within_their_room(width: int, height: int) -> None:
    layout = choose_layout(DIGITS, width, height)
    if layout is not None:
        assert layout.across * (layout.width + 1) - 1 <= width
        assert layout.height(DIGITS) <= height
        assert layout.lines <= MOST_LINES


@pytest.mark.parametrize("table", [3, 4, 18, 63])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (80, 19), (120, 28), (140, 32), (200, 52), (300, 90)])
def test_the_panels_of_a_column_fill_it(width: int, height: int, table: int) -> None:
    layout = arrange(width, height, table=table)
    assert layout.digits + layout.table + layout.model == height
    assert min(layout.digits, layout.table, layout.model) >= 0
    assert layout.right <= width
