"""The user's own modules: found in their folders, run from source, separate from other modules of the same names.

Two networks may each have a `blocks.py` and be in use at once: one in training, one beside it. So the modules of one
project are in `sys.modules` only while that project is the active one; a later import within one of its functions still
finds the modules of its own project. No torch.
"""

from __future__ import annotations

import builtins
import contextlib
import hashlib
import importlib
import importlib.util
import os
import sys
import sysconfig
import threading
from collections.abc import Iterator, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from mnist_tui.models.missing_package import MissingPackage
from mnist_tui.models.script import decode_source


class InputRequestedError(Exception):
    """User code asks for keyboard input or an argument, which are not available while a network is loaded."""


class DamagedCopyError(Exception):
    """A file does not match its checksum."""


class Project:
    """The modules that one network's file imports, itself included."""

    def __init__(
        self,
        folders: Sequence[Path],
        *,
        last: Sequence[Path] = (),
        sums: Mapping[Path, str] | None = None,
        origins: Mapping[Path, Path] | None = None,
    ) -> None:
        """Modules are looked for in `folders` first, and in `last` if they are nowhere else.

        With `sums` no other files are taken, and these only as the sums say. `origins` is what `__file__` is to be.
        """
        self.folders, self._last = list(folders), list(last)
        self._sums, self._origins = sums, origins or {}
        self._depth, self._path = 0, list(sys.path)
        self.contents: dict[Path, bytes] = {}
        """What has been run: each file as it was then."""
        self.used: set[Path] = set()
        """The folders in which modules were found."""
        self._left_out: set[str] = set()
        self._names: set[str] = set()
        self._modules: dict[str, ModuleType] = {}
        self._builtins = {
            **vars(builtins),
            "__import__": self._import,
            "print": _print,
            "input": _refuse_input,
        }

    @contextlib.contextmanager
    def importing(self) -> Iterator[None]:
        """In this thread, imports look in the project first. One thread at a time."""
        with _lock:
            self._activate()
            before, _thread.project = getattr(_thread, "project", None), self
            wrote_nothing, sys.dont_write_bytecode = sys.dont_write_bytecode, True
            if not self._depth:
                self._path = list(sys.path)
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                sys.dont_write_bytecode = wrote_nothing
                _thread.project = before
                if not self._depth and sys.path != self._path:
                    self.folders += self._find_added_folders()
                    sys.path[:] = self._path

    def _find_added_folders(self) -> list[Path]:
        """What the project's own code has put on the path; `..` is seen from here, and from the file's own folder."""
        added = [entry for entry in sys.path if entry not in self._path]
        places = [start / entry for start in (Path(), *self.folders) for entry in added]
        return list(dict.fromkeys(Path(os.path.realpath(place)) for place in places))

    def find_spec(self, name: str, path: Sequence[str] | None) -> ModuleSpec | None:
        """Where a module of the project is; None for every other."""
        last = [*self._find_added_folders(), *self._last]
        places = [*map(str, self.folders), *sys.path, *map(str, last)] if path is None else path
        found = PathFinder.find_spec(name, places)
        if found is None or not self._is_own(found):
            return None
        if path is None:
            self.used.add(_parent_folder(found))
        if isinstance(found.loader, SourceFileLoader):
            found.loader = SourceLoader(name, str(_resolve(found.loader.path)), self)
        self._names.add(name)
        return found

    def read(self, path: Path) -> bytes:
        """The file's bytes, about to be run. Raises DamagedCopyError if they do not match the checksum."""
        content = path.read_bytes()
        if self._sums is not None and hashlib.sha256(content).hexdigest() != self._sums.get(path):
            raise DamagedCopyError(f"{path} is not what it was when the run began")
        self.contents[path] = content
        USER_FILES.add(str(path))
        return content

    def execute(self, module: ModuleType, code: CodeType, path: Path) -> None:
        """Run `code` of the file at `path` as the body of `module`."""
        module.__dict__["__builtins__"] = self._builtins
        module.__file__ = str(self._origins.get(path, path))
        self._names.add(module.__name__)
        exec(code, module.__dict__)

    def add_alias(self, name: str, module: ModuleType) -> None:
        """Let `module` be imported by another name too, unless that exists already."""
        if name not in sys.modules and name not in sys.stdlib_module_names:
            sys.modules[name] = module
            self._names.add(name)

    def forget(self, module: ModuleType) -> None:
        """Remove a module that raised, under all of its names."""
        for name in [name for name in self._names if sys.modules.get(name) is module]:
            del sys.modules[name]

    def leave_out(self, error: ModuleNotFoundError) -> bool:
        """Let the package that an import did not find be imported from now on. Whether that may help."""
        name = (error.name or "").partition(".")[0]
        if not name or name in self._left_out or self._can_be_found(name):
            return False
        self._left_out.add(name)
        return True

    def _can_be_found(self, name: str) -> bool:
        with self.importing():
            try:
                return importlib.util.find_spec(name) is not None
            except ValueError:  # it is imported and has no spec
                return True

    def search_folders(self) -> list[Path]:
        """Where modules are looked for, in that order, without sys.path."""
        return list(dict.fromkeys([*self.folders, *self._last]))

    def owns(self, name: str) -> bool:
        """Whether the module `name` belongs to the project."""
        return name in self._names

    def _is_own(self, found: ModuleSpec) -> bool:
        if isinstance(found.loader, SourceFileLoader):
            path = _resolve(found.loader.path)
            return path in self._sums if self._sums is not None else self._is_within(path)
        if found.origin is None and found.submodule_search_locations is not None:  # a folder without __init__.py
            return all(self._is_within(_resolve(place)) for place in found.submodule_search_locations)
        return False

    def _is_within(self, path: Path) -> bool:
        roots = [*self.folders, *self._last, *self._find_added_folders()]
        return not is_installed(path) and any(root == path or root in path.parents for root in roots)

    def _import(self, name: str, *arguments: Any, **named: Any) -> Any:
        """What an `import` in one of its files calls."""
        with self.importing():
            try:
                return builtins.__import__(name, *arguments, **named)
            except ModuleNotFoundError as error:
                package = name.partition(".")[0]
                if package not in self._left_out or package != (error.name or "").partition(".")[0]:
                    raise
                return MissingPackage(package)

    def _activate(self) -> None:
        """Replace the project whose modules can currently be imported by name."""
        global _active
        if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
            sys.meta_path.insert(0, _Finder())
        importlib.invalidate_caches()  # a file may be younger than the finder's listing of its folder
        if _active is self:
            return
        if _active is not None:
            _active._deactivate()
        sys.modules.update(self._modules)
        _active = self

    def _deactivate(self) -> None:
        self._modules = {name: sys.modules.pop(name) for name in self._names if name in sys.modules}


class SourceLoader(SourceFileLoader):
    """Compiles the file as it is now: cached byte code misses an edit of the same second and size."""

    def __init__(self, name: str, path: str, project: Project) -> None:
        super().__init__(name, path)
        self._project = project

    def get_code(self, fullname: str) -> CodeType:
        """Of the bytes that the project remembers as those that were run."""
        return compile(decode_source(self._project.read(Path(self.path))), self.path, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        self._project.execute(module, self.get_code(module.__name__), Path(self.path))


USER_FILES: set[str] = set()
"""Every user file that has been run, to which errors are traced back."""

_lock = threading.RLock()
_thread = threading.local()
_active: Project | None = None


def find_owner(name: str) -> Project | None:
    """The project whose module can be imported as `name` now."""
    return _active if _active is not None and _active.owns(name) else None


def is_installed(path: Path) -> bool:
    """Whether a file belongs to Python, to an installed package, or to this program."""
    if {"site-packages", "dist-packages"} & set(path.parts):
        return True
    return any(folder in path.parents for folder in _INSTALLED)


_INSTALLED = tuple(
    Path(folder)
    for folder in (
        sysconfig.get_path("stdlib"),
        sysconfig.get_path("platstdlib"),
        str(Path(__file__).parents[1]),
    )
)


class _Finder(MetaPathFinder):
    """Asks the project that imports in this thread."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        project: Project | None = getattr(_thread, "project", None)
        return project.find_spec(fullname, path) if project is not None else None


def _print(*values: Any, file: Any = None, **named: Any) -> None:
    """Standard output is for results: what user code prints goes to standard error."""
    builtins.print(*values, file=sys.stderr if file in (None, sys.stdout) else file, **named)


def _refuse_input(prompt: object = "", /) -> str:
    raise InputRequestedError(f"it asks for keyboard input{f' ({prompt})' if prompt else ''}")


def _parent_folder(found: ModuleSpec) -> Path:
    """The folder that has a module's file or a package's folder."""
    places = found.submodule_search_locations
    return _resolve(next(iter(places)) if places else str(found.origin)).parent


def _resolve(path: str) -> Path:
    return Path(os.path.realpath(path))
