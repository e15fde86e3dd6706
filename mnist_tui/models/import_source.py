"""Running user source as a separate module, and reporting its exceptions in one sentence with file and line."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib
import os
import re
import stat
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType

import torch

from mnist_tui.errors import MnistTuiError, ModelError, NetworkCodeError
from mnist_tui.models import packages, script, torchvision_import
from mnist_tui.models.notebook import Cells, read_cells
from mnist_tui.models.project import OWN_FILES, DamagedCopyError, OwnSource, Project, Unanswered, owner
from mnist_tui.models.spec import ModelSource, misfit

# A script that trains when imported often ends in sys.exit, which is no Exception.
RAISED = (Exception, SystemExit)
Tell = Callable[[str], None]


@dataclass
class Imported:
    """A module that has been run, with its sources."""

    module: ModuleType
    project: Project | None = None
    """None for an installed module."""
    tree: ast.Module | None = None
    text: str = ""
    """Of a notebook: the Python file that its cells come to."""
    package: str = ""
    """The name under which it was imported, if it is a part of a package."""


def run(source: ModelSource, tell: Tell) -> Imported:
    """Run the file or import the module that `source` names. Raises ModelError with exception and line."""
    torchvision_import.install()
    try:
        if source.path is None:
            return Imported(importlib.import_module(source.module))
        return _FileRun(source, source.path, tell).run()
    except RAISED as error:
        raise import_failed(source, error) from error


class _FileRun:
    """One file, as a whole or the part of it that a network needs."""

    def __init__(self, source: ModelSource, path: Path, tell: Tell) -> None:
        self._source, self._path, self._tell = source, path, tell
        self._project = _project(source, path)
        content = self._project.read(path)
        self._cells = read_cells(script.decoded(content)) if path.suffix == ".ipynb" else None
        text = self._cells.text if self._cells else script.decoded(content)
        self._tree = ast.parse(text, str(path))
        self._package, root = _package(source, self._tree)
        if root is not None and source.kept is None:
            self._project.folders.insert(0, root)

    def run(self) -> Imported:
        """The whole file; if that trains or raises, only the statements that the network needs."""
        if self._cells is not None:
            return self._run_notebook(self._cells)
        if not script.trains_when_run(self._tree):
            try:
                return self._imported(self._run_whole())
            except RAISED as error:
                return self._run_rest(error)
        module, _ = self._run_needed(script.needed(self._tree, self._source.class_name))
        self._say(
            f"{self._path.name} trains when it is run, so only the statements that the network needs were run"
        )
        return self._imported(module)

    def _run_whole(self) -> ModuleType:
        with self._project.importing():
            if self._package:
                return importlib.import_module(self._package)
            module, loader = self._empty()
            try:
                loader.exec_module(module)
            except BaseException:
                self._project.forget(module)
                raise
            return module

    def _run_rest(self, error: BaseException) -> Imported:
        """The statements that the network needs may still run, for example without a plotting package."""
        selection = script.needed(self._tree, self._source.class_name)
        names = [self._source.class_name] if self._source.class_name else script.networks(self._tree)
        if not selection.left_out or not selection.may_give(names) or isinstance(error, DamagedCopyError):
            raise error
        why = f"{short(error)}{first_own_line(error, self._path)}"
        module, _ = self._run_needed(selection)
        remedy = packages.remedy(error)
        self._say(
            f"{self._path.name} raised {why}, so only the statements that the network needs were run"
            + (f". {remedy}" if remedy else "")
        )
        return self._imported(module)

    def _run_notebook(self, cells: Cells) -> Imported:
        CELLS[str(self._path)] = cells
        selection = script.needed(self._tree, self._source.class_name)
        module, text = self._run_needed(selection)
        self._say(f"{self._path.name}: ran {selection.words}; left out {selection.left_out} other statements")
        return self._imported(module, text)

    def _imported(self, module: ModuleType, text: str = "") -> Imported:
        return Imported(module, self._project, self._tree, text, self._package)

    def _run_needed(self, selection: script.Selection) -> tuple[ModuleType, str]:
        """The statements of `selection` alone, each with its own line number."""
        tree = ast.Module(selection.body, [])
        with self._project.importing():
            module, _ = self._empty()
            self._project.read(self._path)
            try:
                self._project.execute(module, compile(tree, str(self._path), "exec"), self._path)
            except BaseException:
                self._project.forget(module)
                raise
        return module, ast.unparse(tree) + "\n"

    def _empty(self) -> tuple[ModuleType, OwnSource]:
        """A module with nothing in it yet, in `sys.modules` already: dataclasses and pickle look a class up there."""
        name = self._package if self._package else _unique_name(self._path)
        loader = OwnSource(name, str(self._path), self._project)
        module = module_from_spec(ModuleSpec(name, loader, origin=str(self._path)))
        if self._package:
            self._have_package(self._package.rpartition(".")[0])
        sys.modules[name] = module
        if not self._package and self._path.stem.isidentifier():
            self._project.call(self._path.stem, module)  # for its siblings, which may import it in their turn
        return module, loader

    def _have_package(self, name: str) -> None:
        """The package around the file, or where its `__init__` raises one that only knows its folder."""
        try:
            importlib.import_module(name)
        except RAISED:
            bare = ModuleType(name)
            bare.__path__ = [str(self._path.parent)]
            sys.modules[name] = bare

    def _say(self, text: str) -> None:
        if self._source.kept is None:  # the run has reported it at its start
            self._tell(text)


def _unique_name(path: Path) -> str:
    """By path: `net.py` must be neither another folder's `net.py` nor an installed `net`."""
    stem = re.sub(r"\W", "_", path.stem)
    return f"mnist_tui_model_{stem}_{hashlib.sha256(bytes(path)).hexdigest()[:12]}"


def _project(source: ModelSource, path: Path) -> Project:
    if source.kept is not None:
        return Project(source.kept.folders, sums=source.kept.sums, origins=source.kept.origins)
    return Project([path.parent], last=[*_here(), *_root(path)])


def _here() -> list[Path]:
    with contextlib.suppress(OSError):  # it has been deleted
        return [Path.cwd()]
    return []


# What a project's top folder has, and the folders within it do not.
_OF_A_PROJECT = (".git", "pyproject.toml", "setup.py", "requirements.txt", "environment.yml")


def _root(path: Path) -> list[Path]:
    """The top folder of the project around the file, in which its author's scripts run, unless others may write it."""
    for folder in path.parents:
        if any(os.path.lexists(folder / name) for name in _OF_A_PROJECT):
            return [] if folder.stat().st_mode & stat.S_IWOTH else [folder]
    return []


def _package(source: ModelSource, tree: ast.Module) -> tuple[str, Path | None]:
    """The name of the file within its package, and the folder that has the package; "" and None where it has none.

    A file is run in its package where it was named so, or where its own imports need it: relative ones, and those that
    name a folder it lies in.
    """
    path = source.path
    assert path is not None
    if source.module:
        depth = source.module.count(".") + (path.name == "__init__.py")
        return source.module, path.parents[depth]
    if path.name == "__init__.py":
        return path.parent.name, path.parents[1]
    parents = _importable(path)
    wanted = script.package_levels(tree)
    used = script.imported(tree)
    by_name = [count for count, folder in enumerate(parents, 1) if folder.name in used]
    depth = min(max([wanted, *_regular(path, wanted), *by_name[:1]]), len(parents))
    if not depth:
        return "", None
    names = [folder.name for folder in reversed(parents[:depth])]
    if names[0] in sys.modules and owner(names[0]) is None:  # of another package, or of this program
        return "", None
    return ".".join([*names, path.stem]), parents[depth - 1].parent


def _regular(path: Path, levels: int) -> list[int]:
    """How deep the file lies in packages with an `__init__.py`, where it needs its package at all."""
    if not levels:
        return []
    depth = 0
    while (path.parents[depth] / "__init__.py").is_file():
        depth += 1
    return [depth]


def _importable(path: Path) -> list[Path]:
    """The folders around a file that can be packages, the nearest first."""
    found: list[Path] = []
    for folder in path.parents if path.stem.isidentifier() else []:
        if not folder.name.isidentifier():
            break
        found.append(folder)
    return found


CELLS: dict[str, Cells] = {}
"""The cells of each notebook that has been run."""


def first_own_line(error: BaseException, path: Path | None = None) -> str:
    """` (line 12 of net.py)`: the last line of a user file in the traceback of `error`; "" if there is none."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return _place(error.filename, error.lineno)
    own = OWN_FILES | ({str(path)} if path else set())
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in own]
    return _place(frames[-1].filename, frames[-1].lineno or 0) if frames else ""


def _place(filename: str, line: int) -> str:
    cells = CELLS.get(filename)
    place = cells.place(line) if cells else f"line {line}"
    return f" ({place} of {Path(filename).name})"


def short(error: BaseException) -> str:
    """`ValueError: too many values`, in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def import_failed(source: ModelSource, error: BaseException) -> ModelError:
    """Why a file or module cannot be imported, and what to do about it."""
    what, where = source.path or source.module, first_own_line(error, source.path)
    if isinstance(error, ModelError):
        return error
    if isinstance(error, Unanswered):
        return misfit(
            source.spec,
            f"when {what} is imported, {error}{where}",
            remedy="No input is possible while a network is loaded: use a default value, or put that code under "
            "`if __name__ == '__main__':`.",
        )
    if isinstance(error, DamagedCopyError):
        return misfit(source.spec, str(error), remedy="That copy is damaged; choose another run.")
    if isinstance(error, SyntaxError):
        return misfit(
            source.spec,
            f"{what} is not valid Python: {error.msg}{where}",
            remedy="Correct that line; Python 3 is expected.",
        )
    remedy = _remedy(error) or (
        "Importing it must not do any work; put such code under `if __name__ == '__main__':`."
    )
    return misfit(source.spec, f"importing {what} raised {short(error)}{where}", remedy=remedy)


def _remedy(error: BaseException) -> str:
    """The remedy for a missing package or device; "" for anything else."""
    if "CUDA" in str(error) and not torch.cuda.is_available():
        return "CUDA is not available: replace `.cuda()` by `.to('cuda' if torch.cuda.is_available() else 'cpu')`."
    return packages.remedy(error)


def saying(source: ModelSource, doing: str, error: BaseException) -> ModelError:
    """The error for an exception of user code while `doing`, such as `creating a Net`."""
    where = first_own_line(error, source.path)
    if isinstance(error, Unanswered):
        return misfit(source.spec, f"{doing}: {error}{where}", remedy="Give it a default.")
    return misfit(source.spec, f"{doing} raised {short(error)}{where}", remedy=_remedy(error))


@contextlib.contextmanager
def explaining() -> Iterator[None]:
    """Exceptions of a user's network while it is used become a NetworkCodeError."""
    try:
        yield
    except RAISED as error:
        explanation = explained(error)
        if explanation is error:
            raise
        raise explanation from error


def explained(error: BaseException) -> BaseException:
    """`error` as a NetworkCodeError with its line, if it comes from user code; otherwise itself."""
    where = first_own_line(error)
    if isinstance(error, MnistTuiError) or not where:
        return error
    return NetworkCodeError(
        f"the network's own code raised {short(error)}{where}", remedy="Correct it and start again."
    )
