"""Which libraries are kept, under which names, and how they come and go."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_tui.native.toolchain.cache import ABANDONED, KEPT, LARGEST, Cache, cache_key

KEY = cache_key([b"key"])


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_only_the_same_parts_have_the_same_key(one: list[bytes], other: list[bytes]) -> None:
    assert (cache_key(one) == cache_key(other)) == (one == other)


def test_the_division_into_parts_counts() -> None:
    assert len({cache_key(parts) for parts in ([b"ab"], [b"a", b"b"], [b"ab", b""], [b"", b"ab"], [])}) == 5


def test_what_is_published_is_found(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    assert cache.find(KEY) is None
    kept = cache.publish(KEY, b"content")
    assert cache.find(KEY) == kept
    assert (tmp_path / kept.name).read_bytes() == kept.content == b"content"
    assert cache.find(cache_key([b"another"])) is None
    assert [path.name for path in tmp_path.iterdir()] == [kept.name]


def test_names_are_short_enough_for_encrypted_homes(tmp_path: Path) -> None:
    kept = Cache(tmp_path).publish(KEY, b"content")
    assert len(f".{kept.name}.12345678.tmp") <= 143


def test_a_sound_library_beside_a_damaged_one(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    sound = cache.publish(KEY, b"content")
    damaged = [tmp_path / f"{KEY}-{'0' * 64}.so", tmp_path / f"{KEY}-{'f' * 64}.so", tmp_path / f"{KEY}-.so"]
    for path in damaged:
        path.write_bytes(b"content")
    assert cache.find(KEY) == sound


def age(path: Path, seconds: float) -> None:
    os.utime(path, (time.time() - seconds,) * 2)


def test_the_longest_unused_libraries_make_room(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    keys = [cache_key([bytes([number])]) for number in range(KEPT + 9)]
    for number, key in enumerate(keys):
        age(tmp_path / cache.publish(key, key.encode()).name, seconds=1000 + number)
    assert cache.find(keys[-1])  # the oldest, and now the last used
    cache.make_room()
    cache.publish(KEY, b"the new one")
    assert len(list(tmp_path.iterdir())) == KEPT
    assert [key for key in keys if cache.find(key)] == [*keys[: KEPT - 2], keys[-1]]


def test_what_killed_processes_left_goes_after_a_day(tmp_path: Path) -> None:
    old = [tmp_path / ".file.tmp", tmp_path / ".folder.tmp"]
    new = [tmp_path / ".new.tmp", tmp_path / ".new folder.tmp"]
    for file, folder in (old, new):
        file.write_bytes(b"half")
        folder.mkdir()
        (folder / "step.cpp").touch()
    for path in old:
        age(path, ABANDONED + 60)
    outside = tmp_path.with_name("outside")
    outside.mkdir(exist_ok=True)
    (tmp_path / ".link.tmp").symlink_to(outside)
    os.utime(tmp_path / ".link.tmp", (0, 0), follow_symlinks=False)
    Cache(tmp_path).make_room()
    assert sorted(tmp_path.iterdir()) == sorted(new)
    assert outside.is_dir()


def test_a_folder_that_is_gone_is_empty(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "gone")
    cache.make_room()
    assert cache.find(KEY) is None
    with pytest.raises(OSError, match="gone"):
        cache.publish(KEY, b"content")


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a file away needs root")
def test_a_library_of_another_user_goes(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    os.chown(tmp_path / cache.publish(KEY, b"content").name, 65534, -1)
    assert cache.find(KEY) is None
    assert list(tmp_path.iterdir()) == []


def test_what_is_too_large_for_a_library_is_not_read(tmp_path: Path) -> None:
    os.truncate(tmp_path / Cache(tmp_path).publish(KEY, b"content").name, LARGEST + 1)
    assert Cache(tmp_path).find(KEY) is None
