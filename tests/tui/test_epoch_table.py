"""The epoch table: what it marks, what it keeps in view, which columns it chooses."""

from __future__ import annotations

import pytest
from textual.events import Click
from textual.pilot import Pilot

from mnist_tui.tui.widgets.runs.run_view import RunView
from mnist_tui.tui.widgets.tables.epoch_table import EpochRows
from tests.tui.support import make_history, row, with_run_view


def test_only_the_best_row_is_marked() -> None:
    history = make_history(2)

    async def look(view: RunView, pilot: Pilot[None]) -> None:
        history.apply(row(3))
        history.apply(row(4, best=False))
        view.advance(history)
        rows = view.epochs.rows
        firsts = [str(rows.cells(row)[0]) for row in rows.rows]
        assert firsts == ["1", "2", "★ 3", "4"]

    with_run_view(look, history)


def test_it_follows_the_newest_row_until_the_reader_scrolls_away_and_again_at_the_end() -> None:
    history = make_history(60, epochs=99)

    async def scroll(view: RunView, pilot: Pilot[None]) -> None:
        rows = view.epochs.rows
        rows.focus()

        async def add(epoch: int) -> None:
            history.apply(row(epoch, epochs=99))
            view.advance(history)
            await pilot.pause()

        assert rows.scroll_y == rows.max_scroll_y > 0
        await pilot.press("pageup")
        await pilot.wait_for_animation()
        away = rows.scroll_y
        await add(61)
        assert rows.scroll_y == away < rows.max_scroll_y
        await pilot.press("ctrl+end")
        await pilot.wait_for_animation()
        await add(62)
        assert rows.scroll_y == rows.max_scroll_y

    with_run_view(scroll, history)


def test_it_stays_at_the_end_when_the_terminal_changes_size() -> None:
    async def resize(view: RunView, pilot: Pilot[None]) -> None:
        for size in ((80, 24), (200, 60), (90, 28)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            rows = view.epochs.rows
            assert rows.scroll_y == rows.max_scroll_y > 0

    with_run_view(resize, make_history(90, epochs=99))


def test_a_click_on_the_head_of_a_column_that_has_gone_is_no_error() -> None:
    """The terminal may become narrower between press and answer."""

    async def click(view: RunView, pilot: Pilot[None]) -> None:
        rows = view.epochs.rows
        rows.post_message(Click(rows, rows.size.width + 1, 0, 0, 0, 1, False, False, False))
        await pilot.pause()
        assert rows.is_running
        assert rows.head_at(rows.size.width + 1) == ""

    with_run_view(click, make_history(2))


def fitted(width: int, validated: bool) -> list[tuple[str, int]]:
    """The heads that fit, and the widths that they get."""
    rows, epoch = EpochRows(), row(1, validation_accuracy=0.5 if validated else None)
    rows._rows = [epoch]
    return [(column.head, taken) for column, taken in rows.fit_columns(width)]


@pytest.mark.parametrize("validated", [False, True])
@pytest.mark.parametrize("width", [37, 58, 70, 98, 200])
def test_the_columns_fit_the_width(width: int, validated: bool) -> None:
    columns = fitted(width, validated)

    heads = [head for head, _ in columns]
    assert sum(taken for _, taken in columns) <= width
    assert heads[0] == "epoch"
    assert all(len(head) < taken for head, taken in columns)


@pytest.mark.parametrize(
    ("width", "heads"),
    [
        (70, ["epoch", "train loss", "train acc", "test loss", "test acc", "lr", "img/s", "time"]),
        (69, ["epoch", "train loss", "train acc", "test loss", "test acc", "lr", "time"]),
        (61, ["epoch", "train", "acc %", "test", "acc %", "lr", "time"]),
        (49, ["epoch", "train", "acc %", "test", "acc %", "time"]),
        (41, ["epoch", "train", "acc %", "test", "acc %"]),
        (33, ["epoch", "train %", "test %"]),
    ],
)
def test_the_speed_goes_first_then_long_heads_the_rate_the_time_and_the_losses(width: int, heads: list[str]) -> None:
    assert [head for head, _ in fitted(width, False)] == heads


def test_validation_has_its_columns() -> None:
    history = make_history(1)
    history.apply(row(2, validation_loss=0.25, validation_accuracy=0.9876))

    async def look(view: RunView, pilot: Pilot[None]) -> None:
        rows = view.epochs.rows
        assert "98.76" in [str(cell) for cell in rows.cells(rows.rows[1])]

    with_run_view(look, history)
