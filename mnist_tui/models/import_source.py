"""Running user source as a separate module: a whole file, or only the statements that a network needs."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib
import itertools
import os
import re
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType

from mnist_tui.models import script, torchvision_import
from mnist_tui.models.code_errors import (
    NOTEBOOK_CELLS,
    USER_EXCEPTIONS,
    explain_import_error,
    find_user_file,
    locate_error,
    missing_package_remedy,
    summarize_error,
)
from mnist_tui.models.notebook import NotebookCells, read_cells
from mnist_tui.models.project import DamagedCopyError, Project, SourceLoader, find_owner
from mnist_tui.models.spec import ModelSource

OnNotice = Callable[[str], None]


@dataclass
class ImportedCode:
    """A module that has been run, with its sources."""

    module: ModuleType
    project: Project | None = None
    """None for an installed module."""
    tree: ast.Module | None = None
    text: str = ""
    """For a notebook, its cells as a Python file."""
    package: str = ""
    """The name under which it was imported, if it is a part of a package."""


def import_code(source: ModelSource, on_notice: OnNotice) -> ImportedCode:
    """Run the file or import the module that `source` names. Raises ModelError with exception and line."""
    torchvision_import.install_hook()
    try:
        if source.path is None:
            return ImportedCode(importlib.import_module(source.module))
        return _FileImport(source, source.path, on_notice).run()
    except USER_EXCEPTIONS as error:
        raise explain_import_error(source, error) from error


class _FileImport:
    """One file, as a whole or the part of it that a network needs."""

    def __init__(self, source: ModelSource, path: Path, on_notice: OnNotice) -> None:
        self._source, self._path, self._on_notice = source, path, on_notice
        self._project = _make_project(source, path)
        content = self._project.read(path)
        self._cells = read_cells(script.decode_source(content)) if path.suffix == ".ipynb" else None
        text = self._cells.text if self._cells else script.decode_source(content)
        self._tree = ast.parse(text, str(path))
        self._package, root = _find_package(source, self._tree)
        if root is not None and source.copy is None:
            self._project.folders.insert(0, root)

    def run(self) -> ImportedCode:
        """What the network needs; a package that is missing in a helper is left out, and raises where it is used."""
        left_out: list[str] = []
        while True:
            try:
                result = self._run()
            except ModuleNotFoundError as error:
                if find_user_file(error) in ("", str(self._path)) or not self._project.leave_out(error):
                    raise
                why = f"{summarize_error(error)}{locate_error(error, self._path)}"
                left_out.append(f"{why}, so it was left out. {missing_package_remedy(error)}")
            else:
                for notice in left_out:
                    self._notify(notice)
                return result

    def _run(self) -> ImportedCode:
        """The whole file; if that trains or raises, only the statements that the network needs."""
        if self._cells is not None:
            return self._run_notebook(self._cells)
        if not script.trains_when_run(self._tree):
            try:
                return self._result(self._run_whole())
            except USER_EXCEPTIONS as error:
                return self._run_needed_after(error)
        module, _ = self._run_selection(script.select_statements(self._tree, self._source.class_name))
        self._notify(f"{self._path.name} trains when it is run, so only the statements that the network needs were run")
        return self._result(module)

    def _run_whole(self) -> ModuleType:
        with self._project.importing():
            if self._package:
                self._import_packages()
                return importlib.import_module(self._package)
            module, loader = self._make_empty_module()
            try:
                loader.exec_module(module)
            except BaseException:
                self._project.forget(module)
                raise
            return module

    def _run_needed_after(self, error: BaseException) -> ImportedCode:
        """The statements that the network needs may still run, for example without a plotting package."""
        selection = script.select_statements(self._tree, self._source.class_name)
        names = [self._source.class_name] if self._source.class_name else script.find_networks(self._tree)
        if not selection.left_out or not selection.may_define(names) or isinstance(error, DamagedCopyError):
            raise error
        notice = self._explain(self._path.name, error, "only the statements")
        module, _ = self._run_selection(selection)
        self._notify(notice)
        return self._result(module)

    def _explain(self, what: str, error: BaseException, part: str) -> str:
        """The notice that only a part was run, and how all of it would be."""
        why = f"{summarize_error(error)}{locate_error(error, self._path)}"
        remedy = missing_package_remedy(error)
        return f"{what} raised {why}, so {part} that the network needs were run" + (f". {remedy}" if remedy else "")

    def _run_notebook(self, cells: NotebookCells) -> ImportedCode:
        NOTEBOOK_CELLS[str(self._path)] = cells
        selection = script.select_statements(self._tree, self._source.class_name)
        module, text = self._run_selection(selection)
        self._notify(f"{self._path.name}: ran {selection.describe}; left out {selection.left_out} other statements")
        return self._result(module, text)

    def _result(self, module: ModuleType, text: str = "") -> ImportedCode:
        return ImportedCode(module, self._project, self._tree, text, self._package)

    def _run_selection(self, selection: script.Selection) -> tuple[ModuleType, str]:
        """The statements of `selection` alone, each with its own line number."""
        tree = ast.Module(selection.body, [])
        with self._project.importing():
            module, _ = self._make_empty_module()
            self._project.read(self._path)
            try:
                self._project.execute(module, compile(tree, str(self._path), "exec"), self._path)
            except BaseException:
                self._project.forget(module)
                raise
        return module, ast.unparse(tree) + "\n"

    def _make_empty_module(self) -> tuple[ModuleType, SourceLoader]:
        """An empty module, in `sys.modules` already, because dataclasses and pickle look up a class there."""
        name = self._package if self._package else _make_unique_name(self._path)
        loader = SourceLoader(name, str(self._path), self._project)
        module = module_from_spec(ModuleSpec(name, loader, origin=str(self._path)))
        if self._package:
            self._import_packages()
        sys.modules[name] = module
        if not self._package and self._path.stem.isidentifier():
            self._project.add_alias(self._path.stem, module)  # for its siblings, which may import it
        return module, loader

    def _import_packages(self) -> None:
        """Import the packages around the file, the outermost first."""
        names = self._package.split(".")[:-1]
        folders = self._path.parents[self._path.name == "__init__.py" :][: len(names)]
        for count, folder in enumerate(reversed(folders), 1):
            self._import_package(".".join(names[:count]), folder)

    def _import_package(self, name: str, folder: Path) -> None:
        """Import one; if its `__init__` raises, such as without a logging package, one that has only its folder."""
        try:
            importlib.import_module(name)
        except DamagedCopyError:
            raise
        except USER_EXCEPTIONS as error:
            bare = ModuleType(name)
            bare.__path__ = [str(folder)]
            sys.modules[name] = bare
            self._notify(self._explain(f"the package {name}", error, "only those of its modules"))

    def _notify(self, text: str) -> None:
        if self._source.copy is None:  # the run has reported it at its start
            self._on_notice(text)


def _make_unique_name(path: Path) -> str:
    """By path: `net.py` must be neither another folder's `net.py` nor an installed `net`."""
    stem = re.sub(r"\W", "_", path.stem)
    return f"mnist_tui_model_{stem}_{hashlib.sha256(bytes(path)).hexdigest()[:12]}"


def _make_project(source: ModelSource, path: Path) -> Project:
    if source.copy is not None:
        return Project(source.copy.folders, sums=source.copy.sums, origins=source.copy.origins)
    last = _find_project_folder(path)
    with contextlib.suppress(OSError):  # the current folder has been deleted
        last.insert(0, Path.cwd())
    return Project([path.parent], last=last)


# Files that a project has in its top folder.
_PROJECT_FILES = (".git", "pyproject.toml", "setup.py", "requirements.txt", "environment.yml")


def _find_project_folder(path: Path) -> list[Path]:
    """The top folder of the file's project, from which its author runs scripts, unless other users can write to it."""
    for folder in path.parents:
        if any(os.path.lexists(folder / name) for name in _PROJECT_FILES):
            return [] if folder.stat().st_mode & stat.S_IWOTH else [folder]
    return []


def _find_package(source: ModelSource, tree: ast.Module) -> tuple[str, Path | None]:
    """The name of the file within its package, and the folder that has the package; "" and None if there is none.

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
    parents = _find_package_folders(path)
    wanted = script.relative_import_depth(tree)
    used = script.find_imports(tree)
    by_name = [count for count, folder in enumerate(parents, 1) if folder.name in used]
    packages = itertools.takewhile(lambda folder: (folder / "__init__.py").is_file(), path.parents if wanted else ())
    depth = min(max([wanted, len(list(packages)), *by_name[:1]]), len(parents))
    if not depth:
        return "", None
    names = [folder.name for folder in reversed(parents[:depth])]
    if names[0] in sys.modules and find_owner(names[0]) is None:  # of another package, or of this program
        return "", None
    return ".".join([*names, path.stem]), parents[depth - 1].parent


def _find_package_folders(path: Path) -> list[Path]:
    """The folders around a file that can be packages, the nearest first."""
    if not path.stem.isidentifier():
        return []
    return list(itertools.takewhile(lambda folder: folder.name.isidentifier(), path.parents))
