"""Running a user's source as a module of its own, without marks on the folder or on other modules."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import sys
import traceback
from collections.abc import Iterator
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import module_from_spec
from pathlib import Path
from types import CodeType, ModuleType

from mnist_tui.errors import ModelError
from mnist_tui.models.source import misfit

# A script that trains when imported often ends in sys.exit, which is no Exception.
RAISED = (Exception, SystemExit)


class _FreshSource(SourceFileLoader):
    """Compiles the file as it is now: cached byte code misses an edit of the same second and size."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def run_file(spec: str, path: Path) -> ModuleType:
    """Run the file at `path`, which may import its siblings. Raises ModelError with exception and line."""
    # Unique by path: `net.py` must be neither another folder's `net.py` nor an installed `net`.
    name = f"mnist_tui_model_{path.stem}_{hashlib.sha256(bytes(path)).hexdigest()[:12]}"
    module = module_from_spec(ModuleSpec(name, loader := _FreshSource(name, str(path)), origin=str(path)))
    module.__file__ = str(path)
    sys.modules[name] = module  # dataclasses and pickle look a class's module up by name
    try:
        with _siblings_importable(path.parent):
            loader.exec_module(module)
    except RAISED as error:
        del sys.modules[name]
        raise _import_failed(spec, str(path), error, path) from error
    return module


def run_module(spec: str, name: str) -> ModuleType:
    """Import the module called `name`. Raises ModelError with its exception."""
    try:
        return importlib.import_module(name)
    except RAISED as error:
        raise _import_failed(spec, name, error, None) from error


def first_own_line(error: BaseException, path: Path | None) -> str:
    """` (line 12 of net.py)`: the last line of the file at `path` before `error`; "" where there is none."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return f" (line {error.lineno} of {Path(error.filename).name})"
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if path and frame.filename == str(path)
    ]
    return f" (line {frames[-1].lineno} of {Path(frames[-1].filename).name})" if frames else ""


def _import_failed(spec: str, what: str, error: BaseException, path: Path | None) -> ModelError:
    where = first_own_line(error, path)
    return misfit(
        spec,
        f"importing {what} raised {type(error).__name__}: {error}{where}",
        remedy="It must import without doing work; keep that under `if __name__ == '__main__':`.",
    )


@contextlib.contextmanager
def _siblings_importable(folder: Path) -> Iterator[None]:
    """`folder` first on the path and no byte code written; forgets what another import left of siblings."""
    for name in _left_behind:
        sys.modules.pop(name, None)
    _left_behind.clear()
    before, wrote_nothing = set(sys.modules), sys.dont_write_bytecode
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    importlib.invalidate_caches()  # a sibling may be younger than the finder's listing
    try:
        yield
    finally:
        sys.dont_write_bytecode = wrote_nothing
        with contextlib.suppress(ValueError):  # the file may have tidied the path itself
            sys.path.remove(str(folder))
        _left_behind.update(
            name for name in set(sys.modules) - before if _lives_in(folder, sys.modules[name])
        )


# Siblings stay importable by name, for pickle, until the next file is run: there the same name may be
# another folder's module, or this one edited since.
_left_behind: set[str] = set()


def _lives_in(folder: Path, module: ModuleType) -> bool:
    origin = getattr(module, "__file__", None) or ""
    return folder in Path(origin).parents and not module.__name__.startswith("mnist_tui")
