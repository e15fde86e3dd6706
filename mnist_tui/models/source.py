"""Where a model's class comes from: what a run records so that a resume finds the same class. No torch."""

from __future__ import annotations

import difflib
import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from mnist_tui import paths
from mnist_tui.errors import ModelError
from mnist_tui.models.names import NAMES, REGISTRY

FORMS = "a registered name, `path/to/file.py:Class` or `package.module:Class`"


@dataclass(frozen=True)
class ModelSource:
    """One class, findable from any folder: `path` for a class of a file, `module` for one of a module."""

    name: str
    """How people call it: the registered name, or the class."""
    spec: str
    """What finds it again; an absolute path where it is a file."""
    class_name: str
    path: Path | None = None
    module: str = ""
    source_sha256: str | None = None
    """Of the file that has the class, to notice that it changed; None for a network of the house."""


def misfit(spec: str, what: str, *, remedy: str = "") -> ModelError:
    """The error that says `what` is wrong with the model that `spec` names."""
    return ModelError(f"model {spec!r}: {what}", remedy=remedy)


def resolve(spec: str) -> ModelSource:
    """The source that `spec` names, without running any of it. Raises ModelError where there is none."""
    if spec in REGISTRY:
        entry = REGISTRY[spec]
        return ModelSource(spec, spec, entry.class_name, module=entry.module)
    place, class_name = _split(spec)
    if _is_path(place):
        return _from_file(spec, place, class_name)
    if not class_name:
        raise _unknown_name(spec)
    return _from_module(spec, place, class_name)


def _split(spec: str) -> tuple[str, str]:
    """Place and class. The last colon counts, before a name only: `C:\\net.py` has a drive and no class."""
    place, colon, class_name = spec.rpartition(":")
    if colon and (class_name.isidentifier() or not class_name):
        return place, class_name
    return spec, ""


def _is_path(place: str) -> bool:
    return place.endswith(".py") or "/" in place or "\\" in place or paths.is_file(Path(place))


def _from_file(spec: str, place: str, class_name: str) -> ModelSource:
    path = paths.expanded(place).absolute()
    if not paths.is_file(path) and not paths.is_folder(path):
        raise misfit(spec, f"there is no file {path}", remedy="Correct the path before the colon.")
    path = path.resolve()
    if path.suffix != ".py" or not path.is_file():
        raise misfit(spec, f"{path} is not a Python file", remedy=f"Give {FORMS}.")
    return ModelSource(
        class_name or path.stem,
        f"{path}:{class_name}" if class_name else str(path),
        class_name,
        path=path,
        source_sha256=_sha256(spec, path),
    )


def _from_module(spec: str, module: str, class_name: str) -> ModelSource:
    origin = _origin(spec, module)
    sha256 = _sha256(spec, Path(origin)) if origin.endswith(".py") else None
    return ModelSource(class_name, spec, class_name, module=module, source_sha256=sha256)


def _origin(spec: str, module: str) -> str:
    """The module's file, or "" where it has none. A dotted name runs its packages' `__init__`."""
    try:
        found = importlib.util.find_spec(module)
    except Exception as error:  # whatever a package's own code raises
        reason = f"{type(error).__name__}: {error}"
        raise misfit(spec, f"looking for {module!r} raised {reason}", remedy=f"Give {FORMS}.") from error
    if found is None:
        remedy = "Install it, or name its file instead: `path/to/file.py:Class`."
        raise misfit(spec, f"there is no module {module!r} on Python's path", remedy=remedy)
    return found.origin or ""


def _sha256(spec: str, path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise misfit(spec, f"{path} cannot be read: {error.strerror}") from error


def _unknown_name(spec: str) -> ModelError:
    near = difflib.get_close_matches(spec, NAMES, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return ModelError(
        f"there is no model {spec!r}{hint}", remedy=f"Registered: {', '.join(NAMES)}. Otherwise give {FORMS}."
    )
