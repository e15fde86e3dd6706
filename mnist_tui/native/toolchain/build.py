"""From C++ source to a loaded library."""

from __future__ import annotations

import ctypes
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from mnist_tui.native.toolchain import processor
from mnist_tui.native.toolchain.cache import Cache, CachedLibrary, cache_key
from mnist_tui.native.toolchain.compiler import HEADERS, Compiler, compile_library, find_compiler
from mnist_tui.native.toolchain.load_library import check_loads, load_library
from mnist_tui.native.toolchain.private_folder import explain_write_errors, open_private_folder
from mnist_tui.native.unsupported import Unsupported


def never_stop() -> bool:
    """The default `should_stop`."""
    return False


def build_library(
    sources: Mapping[str, str],
    *,
    on_progress: Callable[[str], None],
    should_stop: Callable[[], bool] = never_stop,
    headers: Path = HEADERS,
) -> ctypes.CDLL:
    """The library of `sources`, C++ text by file name (`*.cpp`), with the `*.hpp` in `headers`: cached or compiled.

    Compiling takes seconds: `on_progress` gets a sentence when it begins, and `should_stop` is called a few times per
    second. Raises Unsupported if no library can be made here, and Interrupted if it was stopped; nothing incomplete
    stays on disk.
    """
    if os.name != "posix":
        raise Unsupported("steps are compiled on Linux and macOS only")
    with open_private_folder() as folder:
        cache = Cache(folder.place)
        compiler = find_compiler(should_stop)
        key = cache_key(_ingredients(sources, headers, compiler))
        library = cache.find(key)
        if library is None:
            on_progress(f"compiling the training step with {compiler.name} (first time only)")
            with explain_write_errors(folder.path):
                library = _compile(cache, key, compiler, sources, headers, should_stop)
        return load_library(library.content, cached_as=folder.path / library.name)


def _ingredients(sources: Mapping[str, str], headers: Path, compiler: Compiler) -> Iterator[bytes]:
    """Everything that the machine code depends on."""
    yield str(len(sources)).encode()
    for name, text in sources.items():
        yield name.encode()
        yield text.encode()
    for header in sorted(headers.rglob("*.hpp")):
        yield _bytes(header.relative_to(headers).as_posix())
        yield header.read_bytes()
    yield _bytes(compiler.identity)
    yield _bytes(processor.identity())


def _bytes(text: str) -> bytes:
    """Also of a path that is not valid text."""
    return text.encode(errors="surrogateescape")


def _compile(
    cache: Cache,
    key: str,
    compiler: Compiler,
    sources: Mapping[str, str],
    headers: Path,
    should_stop: Callable[[], bool],
) -> CachedLibrary:
    cache.make_room()
    with tempfile.TemporaryDirectory(
        dir=cache.folder, prefix=".", suffix=".tmp", ignore_cleanup_errors=True
    ) as workspace:
        log = cache.folder / "compiler.log"
        library = compile_library(compiler, sources, Path(workspace), headers=headers, log=log, should_stop=should_stop)
        check_loads(library, should_stop=should_stop)
        return cache.publish(key, library.read_bytes())
