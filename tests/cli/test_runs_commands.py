"""`runs`: list, show, export and delete, on runs good and bad."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from mnist_tui import runs
from mnist_tui.runs import RunRecord
from tests import sample_runs
from tests.cli import past_runs
from tests.cli.conftest import Mnist


@pytest.fixture(autouse=True)
def _some_runs(runs_dir: Path) -> None:
    past_runs.write_some(runs_dir)


def damage(runs_dir: Path, name: str) -> None:
    (runs_dir / name).mkdir()
    (runs_dir / name / "config.json").write_text("{ torn")


def test_the_list_has_a_line_a_run(mnist: Mnist) -> None:
    lines = mnist("runs", "list").out.splitlines()
    assert max(map(len, lines)) <= 80
    shown = [line.split() for line in lines if "/3" in line]
    assert shown == [
        ["good", "finished", "3/3", "99.00", "98.00", "7,850", "27.3", "s"],
        ["poor", "finished", "3/3", "80.00", "80.00", "7,850", "27.3", "s"],
        ["halted", "stopped", "1/3", "90.00", "90.00", "7,850", "9.1", "s"],
        ["broken", "failed", "0/3", "–", "–", "7,850", "0.0", "s"],
        ["cut", "short", "interrupted", "1/3", "91.00", "91.00", "7,850", "9.1", "s"],
    ]


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("created", ["good", "poor", "halted", "broken", "cut short"]),
        ("name", ["broken", "cut short", "good", "halted", "poor"]),
        ("best", ["good", "cut short", "halted", "poor", "broken"]),
        ("final", ["good", "cut short", "halted", "poor", "broken"]),
        ("status", ["broken", "good", "poor", "cut short", "halted"]),
    ],
)
def test_the_list_is_sorted(key: str, names: list[str], mnist: Mnist) -> None:
    listed = json.loads(mnist("runs", "list", "--sort", key, "--json").out)
    assert [run["name"] for run in listed] == names


def test_an_empty_folder_says_how_to_begin(mnist: Mnist, tmp_path: Path) -> None:
    nothing = mnist("runs", "list", "--runs-dir", tmp_path / "none")
    assert (nothing.code, nothing.out) == (0, "")
    assert "Start one with: mnist-tui train" in nothing.err
    assert json.loads(mnist("runs", "list", "--runs-dir", tmp_path / "none", "--json").out) == []


def test_a_damaged_run_is_listed_and_can_be_deleted(mnist: Mnist, runs_dir: Path) -> None:
    damage(runs_dir, "damaged")
    assert "unreadable" in mnist("runs", "list").out
    shown = mnist("runs", "show", "damaged")
    assert (shown.code, shown.out) == (4, "")
    assert str(runs_dir / "damaged" / "config.json") in shown.err
    assert mnist("runs", "delete", "damaged", "--yes").code == 0
    assert not (runs_dir / "damaged").exists()


def test_a_torn_last_line_is_no_damage(mnist: Mnist, runs_dir: Path) -> None:
    with (runs_dir / "halted" / "events.jsonl").open("a") as log:
        log.write('{"event":"EpochFin')
    assert mnist("runs", "show", "halted").code == 0


def test_brackets_in_a_name_are_not_markup(mnist: Mnist, runs_dir: Path) -> None:
    (runs_dir / "good").rename(runs_dir / "[red]good")
    assert "[red]good" in mnist("runs", "list").out
    assert "[red]good" in mnist("runs", "show", "[red]good").out
    assert "Deleted [red]good" in mnist("runs", "delete", "[red]good", "--yes").err


@pytest.mark.parametrize("query", ["cut short", "cut", "latest"])
def test_a_run_is_found_by_name_prefix_and_latest(query: str, mnist: Mnist) -> None:
    assert json.loads(mnist("runs", "show", query, "--json").out)["name"] == "cut short"


def test_a_run_is_found_by_path(mnist: Mnist, runs_dir: Path, tmp_path: Path) -> None:
    shown = mnist("runs", "show", runs_dir / "poor", "--json", "--runs-dir", tmp_path)
    assert json.loads(shown.out)["name"] == "poor"


def test_a_run_that_is_not_there_names_the_newest(mnist: Mnist) -> None:
    shown = mnist("runs", "show", "nope")
    assert (shown.code, shown.out) == (4, "")
    assert "there is no run 'nope'" in shown.err
    assert "The newest is cut short." in shown.err


@pytest.mark.parametrize("name", ["halted", "broken", "cut short"])
def test_the_story_of_an_unfinished_run_says_how_to_go_on(name: str, mnist: Mnist) -> None:
    quoted = f"'{name}'" if " " in name else name
    assert f"mnist-tui train --resume {quoted}\n" in "\n".join(
        line.rstrip() + "\n" for line in mnist("runs", "show", name).out.splitlines()
    )


def test_the_story_has_its_table_its_changes_and_its_notices(mnist: Mnist) -> None:
    good = mnist("runs", "show", "good").out
    assert "reference, seed 1, with epochs 3, batch_size 32" in good
    assert "★ 2" in good
    assert "Best model statistics" in good
    assert "--resume" not in good
    assert "notice: Using drawn digits" in mnist("runs", "show", "cut").out
    assert "failed: the disk is full" in mnist("runs", "show", "broken").out


def test_the_story_as_json_has_the_rows(mnist: Mnist) -> None:
    record = json.loads(mnist("runs", "show", "good", "--json").out)
    assert [line["test_accuracy"] for line in record["rows"]] == [0.97, 0.99, 0.98]
    assert record["best_test_accuracy"] == 0.99
    assert record["record"]["config"]["batch_size"] == 32


def test_csv_reads_back(mnist: Mnist) -> None:
    rows = list(csv.DictReader(io.StringIO(mnist("runs", "export", "good").out)))
    assert [(line["epoch"], float(line["test_accuracy"])) for line in rows] == [
        ("1", 0.97),
        ("2", 0.99),
        ("3", 0.98),
    ]
    assert {line["validation_loss"] for line in rows} == {""}


def test_json_reads_back_from_a_file(mnist: Mnist, tmp_path: Path) -> None:
    file = tmp_path / "table.json"
    done = mnist("runs", "export", "good", "--format", "json", "-o", file)
    assert (done.code, done.out) == (0, "")
    assert [line["epoch"] for line in json.loads(file.read_text())] == [1, 2, 3]


def test_an_export_that_cannot_be_written_names_the_file(mnist: Mnist, tmp_path: Path) -> None:
    file = tmp_path / "no folder" / "table.csv"
    done = mnist("runs", "export", "good", "-o", file)
    assert done.code == 4
    assert f"{file} cannot be written" in done.err


@pytest.mark.parametrize(("typed", "gone"), [("y\n", True), ("n\n", False), ("\n", False), ("", False)])
def test_a_run_is_deleted_after_a_yes_only(typed: str, gone: bool, mnist: Mnist, runs_dir: Path) -> None:
    done = mnist("runs", "delete", "good", typed=typed)
    assert f"Delete {runs_dir / 'good'} with its log and weights?" in done.err
    assert done.out.strip() == ""
    assert done.code == (0 if gone else 1)
    assert (runs_dir / "good").exists() is not gone


@pytest.mark.usefixtures("impatient")
def test_a_run_in_use_is_not_deleted(mnist: Mnist, runs_dir: Path) -> None:
    with runs.find(runs_dir, "halted").writer():
        done = mnist("runs", "delete", "halted", "--yes")
        assert (done.code, done.out) == (4, "")
        assert "run halted is in use by another process" in done.err
    assert (runs_dir / "halted").exists()


def test_control_codes_in_a_run_do_not_reach_the_terminal(mnist: Mnist, runs_dir: Path) -> None:
    data = sample_runs.record()
    data["machine"]["processor"] = data["config"]["recipe"] = "a\x1b[2J\x07\x9bb"
    runs.create(runs_dir, RunRecord.from_dict(data), name="evil")
    for words in (("show", "evil"), ("compare", "evil", "good"), ("list",)):
        done = mnist("runs", *words)
        assert done.code == 0
        assert not {"\x1b", "\x07", "\x9b"} & set(done.out + done.err)
    assert "a[2Jb" in mnist("runs", "show", "evil").out


@pytest.mark.parametrize("count", [None, "many", [], {}, 1e300])
def test_a_number_of_images_that_is_none_is_a_question_mark(count: object, mnist: Mnist, runs_dir: Path) -> None:
    data = sample_runs.record()
    data["data"]["train_images"] = count
    runs.create(runs_dir, RunRecord.from_dict(data), name="odd")
    assert "mnist: ? training images" in mnist("runs", "show", "odd").out
