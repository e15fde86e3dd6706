"""From C++ source to a loaded library."""

from __future__ import annotations

import ctypes
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mnist_tui.native.codegen.unit import Unit
from mnist_tui.native.toolchain import processor
from mnist_tui.native.toolchain.cache import Cache, CachedLibrary, key_of
from mnist_tui.native.toolchain.compiler import HEADERS, Compiler, compile_library, find_compiler
from mnist_tui.native.toolchain.load_library import load, try_out
from mnist_tui.native.toolchain.private_folder import private_folder, writing
from mnist_tui.native.unsupported import Unsupported


def never() -> bool:
    """Nobody asks to stop."""
    return False


def build(
    units: Sequence[Unit],
    *,
    on_progress: Callable[[str], None],
    should_stop: Callable[[], bool] = never,
    headers: Path = HEADERS,
) -> ctypes.CDLL:
    """The library that `units` make with the `*.hpp` in `headers`: kept from before, or compiled now.

    A compile takes seconds: `on_progress` hears of it, and `should_stop` is asked a few times a second. Raises Unfit
    when there is no library to be had here, and Interrupted when it was stopped, with nothing half made left.
    """
    if os.name != "posix":
        raise Unsupported("steps are compiled on Linux and macOS only")
    with private_folder() as folder:
        cache = Cache(folder.place)
        compiler = find_compiler(should_stop)
        key = key_of(_ingredients(units, headers, compiler))
        library = cache.find(key)
        if library is None:
            on_progress(f"compiling this network's step with {compiler.name}")
            with writing(folder.path):
                library = _compile(cache, key, compiler, units, headers, should_stop)
        return load(library.content, kept_as=folder.path / library.name)


def _ingredients(units: Sequence[Unit], headers: Path, compiler: Compiler) -> Iterator[bytes]:
    """All that has a say in the machine code."""
    yield str(len(units)).encode()
    for unit in units:
        yield unit.file.encode()
        yield unit.text.encode()
    for header in sorted(headers.rglob("*.hpp")):
        yield _bytes(header.relative_to(headers).as_posix())
        yield header.read_bytes()
    yield _bytes(compiler.identity)
    yield _bytes(processor.identity())


def _bytes(text: str) -> bytes:
    """Also of a path that is no text."""
    return text.encode(errors="surrogateescape")


def _compile(
    cache: Cache,
    key: str,
    compiler: Compiler,
    units: Sequence[Unit],
    headers: Path,
    should_stop: Callable[[], bool],
) -> CachedLibrary:
    cache.make_room()
    with tempfile.TemporaryDirectory(
        dir=cache.folder, prefix=".", suffix=".tmp", ignore_cleanup_errors=True
    ) as workspace:
        log = cache.folder / "compiler.log"
        made = compile_library(
            compiler, units, Path(workspace), headers=headers, log=log, should_stop=should_stop
        )
        try_out(made, should_stop=should_stop)
        return cache.publish(key, made.read_bytes())
