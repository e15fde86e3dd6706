"""What is seen while a run goes and when it is over: progress, the two views, the statistics, the lists."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from mnist_tui.cli.views.dataset_table import dataset_table
from mnist_tui.cli.views.live import LiveView
from mnist_tui.cli.views.plain import PlainView
from mnist_tui.cli.views.run_statistics import statistics_panel
from mnist_tui.cli.views.run_tables import run_table
from mnist_tui.events import CheckpointSaved, DataProgress, EpochStarted, Event, Notice, Preparing, RunPaused
from mnist_tui.render.progress_line import data_line, progress_lines
from mnist_tui.runs.history import RunHistory, fold
from mnist_tui.runs.summary import RunSummary
from tests.render.samples import progress, row, run_started, text

BEGIN = EpochStarted(epoch=1, epochs=15, steps=3750)


def running(*events: Event) -> RunHistory:
    return fold([run_started(), *events])


def widest(shown: str) -> int:
    return max(map(cell_len, shown.splitlines()))


def test_progress_is_two_lines_in_80_columns() -> None:
    lines = text(progress_lines(running(row(3), progress(2331)))).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("epoch 4/15 training ━")
    assert lines[0].rstrip().endswith("62 %  2,331/3,750  0:04 left")
    assert lines[1].rstrip() == "loss 0.1234  acc 96.17 %  6,412 img/s  run 1:44 left  best 97.30 % @ 3"


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_progress_never_wraps(width: int) -> None:
    far = progress(99_999_999, epoch=999_999, epochs=999_999, steps=99_999_999, images_per_second=1e6)
    shown = text(progress_lines(running(row(3), far)), width)
    assert len(shown.splitlines()) == 2
    assert widest(shown) <= width


def test_before_the_first_step_there_is_no_progress() -> None:
    assert text(progress_lines(running())).strip() == ""
    assert "0 %  0/0" in text(progress_lines(running(progress(0, steps=0, images_per_second=0.0))))


@pytest.mark.parametrize(
    ("stage", "total", "unit", "shown"),
    [
        ("fetching", 9_912_422, "bytes", "2.5 MB of 9.9 MB"),
        ("fetching", None, "bytes", "2.5 MB"),
        ("drawing", 60_000, "images", "2,500,000 of 60,000 images"),
    ],
)
def test_a_dataset_on_its_way(stage: str, total: int | None, unit: str, shown: str) -> None:
    fields = {"stage": stage, "total": total, "unit": unit}
    event = DataProgress(dataset="mnist", item="train", done=2_500_000, **fields)  # type: ignore[arg-type]
    line = text(data_line(event))
    assert line.startswith(f"{stage} train ")
    assert line.rstrip().endswith(shown)
    assert widest(line) <= 80


def test_what_a_backend_does_first_is_shown_until_the_run_begins() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80, legacy_windows=False)
    with LiveView(console) as view:
        view.show(Preparing(what="compiling the step for AVX-512"))
        assert text(view._frame()).rstrip() == "Compiling the step for AVX-512 …"
        view.show(run_started())
        assert "Compiling" not in text(view._frame())


def test_a_resumed_run_has_the_rows_that_its_checkpoint_had_seen_and_no_others() -> None:
    out, shown = io.StringIO(), Console(file=io.StringIO(), width=80, force_terminal=True)
    before = [fold([run_started(), row(1), row(2), row(3)]) for _ in range(2)]
    resumed = dataclasses.replace(run_started(), resumed_epoch=2, resumed_step=7500)
    with (
        PlainView(Console(file=out), Console(quiet=True), before[0]) as plain,
        LiveView(shown, before[1]) as live,
    ):
        for event in (resumed, BEGIN, row(3, test_accuracy=0.5)):
            plain.show(event)
            live.show(event)
    lines = out.getvalue().splitlines()
    assert [line[:11] for line in lines[1:]] == ["epoch  1/15", "epoch  2/15", "epoch  3/15"]
    assert "50.00 %" in lines[-1]
    assert [len(view.history.rows) for view in (plain, live)] == [3, 3]


def test_plain_results_and_the_rest_go_different_ways() -> None:
    out, err = io.StringIO(), io.StringIO()
    with PlainView(Console(file=out), Console(file=err)) as view:
        for done in (1, 2):
            view.show(DataProgress(dataset="mnist", stage="fetching", item="a.gz", done=done, total=2, unit="bytes"))
        view.show(DataProgress(dataset="mnist", stage="checking", item="b.gz", done=2, total=2, unit="bytes"))
        view.show(Preparing(what="compiling the step"))
        for event in (run_started(), Notice(message="Look [here]"), BEGIN, progress(1), row(1), BEGIN, row(2)):
            view.show(event)
        view.show(RunPaused(epoch=3, step=7500))
        view.show(CheckpointSaved(epoch=3, step=7500, path="last.ckpt"))
    assert err.getvalue().splitlines() == [
        "fetching mnist a.gz …",
        "compiling the step …",
        "notice: Look [here]",
        "paused at step 7,500",
    ]
    head, *epochs = out.getvalue().splitlines()
    assert head == "run 2026-11-23T21-14-07-mnist-reference: mnist · reference · recipe reference · cpu×2 · seed 1"
    assert [line[:11] for line in epochs] == ["epoch  1/15", "epoch  2/15"]


@pytest.mark.parametrize(("width", "height"), [(60, 10), (80, 24), (200, 50)])
def test_the_live_view_never_outgrows_the_screen(width: int, height: int) -> None:
    sent = io.StringIO()
    console = Console(file=sent, force_terminal=True, width=width, height=height, legacy_windows=False)
    with LiveView(console) as view:
        view.show(run_started())
        for epoch in range(1, height + 10):
            view.history.apply(row(epoch))
        view.show(progress(10, epoch=height + 10, epochs=100))
        assert len(console.render_lines(view._frame(), console.options)) <= height
        view.show(Notice(message="A notice with [brackets] above the table."))
    assert "A notice with [brackets] above the table." in sent.getvalue()
    assert sent.getvalue().endswith("\n")
    assert sent.getvalue().rfind("\x1b[?25h") > sent.getvalue().rfind("\x1b[?25l")


def test_the_statistics_stand_beside_the_published_ones_on_mnist_only() -> None:
    ours = running(row(1), row(2), row(3, best=False, test_accuracy=0.95))
    panel = text(statistics_panel(ours))
    assert widest(panel) <= 80
    assert "97.20 % (epoch 2)" in panel
    assert "99.47 % (epoch 12)" in panel
    assert "fell every epoch" in panel
    drawn = text(statistics_panel(fold([run_started("synthetic"), row(1)])))
    assert "99.47" not in drawn
    assert "this run" not in drawn  # the heading beside "published"


def test_the_statistics_say_what_chose_the_best_epoch() -> None:
    held_out = running(row(1, validation_loss=0.1, validation_accuracy=0.9))
    assert "The best epoch was selected on held-out training images" in text(statistics_panel(held_out))
    assert "selected on the test set itself" in text(statistics_panel(running(row(1))))
    assert text(statistics_panel(running())).strip() == ""


def test_the_list_of_runs_is_not_markup() -> None:
    shown = text(run_table([RunSummary(name="[bold]x", path="x", status="unreadable")]))
    assert "[bold]x" in shown
    assert "unreadable" in shown


def test_a_dataset_with_a_missing_file_fits_80_columns() -> None:
    file = {"path": str(Path("/data/[x]/train.gz")), "md5": "f" * 32, "bytes": None, "verified": False}
    info = {
        "name": "mnist",
        "source": "/data",
        "files": [{**file, "problem": "it is [missing]"}],
        "contents": None,
        "classes": [],
    }
    shown = text(dataset_table(info))
    assert widest(shown) <= 80
    assert "✗" in shown
    assert "it is [missing]" in shown
