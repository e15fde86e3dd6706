"""A lock has one holder, is gone with its process, and is never invented where there is none."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from mnist_tui.system import file_lock
from mnist_tui.system.file_lock import FileLock
from tests import sample_runs

HOLD = """
import sys
from pathlib import Path
from mnist_tui.system.file_lock import FileLock
with FileLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_it_is_held_until_its_process_is_killed(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert file_lock.is_held(path)
        with pytest.raises(TimeoutError):
            FileLock(path).acquire()
        process.kill()
        process.wait()
        lock = FileLock(path)
        lock.acquire(60)
        lock.release()
    assert not file_lock.is_held(path)


def test_two_values_of_one_process_exclude_each_other(tmp_path: Path) -> None:
    with FileLock(tmp_path / ".lock"), pytest.raises(TimeoutError):
        FileLock(tmp_path / ".lock").acquire()
    with FileLock(tmp_path / ".lock"):
        pass


def test_a_reader_is_not_mistaken_for_a_holder(tmp_path: Path) -> None:
    (tmp_path / ".lock").touch()
    with (tmp_path / ".lock").open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        assert not file_lock.is_held(tmp_path / ".lock")


def test_a_copied_lock_file_locks_nothing(tmp_path: Path) -> None:
    (tmp_path / ".lock").write_bytes(b"123 somewhere")
    assert not file_lock.is_held(tmp_path / ".lock")
    with FileLock(tmp_path / ".lock"):
        pass


def test_looking_makes_no_file(tmp_path: Path) -> None:
    assert not file_lock.is_held(tmp_path / ".lock")
    assert not file_lock.is_held(tmp_path / "nowhere" / ".lock")
    assert list(tmp_path.iterdir()) == []


def test_a_child_that_is_forked_does_not_keep_it(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / ".lock")
    lock.acquire()
    waiting, done = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads
        child = os.fork()
    if child == 0:
        os.close(done)
        os.read(waiting, 1)
        os._exit(0)
    lock.release()
    lock.acquire(60)  # while the child lives
    lock.release()
    os.close(done)
    os.close(waiting)
    assert os.waitpid(child, 0)[1] == 0


def test_a_lock_in_a_folder_that_was_renamed_meanwhile_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old").mkdir()
    flock = fcntl.flock

    def renamed(descriptor: int, kind: int) -> None:
        flock(descriptor, kind)
        if (tmp_path / "old").exists():
            (tmp_path / "old").rename(tmp_path / "new")

    monkeypatch.setattr(fcntl, "flock", renamed)
    with pytest.raises(FileNotFoundError):
        FileLock(tmp_path / "old" / ".lock").acquire(60)
    assert not file_lock.is_held(tmp_path / "new" / ".lock")


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EIO, errno.EACCES])
def test_a_file_system_without_locks_is_an_error_and_no_substitute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def broken(_descriptor: int, _kind: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", broken)
    path = tmp_path / ".lock"
    path.touch()
    words = "its file system does not support locks" if number not in (errno.EIO, errno.EACCES) else os.strerror(number)
    with pytest.raises(OSError, match=words) as raised:
        FileLock(path).acquire()
    assert raised.value.errno == number
    assert raised.value.filename == str(path)
    assert not file_lock.is_held(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="switching to another user needs root")
def test_another_user_sees_that_it_is_held(tmp_path: Path) -> None:
    """Also without write permission; without read permission it is not reported as free."""
    path = tmp_path / ".lock"
    with FileLock(path):
        path.chmod(0o644)
        assert seen_by_another(path) == "True"
        path.chmod(0o600)
        assert seen_by_another(path) == "True"
    path.chmod(0o644)
    assert seen_by_another(path) == "False"


def seen_by_another(path: Path) -> str:
    """What a process of another user says, that came here before it lost its rights."""
    path.parent.chmod(0o755)
    return answer_of_another(path.parent, "print(file_lock.is_held(Path('.lock')))")


def answer_of_another(folder: Path, question: str) -> str:
    script = (
        "import os, sys; from pathlib import Path; from mnist_tui import runs; "
        "from mnist_tui.system import file_lock; os.chdir(sys.argv[1]); "
        f"from mnist_tui.runs.summary import summarize; os.setgid(65534); os.setuid(65534); {question}"
    )
    done = subprocess.run([sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.skipif(os.geteuid() != 0, reason="switching to another user needs root")
def test_another_users_live_run_is_training(tmp_path: Path) -> None:
    run = sample_runs.write(tmp_path, "live", sample_runs.epoch(1))
    for path in (tmp_path, run.folder):
        path.chmod(0o755)
    question = "print(summarize(runs.Run(Path('live'))).status)"
    with run.writer():
        assert answer_of_another(tmp_path, question) == "training"
    assert answer_of_another(tmp_path, question) == "interrupted"
