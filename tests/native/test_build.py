"""From source to a loaded library, on the real compiler, with caches and disks as they are found in the world."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mnist_tui.native.toolchain import load_library, processor
from mnist_tui.native.toolchain.cache import Cache
from tests.native.toolchain import (
    REAL,
    SOURCE,
    building,
    disk,
    fixture_cache,
    libraries,
    make,
    needs_compiler,
    printed,
    refused,
    script,
)

__all__ = ["fixture_cache"]
pytestmark = [needs_compiler, pytest.mark.usefixtures("cache")]


def test_compiled_once_and_then_kept(cache: Path) -> None:
    library, progress = make()
    assert library.answer() == 42
    assert len(progress) == 1
    assert progress[0].startswith("compiling")
    assert len(libraries(cache)) == 1
    library, progress = make()
    assert library.answer() == 42
    assert progress == []


def test_a_relative_cache_folder(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MNIST_TUI_CACHE_DIR", "cache")
    library, _ = make()
    assert library.answer() == 42
    assert len(libraries(cache)) == 1


def test_nan_stays_nan() -> None:
    library, _ = make('extern "C" int is_nan(double zero) { double x = zero / zero; return x != x; }')
    library.is_nan.argtypes = [ctypes.c_double]
    assert library.is_nan(0.0) == 1


def test_two_libraries_share_no_variable() -> None:
    first, second = (
        make(f'inline int state = {number}; extern "C" int get() {{ return state; }}')[0] for number in (1, 2)
    )
    assert (first.get(), second.get()) == (1, 2)


# What makes another library


def test_another_source_or_header_is_compiled_again(tmp_path: Path, cache: Path) -> None:
    headers = tmp_path / "headers"
    (headers / "deep").mkdir(parents=True)
    (headers / "deep" / "part.hpp").write_text("inline int part() { return 1; }")
    source = '#include "deep/part.hpp"\nextern "C" int answer() { return part(); }'
    assert make(source, headers=headers)[0].answer() == 1
    assert make(source, headers=headers)[1] == []
    (headers / "deep" / "part.hpp").write_text("inline int part() { return 2; }")
    library, progress = make(source, headers=headers)
    assert library.answer() == 2
    assert len(progress) == 1
    (headers / "other.hpp").touch()
    assert len(make(source, headers=headers)[1]) == 1
    assert len(make(source + "\n", headers=headers)[1]) == 1
    assert len(libraries(cache)) == 4


def test_files_make_one_library_and_another_file_another(cache: Path) -> None:
    units = (
        'extern "C" int part(); extern "C" int answer() { return part(); }',
        'extern "C" int part() { return 1; }',
    )
    assert make(*units)[0].answer() == 1
    assert make(*units)[1] == []
    assert make(units[0], units[1].replace("1", "2"))[0].answer() == 2
    assert len(make(*units, "int more;")[1]) == 1
    assert len(make(units[1], units[0])[1]) == 1
    assert len(libraries(cache)) == 4


def test_the_same_headers_elsewhere_make_the_same_library(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "part.hpp").write_text("inline int part() { return 1; }")
    source = '#include "part.hpp"\nextern "C" int answer() { return part(); }'
    assert len(make(source, headers=tmp_path / "one")[1]) == 1
    assert make(source, headers=tmp_path / "two")[1] == []


def test_another_compiler_version_or_argument_compiles_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = script(tmp_path / "fake++", 'exec "$REAL" "$@"')
    monkeypatch.setenv("CXX", str(fake))
    assert len(make()[1]) == 1
    assert make()[1] == []
    monkeypatch.setenv("CXX", f"{fake} -DARGUMENT")
    assert len(make()[1]) == 1
    script(fake, 'exec "$REAL" "$@"', version="fake 1.1")
    assert len(make()[1]) == 1


def test_another_processor_compiles_again(monkeypatch: pytest.MonkeyPatch) -> None:
    make()
    monkeypatch.setattr(processor, "identity", lambda: "another one")
    assert len(make()[1]) == 1


# Entries that are not what they were


@pytest.fixture(scope="module")
def entry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library in a cache, compiled by another process and never loaded by this one."""
    folder = tmp_path_factory.mktemp("filled")
    assert printed(building(MNIST_TUI_CACHE_DIR=str(folder), CXX=""))[-1] == "42"
    [library] = libraries(folder / "native")
    return library


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 3)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def replace(path: Path) -> None:
    path.write_text("something else")


def link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def dangle(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def rename(path: Path) -> None:
    path.rename(path.with_name(path.name.replace("-", "-0")))


def test_the_entry_of_another_process_is_good(entry: Path, cache: Path) -> None:
    shutil.copytree(entry.parent, cache)
    library, progress = make()
    assert library.answer() == 42
    assert progress == []


@pytest.mark.parametrize("damage", [truncate, flip, empty, replace, link, dangle, pipe, rename])
def test_a_damaged_entry_is_made_again(entry: Path, cache: Path, damage: Callable[[Path], None]) -> None:
    shutil.copytree(entry.parent, cache)
    damage(cache / entry.name)
    library, progress = make()
    assert library.answer() == 42
    assert len(progress) == 1
    assert [path.read_bytes() for path in libraries(cache)] == [entry.read_bytes()]


def test_a_folder_in_an_entrys_place_goes(entry: Path, cache: Path) -> None:
    (cache / entry.name / "deep").mkdir(parents=True)
    cache.chmod(0o700)
    assert make()[0].answer() == 42
    assert (cache / entry.name).is_file()


# Libraries that a compiler should not have made


@pytest.mark.parametrize(
    "body",
    [
        "echo rubbish > step.so",
        ": > step.so",
        '"$REAL" "$@" && [ ! -e step.so ] || { head -c 5000 step.so > half && mv half step.so; }',
    ],
)
def test_a_library_that_is_none_is_not_kept(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    monkeypatch.setenv("CXX", str(script(tmp_path / "fake++", body)))
    assert "the compiled library cannot be loaded" in refused().reason
    assert libraries(cache) == []


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ('extern "C" int missing_part(); extern "C" int answer() { return missing_part(); }', "missing_part"),
        ("struct Bad { Bad() { __builtin_abort(); } } bad;", "signal 6"),
    ],
)
def test_a_library_that_cannot_be_loaded_leaves_this_process_alone(cache: Path, source: str, reason: str) -> None:
    assert reason in refused(source).reason
    assert libraries(cache) == []


def test_a_library_that_this_process_alone_refuses(entry: Path, cache: Path) -> None:
    # It has been tried out where it was made; since then its machine has changed. A sound entry all the same.
    shutil.copytree(entry.parent, cache)
    key = entry.name.partition("-")[0]
    (cache / entry.name).unlink()
    kept = Cache(cache).publish(key, b"no library")
    answer = refused()
    assert "the compiled library cannot be loaded" in answer.reason
    assert str(cache / kept.name) in answer.hint


def test_without_files_in_memory_a_copy_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(load_library, "_loaded", {})
    monkeypatch.delattr(os, "memfd_create", raising=False)
    assert make()[0].answer() == 42
    assert list((tmp_path / "temporary").iterdir()) == []


# Folders that are exchanged while they are used


needs_places = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a folder has its path alone")


@pytest.fixture
def exchange(cache: Path) -> str:
    """What a shell does to put the folder `foreign` in the cache's place, once it is there."""
    foreign = cache.with_name("foreign")
    return f"if [ -e '{foreign}' ]; then mv '{cache}' '{cache}.own' && mv '{foreign}' '{cache}'; fi"


@needs_places
def test_a_folder_that_is_exchanged_before_the_look_up(
    cache: Path, exchange: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler = tmp_path / "fake++"
    compiler.write_text(f"#!/bin/sh\n{exchange}\nexec '{REAL}' \"$@\"\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    make()
    [own] = libraries(cache)
    make('extern "C" int answer() { return 13; }')
    [other] = [path for path in libraries(cache) if path != own]
    foreign = cache.with_name("foreign")
    foreign.mkdir()
    other.rename(foreign / f"{own.name.partition('-')[0]}-{other.name.partition('-')[2]}")  # sound by its name
    assert make()[0].answer() == 42
    assert not foreign.exists()


@needs_places
def test_a_folder_that_is_exchanged_while_it_compiles(
    cache: Path, exchange: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.with_name("foreign").mkdir(parents=True)
    fake = script(tmp_path / "fake++", f'{exchange}\nexec "$REAL" "$@"')
    monkeypatch.setenv("CXX", str(fake))
    assert make()[0].answer() == 42
    assert len(libraries(cache.with_name("native.own"))) == 1
    assert libraries(cache) == []


# Processes at once, disks that are full or read-only


def test_two_processes_that_compile_at_once(cache: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "meeting")
    fake = script(
        tmp_path / "fake++",
        f"""
        if [ "$ROLE" = one ]; then read word < '{tmp_path}/meeting'; else echo met > '{tmp_path}/meeting'; fi
        exec "$REAL" "$@"
        """,
    )
    processes = [building(CXX=str(fake), ROLE=role) for role in ("one", "two")]
    for process in processes:
        progress, answer = printed(process)
        assert progress.startswith("compiling")
        assert answer == "42"
    assert libraries(cache)


@pytest.mark.parametrize("limit", [0, 4096])
def test_no_room_for_a_file(cache: Path, limit: int) -> None:
    [_first, reason] = printed(building(str(limit)))
    assert "failed" in reason or "cannot be written" in reason
    assert libraries(cache) == []


@pytest.mark.parametrize("size", ["4k", "24k"])
def test_a_disk_that_fills_up(cache: Path, size: str) -> None:
    with disk(cache.parent, f"size={size}"):
        reason = refused(SOURCE + "// " + "x" * 3000).reason
        assert "No space left on device" in reason
        assert libraries(cache) == []


def test_a_read_only_disk_gives_what_it_has(cache: Path) -> None:
    with disk(cache.parent, "size=1m"):
        make()
        subprocess.run(["mount", "-o", "remount,ro", str(cache.parent)], check=True)
        assert make()[1] == []
        answer = refused(SOURCE + "// another")
        assert answer.reason == f"the cache folder {cache} cannot be written: Read-only file system"
        assert "MNIST_TUI_CACHE_DIR" in answer.hint


def test_a_disk_that_forbids_programs(cache: Path) -> None:
    with disk(cache.parent, "noexec"):
        answer = refused()
        assert str(cache) in answer.reason
        assert "noexec" in answer.reason
        assert "MNIST_TUI_CACHE_DIR" in answer.hint
