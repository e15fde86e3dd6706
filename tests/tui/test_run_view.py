"""The view of one run as a whole: what it says in each state and at each size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from textual.pilot import Pilot

from mnist_tui.data.types import DIGITS
from mnist_tui.events import (
    CheckpointSaved,
    Event,
    Notice,
    RunFailed,
    RunFinished,
    RunPaused,
    RunStopped,
)
from mnist_tui.inference.digit_answers import Confusion, DigitAnswer
from mnist_tui.inference.layer_images import Filters
from mnist_tui.inference.prediction import predictions_from_logits
from mnist_tui.inspection.summary import BlockSummary, LayerSummary, ModelSummary
from mnist_tui.runs.history import RunHistory, RunStatus, fold
from mnist_tui.tui.widgets.runs.run_view import RunView
from mnist_tui.tui.widgets.tables.epoch_table import EpochRows
from mnist_tui.tui.workers.learning_viewer import LearningRequest, LearningSeen, LearningView, Moment
from mnist_tui.tui.workers.networks import SavedNetwork
from tests import trained_runs
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


def test_every_size_shows_number_curves_table_and_answers_and_is_not_empty() -> None:
    async def look(view: RunView, pilot: Pilot[None]) -> None:
        for finished in (0, 3):
            view.show(after(finished, progress(finished + 1, 5, batch_losses=(0.5,) * 5)))
            view.on_learning_seen(seen(view))
            for size in SIZES:
                await pilot.resize_terminal(*size)
                await wait_until_settled(view, pilot)
                text = screen_text(view)
                assert [
                    title for title in ("Loss", "Accuracy", "Epochs", "● epoch", "Digits") if title not in text
                ] == []
                assert f"epoch {finished + 1}/5 · step 5/20" in text
                assert ("★" in text) == (finished > 0)
                widgets = view.walk_children(with_self=True)
                assert not any(widget.show_horizontal_scrollbar for widget in widgets)
                if finished == 0:
                    assert blank_share(view) <= 0.5, (size, text)

    with_run_view(look, RunHistory())


def test_small_terminals_fold_the_lesser_panels_away() -> None:
    async def look(view: RunView, pilot: Pilot[None]) -> None:
        for size, folded, shown_there in (
            ((80, 24), ["Batch loss", "Filters", "Confusions"], ["Loss"]),
            ((120, 36), ["Filters", "Confusions"], ["Batch loss"]),
            ((200, 60), [], ["Batch loss", "Filters", "Confusions", "Model"]),
        ):
            await pilot.resize_terminal(*size)
            await wait_until_settled(view, pilot)
            text = screen_text(view)
            assert [title for title in folded if title in text] == []
            assert [title for title in shown_there if title not in text] == []

    with_run_view(look, make_history(2))


STATES: list[tuple[Event, list[str]]] = [
    (RunPaused(epoch=3, step=45), ["‖ epoch 3/5", "paused"]),
    (
        RunStopped(epoch=3, step=45, reason="asked to"),
        ["■ Stopped: asked to.", "resumes at epoch 3 of 5, step 0 of 20"],
    ),
    (
        RunFailed(error="Diverged", message="The loss is NaN.", remedy="Lower lr."),
        ["✗ Diverged", "The loss is NaN.", "→ Lower lr."],
    ),
    (
        FINISHED,
        ["✓ 2 epochs in 18.0 s", "97.50 % (epoch 2)", "final test accuracy", "mean epoch 9.0 s", "total 18.0 s"],
    ),
]


def test_each_state_is_told_in_words_and_by_a_sign_at_every_size() -> None:
    async def look(view: RunView, pilot: Pilot[None]) -> None:
        assert "no run yet" in screen_text(view)
        for event, words in STATES:
            running = [] if isinstance(event, RunFinished) else [progress(3, 5)]
            view.show(after(2, CheckpointSaved(epoch=3, step=40, path="x"), *running, event))
            for size in ((120, 36), (80, 24)):
                await pilot.resize_terminal(*size)
                await wait_until_settled(view, pilot)
                text = screen_text(view)
                said = [word for word in words if size[0] > 100 or word[0] in "‖■✗✓→r"]
                assert [word for word in said if word not in text] == [], text
                assert "left" not in text
                assert "img/s" not in text.splitlines()[1]

    with_run_view(look, RunHistory())


def test_the_published_figures_are_only_beside_the_recipe_that_they_are_of() -> None:
    async def look(view: RunView, pilot: Pilot[None]) -> None:
        for recipe, is_shown in (("quick", False), ("reference", True)):
            started = replace(run_started(), config={"batch_size": 16, "recipe": recipe})
            view.show(fold([started, *epoch_events(1), FINISHED]))
            await wait_until_settled(view, pilot)
            assert ("reference paper run 99.47 %" in screen_text(view)) == is_shown

    with_run_view(look, RunHistory())


def test_the_first_row_is_of_one_height_until_the_run_has_finished() -> None:
    async def look(view: RunView, pilot: Pilot[None]) -> None:
        tops = set()
        for event, _ in STATES[:-1]:
            view.show(after(2, progress(3, 5), event))
            await wait_until_settled(view, pilot)
            tops.add(view.curves.region.y)
        assert len(tops) == 1
        view.show(after(2, FINISHED))
        await wait_until_settled(view, pilot)
        assert view.curves.region.y > max(tops)  # the card

    with_run_view(look, RunHistory())


def test_the_answers_are_said_with_a_sign_and_how_sure() -> None:
    async def look(view: RunView, pilot: Pilot[None]) -> None:
        view.show(after(1, progress(2, 5)))
        view.on_learning_seen(seen(view, wrong=4))
        await wait_until_settled(view, pilot)
        text = screen_text(view)
        assert "Digits now · 9 of 10 right" in text
        assert "9 ✗" in text
        assert "4 → 9" in text
        assert "1 wrong of 1,000 · epoch 2, step 5" in text
        view.app.theme = "textual-light"
        await wait_until_settled(view, pilot)
        assert "9 ✗" in screen_text(view)

    with_run_view(look, RunHistory(), (160, 44))


def test_the_projector_shows_the_number_one_chart_and_a_row_of_digits_alone() -> None:
    async def look(view: RunView, pilot: Pilot[None]) -> None:
        view.on_learning_seen(seen(view))
        for size in ((80, 24), (200, 60)):
            await pilot.resize_terminal(*size)
            await view.show_projector(True)
            await wait_until_settled(view, pilot)
            text = screen_text(view)
            assert "██" in text
            assert "%  test accuracy · epoch 3/5" in text
            assert "Accuracy" in text
            assert "9✓" in text.replace(" ", "")
            assert [title for title in ("Loss", "Epochs", "Confusions") if title in text] == []
            await view.show_projector(False)
            await wait_until_settled(view, pilot)
            assert "Epochs" in screen_text(view)

    with_run_view(look, after(2, progress(3, 5)))


def seen(view: RunView, *, wrong: int | None = None) -> LearningSeen:
    """What the network makes of ten digits; of `wrong` it says 9."""
    said = [9 if label == wrong else label for label in range(10)]
    predictions = predictions_from_logits(torch.nn.functional.one_hot(torch.tensor(said), 10) * 3.0, DIGITS)
    images = trained_runs.pictures(list(range(10)))[:, 0]
    answers = tuple(map(DigitAnswer, range(10), images, range(10), predictions))
    filters = Filters("conv", "Conv2d", torch.linspace(-1, 1, 72).view(8, 3, 3))
    confusions = () if wrong is None else (Confusion(wrong, 9, 1),)
    found = LearningView(DIGITS, answers, filters, filters, confusions, 1000, Moment(1, 5))
    request = LearningRequest(SavedNetwork(Path()))
    view._learning._asked = request
    return LearningSeen(request, found)


def blank_share(view: RunView) -> float:
    """Of the cells, how many have nothing in them: a blank on the screen's own background."""
    background = view.screen.rich_style.bgcolor
    blank = total = 0
    for strip in view.screen._compositor.render_strips():
        for segment in strip:
            total += len(segment.text)
            if segment.style is None or segment.style.bgcolor in (None, background):
                blank += segment.text.count(" ")
    return blank / total


def test_an_interrupted_run_says_that_nothing_ended_it() -> None:
    history = after(2, progress(3, 5))
    history.status = RunStatus.INTERRUPTED

    assert "! The process ended unexpectedly in the middle of an epoch." in shown(history)


def test_stopping_shows_until_the_run_has_stopped() -> None:
    history = after(2, progress(3, 5))

    async def stop(view: RunView, pilot: Pilot[None]) -> None:
        view.show_stopping(True)
        await pilot.pause()
        assert "◌ epoch 3/5" in screen_text(view)
        assert "stopping" in screen_text(view)
        history.apply(RunStopped(epoch=3, step=45, reason="asked to"))
        view.advance(history)
        await pilot.pause()
        assert "■ Stopped: asked to." in screen_text(view)

    with_run_view(stop, history)


def test_the_decisive_notice_has_the_one_line_until_it_is_hidden() -> None:
    failures = [Notice(message=f"mirror {index} failed", topic="data", severity="detail") for index in range(3)]
    decisive = Notice(topic="data", message="training on synthetic digits instead", severity="decisive")
    history = after(1, *failures, decisive, Notice(message="two threads"))

    async def look(view: RunView, pilot: Pilot[None]) -> None:
        first = screen_text(view).splitlines()[0]
        assert "⚠ training on synthetic digits instead" in first
        assert "! all 5 · Esc hides" in first
        assert view.notices.size.height == 1
        assert [notice.message for notice in view.notices.notices[:2]] == [decisive.message, "two threads"]
        view.epochs.rows.focus()
        await pilot.press("escape")
        await pilot.pause()
        assert "⚠" not in screen_text(view)
        history.apply(Notice(message="another one"))
        view.advance(history)
        await pilot.pause()
        assert "⚠ training on synthetic digits instead" in screen_text(view)

    with_run_view(look, history)


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
        await pilot.resize_terminal(120, 110)
        await pilot.pause()
        assert "block1.conv29" in screen_text(view)

    with_run_view(look, make_history(1))


def test_another_run_replaces_all_of_the_first() -> None:
    async def look(view: RunView, pilot: Pilot[None]) -> None:
        view.show(RunHistory())
        await wait_until_settled(view, pilot)
        text = screen_text(view)
        assert "Waiting for the first steps" in text
        assert "Waiting for the first batches" in text
        assert "0.2000" not in text

    with_run_view(look, make_history(5))


def test_without_color_the_lines_and_states_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    text = shown(after(3, progress(4, 5, batch_losses=(0.2, 0.9) * 30)))

    assert all(sign in text for sign in ("━ train", "● test", "★ 3", "● epoch 4/5"))


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
        assert "● epoch 8/9" in text

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
        assert [rows.cells(row)[0].plain for row in rows.rows] == ["1", "★ 2", "3"]

    with_run_view(resume, history)
