"""The view of one run as a whole: what it says in each state and at each size."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from mnist_tui.events import (
    CheckpointSaved,
    Event,
    Notice,
    RunFailed,
    RunFinished,
    RunPaused,
    RunStopped,
)
from mnist_tui.inspection.summary import BlockSummary, LayerSummary, ModelSummary
from mnist_tui.runs.history import RunHistory, RunStatus
from mnist_tui.tui.widgets.runs.run_view import RunView
from mnist_tui.tui.widgets.tables.epoch_table import EpochRows
from tests.tui.support import (
    SIZES,
    epoch_events,
    make_history,
    progress,
    row,
    run_started,
    screen_text,
    wait_until_settled,
    with_run_view,
)

FINISHED = RunFinished(
    epochs=2,
    best_epoch=2,
    best_accuracy=0.975,
    best_test_accuracy=0.975,
    best_test_loss=0.1,
    best_train_loss=0.2,
    final_test_accuracy=0.974,
    final_test_loss=0.11,
    selected_on="test",
    seconds=18.0,
    mean_epoch_seconds=9.0,
)


def shown(history: RunHistory, size: tuple[int, int] = (120, 36), *keys: str) -> str:
    """The screen's text for this run, after these keys."""
    texts: list[str] = []

    async def look(view: RunView, pilot: Pilot[None]) -> None:
        await pilot.press(*keys)
        await wait_until_settled(view, pilot)
        texts.append(screen_text(view))

    with_run_view(look, history, size)
    return texts[0]


def after(finished: int, *events: Event) -> RunHistory:
    history = make_history(finished)
    for event in events:
        history.apply(event)
    return history


@pytest.mark.parametrize("finished", [0, 1, 3])
def test_every_size_shows_curves_table_and_progress(finished: int) -> None:
    async def look(view: RunView, pilot: Pilot[None]) -> None:
        for size in SIZES:
            await pilot.resize_terminal(*size)
            await wait_until_settled(view, pilot)
            text = screen_text(view)
            assert all(title in text for title in ("Loss", "Accuracy", "Epochs", "● training"))
            assert f"epoch {finished + 1}/5" in text
            assert ("★" in text) == (finished > 0)
            assert ("No epoch is finished yet" in text) == (finished == 0)
            widgets = view.walk_children(with_self=True)
            assert not any(widget.show_horizontal_scrollbar for widget in widgets)

    with_run_view(look, after(finished, progress(finished + 1, 5, batch_losses=(0.5,) * 5)))


def test_small_terminals_fold_the_lesser_panels_away() -> None:
    assert "Batch loss" not in shown(make_history(2), (80, 24))
    assert "Batch loss" in shown(make_history(2), (120, 36))


def test_no_run_says_so_calmly() -> None:
    assert "no run yet" in shown(RunHistory())


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (RunPaused(epoch=3, step=45), ["‖ paused", "epoch 3/5"]),
        (RunStopped(epoch=3, step=45, reason="asked to"), ["■ stopped", "asked to", "resumes from step 40"]),
        (
            RunFailed(error="Diverged", message="The loss is NaN.", remedy="Lower lr."),
            ["✗ failed", "The loss is NaN.", "→ Lower lr."],
        ),
        (FINISHED, ["✓ finished", "97.50 % @ 2", "final 97.40 %", "9.0 s", "published 99.47 %"]),
    ],
)
def test_each_state_is_told_in_words_and_by_a_sign(event: Event, words: list[str]) -> None:
    text = shown(after(2, CheckpointSaved(epoch=3, step=40, path="x"), progress(3, 5), event))

    assert [word for word in words if word not in text] == []


def test_an_interrupted_run_says_that_nobody_ended_it() -> None:
    history = after(2, progress(3, 5))
    history.status = RunStatus.INTERRUPTED

    assert "! interrupted" in shown(history)


def test_stopping_shows_until_the_run_has_stopped() -> None:
    history = after(2, progress(3, 5))

    async def stop(view: RunView, pilot: Pilot[None]) -> None:
        view.show_stopping(True)
        await pilot.pause()
        assert "◌ stopping" in screen_text(view)
        history.apply(RunStopped(epoch=3, step=45, reason="asked to"))
        view.advance(history)
        await pilot.pause()
        assert "■ stopped" in screen_text(view)

    with_run_view(stop, history)


def test_a_notice_about_the_data_comes_first() -> None:
    notices = [Notice(message=f"number {index}") for index in range(3)]
    text = shown(after(1, *notices, Notice(topic="data", message="drawn digits instead of MNIST"), *notices))

    assert "⚠ drawn digits instead of MNIST" in text.splitlines()[0]
    assert "2 more" in text


def test_text_of_a_run_is_no_markup() -> None:
    text = shown(after(1, RunFailed(error="E", message="no [bold] here [/]", remedy="see [x]")))

    assert "no [bold] here [/]" in text


def test_the_model_is_shown_by_block_with_its_totals() -> None:
    layers = [
        LayerSummary(f"block1.conv{index}", "Conv2d", "Conv2d", "3×3", (8, 28, 28), 80, 56_448, 3)
        for index in range(30)
    ]
    block = BlockSummary("block1", "Block", (8, 14, 14), 696, 508_032, 6)
    head = LayerSummary("flatten", "Flatten", "Flatten", "", (10,), 0, 0, 44)
    summary = ModelSummary("net", (1, 28, 28), 6_790, 6_790, 1_306_144, 1, (*layers, head), (block,), ())

    async def look(view: RunView, pilot: Pilot[None]) -> None:
        assert "no layer table" in screen_text(view)
        view.model.show_model(summary)
        await pilot.pause()
        text = screen_text(view)
        assert "Model · 6,790 parameters · 1.31 M MACs" in text
        assert "8×14×14" in text
        assert "conv1" not in text
        await pilot.resize_terminal(120, 90)
        await pilot.pause()
        assert "block1.conv29" in screen_text(view)

    with_run_view(look, make_history(1))


def test_another_run_replaces_all_of_the_first() -> None:
    async def look(view: RunView, pilot: Pilot[None]) -> None:
        view.show(RunHistory())
        await wait_until_settled(view, pilot)
        text = screen_text(view)
        assert "No epoch is finished yet" in text
        assert "Waiting for the first batches" in text
        assert "0.2000" not in text

    with_run_view(look, make_history(5))


def test_without_color_the_lines_and_states_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    text = shown(after(3, progress(4, 5, batch_losses=(0.2, 0.9) * 30)))

    assert all(sign in text for sign in ("━ train", "● test", "★ 3", "● training"))


def test_z_shows_one_panel_alone_and_all_again() -> None:
    assert "Accuracy" not in shown(make_history(2), (120, 36), "z")
    assert "Accuracy" in shown(make_history(2), (120, 36), "z", "z")


def test_z_takes_the_panel_with_the_focus() -> None:
    async def look(view: RunView, pilot: Pilot[None]) -> None:
        view.query_one(EpochRows).focus()
        await pilot.press("z")
        await pilot.pause()
        text = screen_text(view)
        assert "Epochs" in text
        assert "Loss" not in text

    with_run_view(look, make_history(2))


def test_a_storm_of_sizes_and_events_leaves_a_whole_picture() -> None:
    history = after(0)

    async def storm(view: RunView, pilot: Pilot[None]) -> None:
        for epoch, size in enumerate([(20, 6), (1, 1), (300, 90), (79, 23), (110, 30), (80, 24), (121, 37)], 1):
            await pilot.resize_terminal(*size)
            for event in epoch_events(epoch, epochs=9):
                history.apply(event)
                view.advance(history)
        await wait_until_settled(view, pilot)
        text = screen_text(view)
        assert "★ 7" in text
        assert "● training" in text

    with_run_view(storm, history)


def test_a_change_of_theme_redraws_everything() -> None:
    async def change(view: RunView, pilot: Pilot[None]) -> None:
        for theme in ("textual-light", "textual-dark", "nord"):
            view.app.theme = theme
            await wait_until_settled(view, pilot)
            assert "★ 3" in screen_text(view)

    with_run_view(change, make_history(3))


def test_a_resumed_run_forgets_what_came_after_its_checkpoint() -> None:
    history = make_history(4)

    async def resume(view: RunView, pilot: Pilot[None]) -> None:
        history.apply(run_started(resumed_step=40, resumed_epoch=2))
        view.advance(history)
        history.apply(row(3, test_accuracy=0.5, best=False))
        view.advance(history)
        await wait_until_settled(view, pilot)
        rows = view.epochs.rows
        assert [str(rows.cells(row)[0]) for row in rows.rows] == ["1", "★ 2", "3"]

    with_run_view(resume, history)
