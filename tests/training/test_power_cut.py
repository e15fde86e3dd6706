"""A power cut takes what was not synced, and nothing else: what was reported as saved can be resumed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mnist_tui import runs
from mnist_tui.events import FREQUENT, CheckpointSaved, Event, Preparing
from mnist_tui.runs import Run
from mnist_tui.runs.history import RunStatus
from mnist_tui.runs.summary import summarize
from mnist_tui.training import checkpoint, recorder
from tests import sample_runs
from tests.engine_fixtures import TRAIN, Lab, tiny_config
from tests.power import Disk, watch_disk
from tests.training.test_exactness import assert_same

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")


@pytest.fixture(name="lab")
def fixture_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    return Lab(tmp_path, monkeypatch)


@dataclass
class Cuts:
    """What a power cut would have left at each moment of a run, and what had been reported as saved by then."""

    folder: Path
    kinds: tuple[str, ...]
    reported: list[Event] = field(default_factory=list)
    left: list[tuple[Path, str, int]] = field(default_factory=list)
    """Where it is, of which kind it is, and how much had been reported."""

    def here(self, disk: Disk) -> None:
        for seed, kind in enumerate(self.kinds):
            target = self.folder / f"cut-{disk.syncs}-{seed}"
            disk.write_after_cut(target, kind, seed=1000 * disk.syncs + seed)
            self.left.append((target, kind, len(self.reported)))

    def on_event(self, event: Event) -> None:
        if not isinstance(event, (*FREQUENT, Preparing)):  # which no log has
            self.reported.append(event)


def check_cuts(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, folder: Path, kinds: tuple[str, ...], *, steps: int = 4
) -> Cuts:
    """Train in a folder that is not there yet, cutting before each sync; what is left goes on to the same end.

    steps: of an epoch, with a checkpoint after each.
    """
    config = tiny_config(model=lab.small_net(), rotation=10.0, epochs=2, ema=0.9, batch_size=TRAIN // steps)
    disk, cuts = folder / "disk", Cuts(folder, kinds)
    disk.mkdir()
    lab.runs_dir = disk / "new" / "runs"
    with watch_disk(disk, monkeypatch, cuts.here):
        undisturbed = lab.start(config, name="mine", watch=cuts.on_event).run
    for number, (target, kind, safe) in enumerate(cuts.left):
        runs_dir = target / "new" / "runs"
        found = runs.list_runs(runs_dir)
        assert len(found) == 1 or not safe, f"cut {number}: the run is lost"
        for run in found:
            check_what_is_left(run, cuts.reported[:safe], steps, f"cut {number}, {kind}, {run.folder}")
            if run.history().status is not RunStatus.FINISHED:
                lab.resume(run)
            assert_same(run, undisturbed)
    return cuts


def check_what_is_left(run: Run, safe: list[Event], steps: int, where: str) -> None:
    assert summarize(run).status in ("interrupted", "finished", "empty"), where
    kept = [event for event in run.events() if not isinstance(event, FREQUENT)]
    assert kept[: len(safe)] == safe, f"{where}: the log has lost what was reported"
    for saved in [event for event in safe if isinstance(event, CheckpointSaved)][-1:]:
        position = checkpoint.load_state(run.checkpoint_file)["position"]
        assert (position["epoch"] - 1) * steps + position["step"] >= saved.step, where


@pytest.mark.early
def test_whatever_was_reported_as_saved_survives_a_power_cut(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(recorder, "CHECKPOINT_SECONDS", 0.0)
    cuts = check_cuts(lab, monkeypatch, tmp_path, ("least",), steps=2)
    assert len(cuts.left) > 20


def test_a_reported_deletion_survives_a_power_cut_and_an_unfinished_one_leaves_the_run_whole_or_gone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    disk_folder, left = tmp_path / "disk", []
    disk_folder.mkdir()

    def cut(disk: Disk) -> None:
        if deleting:
            for seed in range(8):
                left.append(tmp_path / f"cut-{disk.syncs}-{seed}")
                disk.write_after_cut(left[-1], "torn" if seed else "least", seed)

    deleting = False
    with watch_disk(disk_folder, monkeypatch, cut) as disk:
        run = sample_runs.write_finished(disk_folder / "runs", "mine", 0.9)
        rows = run.history().rows
        with run.writer() as writer:
            writer.sync()
        deleting = True
        run.delete()
        disk.write_after_cut(tmp_path / "after", "least")
    assert runs.list_runs(tmp_path / "after" / "runs") == []
    assert left
    for folder in left:
        assert [found.history().rows for found in runs.list_runs(folder / "runs")] in ([], [rows])
