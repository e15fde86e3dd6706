"""The collector rests while something large is imported, and goes on when the last thread is done."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading

from mnist_tui.system import gc_control
from tests.cli import program
from tests.patience import PATIENCE


def test_it_rests_until_the_last_import_is_done() -> None:
    entered, leave = threading.Event(), threading.Event()

    def other() -> None:
        with gc_control.pause_during_import():
            entered.set()
            leave.wait()

    thread = threading.Thread(target=other)
    with gc_control.pause_during_import():
        assert not gc.isenabled()
        thread.start()
        assert entered.wait(PATIENCE)
    assert not gc.isenabled()
    leave.set()
    thread.join()
    assert gc.isenabled()


def test_what_was_imported_is_looked_at_no_more() -> None:
    """In a process of its own: nothing would thaw it here."""
    code = """
import gc
from mnist_tui.system import gc_control
with gc_control.pause_during_import():
    import torch
assert gc.get_freeze_count() > 100_000, gc.get_freeze_count()
assert len(gc.get_objects()) < 1_000, len(gc.get_objects())
class Node: pass
frozen = gc.get_freeze_count()
with gc_control.pause_during_import():
    import torch
    for _ in range(1_000):
        node = Node(); node.self = node
assert gc.get_freeze_count() <= frozen, "garbage would be kept with each run that begins"
gc_control.postpone_full_collections()
before = gc.get_stats()[2]["collections"]
for _ in range(200_000):
    node = Node(); node.self = node
assert gc.get_stats()[2]["collections"] == before
gc_control.collect()
assert gc.get_stats()[2]["collections"] == before + 1
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=program.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
