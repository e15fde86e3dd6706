"""Only regular files are opened, without following links, and read up to a limit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mnist_tui.system import regular_file
from mnist_tui.system.regular_file import UnsafeFileError
from tests import odd_files


@pytest.mark.parametrize("kind", odd_files.ODD)
@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_RDWR | os.O_CREAT | os.O_APPEND], ids=["read", "write"])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path, kind: str, flags: int) -> None:
    path = tmp_path / "folder" / "file"
    path.parent.mkdir()
    odd_files.put(kind, path)
    before = sorted(tmp_path.rglob("*"))
    if kind == "hole":
        with pytest.raises(UnsafeFileError, match="it is larger than 1,000 bytes"):
            regular_file.read_bytes(path, 1000)
        return
    with pytest.raises(UnsafeFileError, match="not a regular file") as raised:
        regular_file.open_descriptor(path, flags)
    assert raised.value.filename == str(path)
    assert not regular_file.exists(path)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_link_that_appears_just_then_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "diary").write_text("dear")
    link = tmp_path / "file"
    link.symlink_to("diary")
    monkeypatch.setattr(os.path, "lexists", lambda _path: False)
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        regular_file.open_descriptor(link)


def test_a_pipe_that_appears_just_then_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "file")
    monkeypatch.setattr(os.path, "lexists", lambda _path: False)
    with pytest.raises(UnsafeFileError, match="it is a named pipe"):
        regular_file.open_descriptor(tmp_path / "file")


def test_a_file_is_read_whole_up_to_its_bound_and_through_a_link_to_its_folder(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(b"x" * 1000)
    (tmp_path / "link").symlink_to("folder")
    assert regular_file.read_bytes(tmp_path / "link" / "file", 1000) == b"x" * 1000
    assert regular_file.exists(tmp_path / "link" / "file")
    with pytest.raises(UnsafeFileError, match="larger than 999 bytes"):
        regular_file.read_bytes(tmp_path / "link" / "file", 999)


def test_what_is_missing_or_a_folder_is_called_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        regular_file.open_to_read(tmp_path / "nothing")
    with pytest.raises(IsADirectoryError):
        regular_file.open_to_read(tmp_path)


def test_a_child_process_does_not_inherit_it(tmp_path: Path) -> None:
    descriptor = regular_file.open_descriptor(tmp_path / "file", os.O_WRONLY | os.O_CREAT)
    assert not os.get_inheritable(descriptor)
    os.close(descriptor)
