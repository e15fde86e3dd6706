"""Harnesses of what a run consists of: its name, its record, its log, its weights and its checkpoint."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from mnist_tui import events, runs
from mnist_tui.cli.output import stdout
from mnist_tui.cli.views.run_tables import run_report, run_status, run_table
from mnist_tui.config import TrainConfig, config_from_old_record
from mnist_tui.errors import RunError
from mnist_tui.events import Notice, Preparing, RunFailed, RunStopped, WeightsMoved
from mnist_tui.inference.network import load_trained
from mnist_tui.render.comparison_table import differences_table, numbers_table
from mnist_tui.runs import Run, RunRecord, compare
from mnist_tui.runs.export import export_epochs
from mnist_tui.runs.index import RunScanner
from mnist_tui.runs.log_tail import LogTail
from mnist_tui.runs.summary import summarize
from mnist_tui.training import checkpoint
from mnist_tui.training.position import Position
from tests import sample_runs, trained_runs
from tests.torture.fuzz.harness import Harness


def _run_in(folder: Path) -> Run:
    run = Run(folder / "odd")
    return run if run.folder.exists() else trained_runs.write(folder, "odd")


def _shown(*parts: object) -> None:
    """As a terminal would get it: no escape sequence of a file's own is among it."""
    screen = io.StringIO()
    with contextlib.redirect_stdout(screen):
        for part in parts:
            stdout().print(part)
    assert "\x1b" not in screen.getvalue(), "an escape sequence reaches the terminal"


def _told(run: Run) -> None:
    """What `runs show` and `runs compare` make of it."""
    record, history, summary = run.record(), run.history(), summarize(run)
    compared = compare.compare([RunScanner(run).scan(), RunScanner(run).scan()])
    _shown(run_report(record, history, summary), differences_table(compared, []))


def _drawn(run: Run) -> None:
    """What `runs list`, `runs compare`, `runs export` and `watch --once` make of it."""
    history = run.history()
    compared = compare.compare([RunScanner(run).scan(), RunScanner(run).scan()])
    _shown(run_table([summarize(run)]), run_status(run.name, history), numbers_table(compared))
    for format in ("csv", "json", "markdown"):
        export_epochs(history, format)


def _is_drawn(content: bytes) -> bool:
    """One input in 32 is, as drawing takes many times as long as reading."""
    return zlib.crc32(content) % 32 == 0


def _log(content: bytes, folder: Path) -> None:
    run = _run_in(folder)
    run.log_file.write_bytes(content)
    for line in content.decode(errors="replace").split("\n"):
        event = events.from_json(line)
        if event is not None:
            written = events.to_json(event)
            again = events.from_json(written)
            assert again is not None, "what was written cannot be read"
            assert events.to_json(again) == written
    LogTail(run).read_new()
    run.history()
    summarize(run)
    if _is_drawn(content):
        _told(run)
        _drawn(run)


def _log_seeds(folder: Path) -> Iterable[bytes]:
    run = _run_in(folder)
    yield run.log_file.read_bytes()
    lines = run.log_file.read_bytes().splitlines(keepends=True)
    yield from lines
    for event in (
        WeightsMoved(epoch=1, step=2, layers=("fc",), weight_norms=(1.0,), gradient_norms=(0.5,), update_ratios=(0.1,)),
        Preparing(what="compiling", done=1, total=2),
        Notice(message="a word"),
        RunStopped(epoch=1, step=5, reason="SIGINT"),
        RunFailed(error="RunError", message="no room", remedy="Make some."),
        sample_runs.progress(2, 0.5, 0.25),
    ):
        yield b"".join([lines[0], events.to_json(event).encode(), b"\n"])


def _record(content: bytes, folder: Path) -> None:
    run = _run_in(folder)
    run.config_file.write_bytes(content)
    summarize(run)
    config = run.record().config
    config_from_old_record(config)
    if _is_drawn(content):
        _told(run)
    TrainConfig.from_dict(config)
    load_trained(run)


def _record_seeds(folder: Path) -> Iterable[bytes]:
    yield _run_in(folder).config_file.read_bytes()
    yield json.dumps(sample_runs.record(recipe="fast", dataset="synthetic", optimizer="sgd", ema=0.9)).encode()
    yield b'{"config": {}}'


def _checkpoint(content: bytes, folder: Path) -> None:
    """A file as it is, or (most often) what torch pickles in it, in an archive whose sums are right."""
    run = _run_in(folder)
    run.checkpoint_file.write_bytes(content[1:] if content[:1] == b"Z" else _archive(folder, content))
    load_trained(run, "last")
    position = checkpoint.load_state(run.checkpoint_file)["position"]
    with contextlib.suppress(TypeError, ValueError, KeyError):  # as `runner` takes what is wrong
        Position.from_dict(position)


def _archive(folder: Path, pickled: bytes) -> bytes:
    whole, made = folder / "whole.ckpt", io.BytesIO()
    if not whole.exists():
        _save_small(whole)
    with zipfile.ZipFile(whole) as archive, zipfile.ZipFile(made, "w") as changed:
        for entry in archive.infolist():
            is_pickle = entry.filename.endswith("/data.pkl")
            changed.writestr(entry.filename, pickled if is_pickle else archive.read(entry))
    return made.getvalue()


def _save_small(path: Path) -> None:
    position = Position(epoch=2, step=3).to_dict()
    state = {"model": trained_runs.weights(), "average": None, "position": position, "sums": [1.0, 2]}
    checkpoint.save_state(path, state)


def _checkpoint_seeds(folder: Path) -> Iterable[bytes]:
    _save_small(folder / "seed.ckpt")
    with zipfile.ZipFile(folder / "seed.ckpt") as archive:
        [pickled] = [entry for entry in archive.namelist() if entry.endswith("/data.pkl")]
        yield archive.read(pickled)
    checkpoint.save_state(folder / "tiny.ckpt", {"position": {"epoch": 1}})
    yield b"Z" + (folder / "tiny.ckpt").read_bytes()


def _weights(content: bytes, folder: Path) -> None:
    run = _run_in(folder)
    run.weights_file.write_bytes(content)
    load_trained(run)


def _weights_seeds(folder: Path) -> Iterable[bytes]:
    run = _run_in(folder)
    yield run.weights_file.read_bytes()
    yield checkpoint.weights_bytes({"fc.bias": trained_runs.weights()["fc.bias"]}, {"metrics": {"epoch": 1}})


_NEW = RunRecord.from_dict(sample_runs.record())


def _name(content: bytes, folder: Path) -> None:
    name = content.decode(errors="surrogateescape")
    home = folder / "home" / "runs"
    shutil.rmtree(home.parent, ignore_errors=True)
    home.mkdir(parents=True)
    with contextlib.suppress(RunError):
        runs.find(home, name)
        raise AssertionError("there is no run yet")
    other = runs.create(home, _NEW, name="other")
    with contextlib.suppress(RunError):
        other = other.rename(name)
    other.delete()
    try:
        run = runs.create(home, _NEW, name=name)
        assert list(home.iterdir()) == [run.folder]
        assert runs.find(home, name) == run
    finally:
        assert [entry.name for entry in home.parent.iterdir()] == ["runs"]


def _name_seeds(_folder: Path) -> Iterable[bytes]:
    return [name.encode() for name in ("mine", "2026-11-23T21-14-07-mnist-reference", "über 数")]


HARNESSES = {
    "name": Harness(_name, _name_seeds, longest=400),
    "record": Harness(_record, _record_seeds),
    "log": Harness(_log, _log_seeds),
    "checkpoint": Harness(_checkpoint, _checkpoint_seeds),
    "weights": Harness(_weights, _weights_seeds, longest=40_000),
}
