"""The copy of a network's code in a run: each user file that was run, at its relative path."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from mnist_tui.errors import ModelError
from mnist_tui.models.spec import CodeCopy, ModelSource

if TYPE_CHECKING:
    from mnist_tui.models.import_source import ImportedCode

MAX_FILES, MAX_BYTES = 200, 1_000_000
"""The largest number of files in a copy, and the largest size of one."""


@dataclass(frozen=True)
class CodeFiles:
    """The record of a network's code for `config.json`, and the files themselves."""

    record: dict[str, Any]
    files: Mapping[str, bytes]
    """By their paths within the copy."""


class TooLargeError(Exception):
    """The code is too large to be copied."""


def copy_code(source: ModelSource, imported: ImportedCode) -> CodeFiles | None:
    """The code that created a network; None for an installed module. Raises TooLargeError with the reason."""
    if imported.project is None or source.path is None:
        return None
    contents, entry = dict(imported.project.contents), source.path
    if imported.text:  # for a notebook, the part that was run
        del contents[entry]
        entry = entry.with_suffix(".py")
        contents[entry] = imported.text.encode()
    _check_size(contents)
    used = imported.project.used | ({entry.parent} if not imported.package else set())
    base = _common_folder([*used, *(path.parent for path in contents)])
    files = {_relative_name(path, base): content for path, content in contents.items()}
    folders = [folder for folder in imported.project.search_folders() if folder in used]
    record = {
        "entry": _relative_name(entry, base),
        "class": source.class_name,
        "module": imported.package,
        "folders": [_relative_name(folder, base) for folder in folders],
        "root": str(base),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    return CodeFiles(record, files)


def open_copy(source: ModelSource, record: Mapping[str, Any], folder: Path, owner: str) -> ModelSource:
    """The source for the copy in `folder`, described by `record`.

    Raises ModelError if a file is missing or differs from the record, or if the record is invalid.
    """
    folder = folder.resolve()
    try:
        sums = {_resolve_name(folder, name): str(sha256) for name, sha256 in dict(record["files"]).items()}
        root = Path(str(record["root"]))
        origins = {path: root / path.relative_to(folder) for path in sums}
        folders = tuple(_resolve_name(folder, name) for name in list(record["folders"]))
        entry = _resolve_name(folder, record["entry"])
        class_name, module = str(record["class"]), str(record["module"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{owner} has an invalid record of its network's code: {error}") from error
    if entry not in sums or len(sums) > MAX_FILES:
        raise ModelError(f"{owner} has an invalid record of its network's code")
    damaged = [path for path, sha256 in sums.items() if _compute_sha256(path) != sha256]
    if damaged:
        raise ModelError(
            f"{damaged[0]} is missing or damaged: it is not the code that {owner} was trained with",
            remedy="Restore that file, or choose another run.",
        )
    copy = CodeCopy(sums, origins, folders, owner)
    return replace(source, path=entry, class_name=class_name, module=module, copy=copy)


def compute_digest(source: ModelSource, record: Mapping[str, Any] | None) -> str:
    """A digest of exactly the code that would be run: all files of a copy, otherwise the one file."""
    parts: object = [source.spec, source.source_sha256]
    if record is not None:
        parts = [record[name] for name in ("entry", "class", "module", "folders")] + [sorted(record["files"].items())]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def describe_change(source: ModelSource) -> str:
    """`net.py has changed` or `net.py is gone`, for the originals of a copy; "" if neither."""
    if source.copy is None:
        return ""
    for path, sha256 in source.copy.sums.items():
        origin = source.copy.origins[path]
        now = _compute_sha256(origin)
        if now != sha256 and not _is_from_notebook(path, source):
            return f"{origin.name} has changed" if now else f"{origin.name} is gone"
    return ""


def _is_from_notebook(path: Path, source: ModelSource) -> bool:
    """Whether the file was extracted from a notebook, and so never existed on its own."""
    return path == source.path and ".ipynb" in source.spec


def _check_size(contents: Mapping[Path, bytes]) -> None:
    if len(contents) > MAX_FILES:
        raise TooLargeError(f"it has {len(contents)} files, and at most {MAX_FILES} are kept")
    large = [path for path, content in contents.items() if len(content) > MAX_BYTES]
    if large:
        raise TooLargeError(f"{large[0].name} is larger than {MAX_BYTES // 1_000_000} MB")


def _common_folder(paths: list[Path]) -> Path:
    try:
        return Path(os.path.commonpath(paths))
    except ValueError as error:  # on two drives
        raise TooLargeError(f"its files have no folder in common: {error}") from error


def _relative_name(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix()


def _resolve_name(folder: Path, name: object) -> Path:
    """The path `name` in a copy. Raises ValueError for one that leads out of it."""
    if not isinstance(name, str) or "\0" in name:
        raise ValueError(f"{name!r} is not a valid path")
    inner = PurePosixPath(name)
    path = folder.joinpath(*inner.parts)
    if inner.is_absolute() or ".." in inner.parts or path.resolve() != path:
        raise ValueError(f"{name!r} leads out of the copy")
    return path


def _compute_sha256(path: Path) -> str:
    """Empty for a file that is missing, too large, or unreadable."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            return ""
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, ValueError):
        return ""
