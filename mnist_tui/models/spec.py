"""The source that a `--model` names, recorded by a run so that a resume finds the same one. Runs no code, no torch."""

from __future__ import annotations

import hashlib
import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from mnist_tui.errors import ModelError, did_you_mean
from mnist_tui.models.registry import NAMES, REGISTRY
from mnist_tui.system import paths

FORMS = (
    "a registered name, `path/to/file.py:Class` or `package.module:Class`, where instead of a class "
    "an instance or a function without arguments works too"
)
_SUFFIXES = (".py", ".ipynb")


@dataclass(frozen=True)
class CodeCopy:
    """A run's own copy of a network's files."""

    sums: Mapping[Path, str]
    """SHA-256 of each file, by its path; no other is run."""
    origins: Mapping[Path, Path]
    """The original path of each."""
    folders: tuple[Path, ...]
    """The folders in which modules are searched."""
    owner: str
    """Such as `run my-run`."""


@dataclass(frozen=True)
class ModelSource:
    """One network, findable from any folder: `path` for one of a file, `module` for one of a module.

    With both, the file is a part of a package and is imported under its name there.
    """

    name: str
    """The registered name, or the name of the class."""
    spec: str
    """The spec that finds it again; for a file, with its absolute path."""
    class_name: str
    """Or the name of an instance or of a function; "" if the file has one network only."""
    path: Path | None = None
    module: str = ""
    source_sha256: str | None = None
    """The checksum of the file with the class, to notice a change; None for the program's own networks."""
    copy: CodeCopy | None = field(default=None, compare=False)
    """The run's own copy, if that is to be used."""

    @property
    def is_registered(self) -> bool:
        return self.spec in REGISTRY

    @property
    def is_of_this_program(self) -> bool:
        """Whether it is in one of this program's own modules."""
        return self.path is None and self.module.partition(".")[0] == "mnist_tui"

    @property
    def location(self) -> str:
        """The file's name, or the module's."""
        return self.path.name if self.path else self.module


def model_error(spec: str, what: str, *, remedy: str = "") -> ModelError:
    """The error that says `what` is wrong with the model that `spec` names."""
    return ModelError(f"model {spec!r}: {what}", remedy=remedy)


def resolve_spec(spec: str) -> ModelSource:
    """The source that `spec` names, without running any of it. Raises ModelError if there is none."""
    if spec in REGISTRY:
        entry = REGISTRY[spec]
        return ModelSource(spec, spec, entry.class_name, module=entry.module)
    place, class_name = _split(spec)
    if _is_path(place):
        return _resolve_file(spec, place, class_name)
    found = _find_in_current_folder(place)
    if found is not None:
        return _make_file_source(spec, found, class_name, place)
    if not class_name:
        raise _unknown_name_error(spec)
    return _resolve_module(spec, place, class_name)


def _split(spec: str) -> tuple[str, str]:
    """Place and class. The last colon counts, before a name only: `C:\\net.py` has a drive and no class."""
    place, colon, class_name = spec.rpartition(":")
    if colon and (class_name.isidentifier() or not class_name):
        return place, class_name
    return spec, ""


def _is_path(place: str) -> bool:
    return place.endswith(_SUFFIXES) or "/" in place or "\\" in place or paths.is_file(Path(place))


def _resolve_file(spec: str, place: str, class_name: str) -> ModelSource:
    path = paths.expand_user(place).absolute()
    if not paths.is_file(path) and not paths.is_folder(path):
        raise model_error(spec, f"there is no file {path}", remedy="Correct the path before the colon.")
    path = path.resolve()
    if path.suffix not in _SUFFIXES or not path.is_file():
        raise model_error(spec, f"{path} is not a Python file", remedy=f"Give {FORMS}.")
    return _make_file_source(spec, path, class_name, "")


def _make_file_source(spec: str, path: Path, class_name: str, module: str) -> ModelSource:
    return ModelSource(
        class_name or path.stem,
        f"{path}:{class_name}" if class_name else str(path),
        class_name,
        path=path,
        module=module,
        source_sha256=_compute_sha256(spec, path),
    )


def _resolve_module(spec: str, module: str, class_name: str) -> ModelSource:
    found = _find_module(module)
    if found is None:
        remedy = "Run mnist-tui in the folder that contains it, or name its file instead: `path/to/file.py:Class`."
        raise model_error(spec, f"there is no module {module!r} in this folder or on Python's path", remedy=remedy)
    origin = found.origin or ""
    sha256 = _compute_sha256(spec, Path(origin)) if origin.endswith(".py") else None
    return ModelSource(class_name, spec, class_name, module=module, source_sha256=sha256)


def _find_in_current_folder(module: str) -> Path | None:
    """The file of a module in the current folder, where `python -m` would look first."""
    from mnist_tui.models import project  # only needed for a module of the current folder

    top = module.partition(".")[0]
    try:
        here = str(Path.cwd())
    except OSError:  # it has been deleted
        return None
    if not _is_dotted(module) or (top in sys.modules and project.find_owner(top) is None):
        return None
    importlib.invalidate_caches()
    found = _find_dotted(module, [here])
    if found is None or found.origin is None or not found.origin.endswith(".py"):
        return None
    first = PathFinder.find_spec(top, [here])
    elsewhere = PathFinder.find_spec(top)
    if first is not None and first.origin is None and elsewhere is not None and elsewhere.origin is not None:
        return None  # a folder that only has the name of an installed package
    return Path(found.origin).resolve()


def _find_module(module: str) -> ModuleSpec | None:
    """Where an installed module is. Unlike importlib.util.find_spec this runs no package's `__init__`."""
    return _find_dotted(module, None) if _is_dotted(module) else None


def _find_dotted(module: str, places: list[str] | None) -> ModuleSpec | None:
    parts = module.split(".")
    found: ModuleSpec | None = None
    for count in range(1, len(parts) + 1):
        if count > 1:
            if found is None or found.submodule_search_locations is None:
                return None
            places = list(found.submodule_search_locations)
        found = _find_part(".".join(parts[:count]), places)
    return found


def _find_part(name: str, places: list[str] | None) -> ModuleSpec | None:
    if places is not None:
        return PathFinder.find_spec(name, places)
    specs = (finder.find_spec(name, None) for finder in sys.meta_path)
    return next((found for found in specs if found is not None), None)


def _is_dotted(module: str) -> bool:
    return all(part.isidentifier() for part in module.split("."))


def _compute_sha256(spec: str, path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise model_error(spec, f"{path} cannot be read: {error.strerror}") from error


def _unknown_name_error(spec: str) -> ModelError:
    return ModelError(
        f"there is no model {spec!r}{did_you_mean(spec, NAMES)}",
        remedy=f"Registered: {', '.join(NAMES)}. Otherwise give {FORMS}.",
    )
