"""The cache folder is this user's alone, or it is not used."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from mnist_tui.native.toolchain.private_folder import open_private_folder
from mnist_tui.native.unsupported import Unsupported
from tests.native.toolchain import fixture_cache

__all__ = ["fixture_cache"]


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_it_is_made_for_this_user_alone(cache: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        check_opens(cache)
        check_opens(cache)
    finally:
        os.umask(before)
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in (cache, cache.parent)] == [0o700, 0o700]


def check_opens(cache: Path) -> None:
    with open_private_folder() as folder:
        assert folder.path == cache
        assert folder.place.samefile(cache)


def check_refused(cache: Path, what: str) -> None:
    with pytest.raises(Unsupported) as raised, open_private_folder():
        pass
    assert raised.value.reason == f"the cache folder {cache} {what}"
    assert "MNIST_TUI_CACHE_DIR" in raised.value.hint


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777, 0o720])
def test_others_may_write_there(cache: Path, mode: int) -> None:
    cache.mkdir(parents=True)
    cache.chmod(mode)
    check_refused(cache, "can be written by other users")


@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_others_may_read_there(cache: Path, mode: int) -> None:
    cache.mkdir(parents=True)
    cache.chmod(mode)
    check_opens(cache)


@pytest.mark.parametrize("target", [".", "nowhere"])
def test_a_link(cache: Path, target: str) -> None:
    cache.parent.mkdir()
    cache.symlink_to(target)
    check_refused(cache, "is a symbolic link")


def test_a_file(cache: Path) -> None:
    cache.parent.mkdir()
    cache.touch()
    check_refused(cache, "is not a folder")


def test_a_file_above_it(cache: Path) -> None:
    cache.parent.touch()
    with (
        pytest.raises(Unsupported, match=f"the cache folder {cache} cannot be written: "),
        open_private_folder(),
    ):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a folder away needs root")
def test_another_users(cache: Path) -> None:
    cache.mkdir(parents=True, mode=0o700)
    os.chown(cache, 65534, -1)
    check_refused(cache, "belongs to another user")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may do anything")
def test_no_permission(cache: Path) -> None:
    cache.parent.mkdir(mode=0o500)
    with pytest.raises(Unsupported, match="cannot be written: Permission denied"), open_private_folder():
        pass


@pytest.mark.parametrize("mode", [0o777, 0o707, 0o703])
def test_others_may_write_above_it(cache: Path, mode: int) -> None:
    cache.mkdir(parents=True, mode=0o700)
    cache.parent.chmod(mode)
    with pytest.raises(Unsupported) as raised, open_private_folder():
        pass
    assert raised.value.reason == f"the folder {cache.parent} of the cache can be written by other users"
    assert "MNIST_TUI_CACHE_DIR" in raised.value.hint


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a folder to another group needs root")
def test_another_group_may_write_above_it(cache: Path) -> None:
    cache.mkdir(parents=True, mode=0o700)
    cache.parent.chmod(0o770)
    check_opens(cache)  # one's own group, as where every user has one
    os.chown(cache.parent, -1, 65534)
    with (
        pytest.raises(Unsupported, match="of the cache can be written by other users"),
        open_private_folder(),
    ):
        pass


def test_a_sticky_folder_above_it_is_as_good_as_tmp(cache: Path) -> None:
    cache.mkdir(parents=True, mode=0o700)
    cache.parent.chmod(0o1777)
    check_opens(cache)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such way to a folder")
def test_it_stays_the_folder_that_was_looked_at(cache: Path) -> None:
    with open_private_folder() as folder:
        (cache / "own").touch()
        cache.rename(cache.with_name("moved"))
        cache.mkdir()
        (cache / "foreign").touch()
        assert [path.name for path in folder.place.iterdir()] == ["own"]


def test_an_error_inside_names_the_path_that_the_user_knows(cache: Path) -> None:
    with pytest.raises(Unsupported) as raised, open_private_folder() as folder:
        raise Unsupported(f"{folder.place}/file", f"Look at {folder.place}.")
    assert (raised.value.reason, raised.value.hint) == (f"{cache}/file", f"Look at {cache}.")
