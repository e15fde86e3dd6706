"""What a run records of itself in `config.json`, parsed once; also from the files of old versions and damaged ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TypeVar

from mnist_tui.config import TrainConfig
from mnist_tui.errors import ConfigError, RunError
from mnist_tui.events import RunStarted
from mnist_tui.runs import folder_layout
from mnist_tui.system import regular_file

_Part = TypeVar("_Part", bound="ModelRecord | DataRecord | MachineRecord")
_PARTS = ("model", "data", "machine", "versions")


@dataclass(frozen=True)
class CodeRecord:
    """Which code creates a network."""

    spec: str
    source_sha256: str | None = None
    """Of the one file that defines its class, where there is one."""
    copy: Mapping[str, Any] | None = None
    """The run's own copy of that code, as `models.code_copy` describes it."""


@dataclass(frozen=True)
class ModelRecord:
    """The trained network; None for what is not recorded."""

    name: str | None
    parameters: int | None
    memory_format: str | None
    layer_table: Mapping[str, Any] | None
    """A `ModelSummary` as plain values: showing it needs neither torch nor the network's code."""
    code: CodeRecord


@dataclass(frozen=True)
class DataRecord:
    """The dataset; None for what is not recorded."""

    name: str | None
    source: str | None
    fingerprint: str | None
    train_images: int | None
    validation_images: int | None
    test_images: int | None
    joins_last_image: bool | None
    """Whether an epoch's last image joins the batch before, as the network cannot be trained on it alone."""


@dataclass(frozen=True)
class MachineRecord:
    """Where the run was trained last; None for what is not recorded."""

    device: str | None
    threads: int | None
    backend: str | None
    processor: str | None

    def __str__(self) -> str:
        """`cpu×2`: the device and how many threads."""
        return f"{self.device or '?'}×{'?' if self.threads is None else self.threads}"


@dataclass(frozen=True)
class TeacherRecord:
    """The network that the run learns from."""

    sha256: str
    """The checksum of the run's copy of its weights; "" if there is none."""
    code: CodeRecord | None
    """None in runs from before it was recorded."""


@dataclass(frozen=True)
class RunRecord:
    """One run: its settings, and what they were applied to."""

    run: str
    created: str
    config: Mapping[str, Any]
    """The settings as they are recorded; `train_config` has them as a `TrainConfig`."""
    model: ModelRecord
    data: DataRecord
    machine: MachineRecord
    versions: Mapping[str, Any]
    teacher: TeacherRecord | None
    values: Mapping[str, Any] = field(repr=False)
    """All of `config.json`, with what this version does not know."""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], run: str = "") -> RunRecord:
        """The record of `run` with these plain values. Raises ValueError naming the part that is damaged."""
        if not isinstance(values, dict) or not isinstance(values.get("config"), Mapping):
            raise ValueError("there is no config")
        for part in _PARTS:
            if not isinstance(values.get(part, {}), Mapping):
                raise ValueError(f"{part} is damaged")
        config, model, data, machine, versions = (values.get(part, {}) for part in ("config", *_PARTS))
        return cls(
            run=run,
            created=_text(values.get("created")) or "",
            config=config,
            model=_parse(
                ModelRecord,
                model,
                layer_table=_mapping(model.get("summary")),
                code=_code(_text(config.get("model")) or "reference", model),
            ),
            data=_parse(DataRecord, data),
            machine=_parse(MachineRecord, machine),
            versions=versions,
            teacher=_teacher(values.get("teacher")),
            values=values,
        )

    @classmethod
    def from_event(cls, event: RunStarted) -> RunRecord:
        """What the log says of the run as it began."""
        parts = {part: getattr(event, part) for part in ("config", *_PARTS)}
        return cls.from_dict({"created": event.time, **parts}, event.run)

    def replace(self, **parts: Any) -> RunRecord:
        """This record with other plain values for some of its parts."""
        return RunRecord.from_dict({**self.values, **parts}, self.run)

    def to_dict(self) -> dict[str, Any]:
        """Plain values as `config.json` has them."""
        return dict(self.values)

    def to_json(self) -> str:
        """The text of `config.json`: ASCII, as a path in it need not be UTF-8."""
        return json.dumps(self.to_dict(), indent=2) + "\n"

    def code(self, part: Literal["model", "teacher"]) -> CodeRecord | None:
        """Which code creates the run's network, or its teacher's; None if the run does not record it."""
        return self.model.code if part == "model" else self.teacher.code if self.teacher else None

    def text(self, setting: str) -> str | None:
        """A setting that is a word; None if there is none."""
        return _text(self.config.get(setting))

    def count(self, setting: str) -> int | None:
        """A setting that is a whole number; None if there is none."""
        return _count(self.config.get(setting))

    def train_config(self) -> TrainConfig:
        """The settings. Raises RunError if this version of the program cannot use them."""
        try:
            return TrainConfig.from_dict(self.config)
        except (ConfigError, TypeError) as error:
            raise RunError(
                f"run {self.run} was made by another version of this program: {error}",
                remedy="Use that version, or start a new run.",
            ) from error


def read_record(path: Path) -> RunRecord:
    """The record in a run's `config.json`. Raises RunError if it cannot be read."""
    try:
        content = regular_file.read_bytes(path, folder_layout.LARGEST_RECORD)
        values = json.loads(content.decode("utf-8"))
    except OSError as error:
        raise folder_layout.unreadable_error(path, error) from error
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path} cannot be read: {error}", remedy="Delete this run.") from error
    try:
        return RunRecord.from_dict(values, path.parent.name)
    except ValueError as error:
        raise RunError(f"{path} cannot be used: {error}", remedy="Delete this run.") from error


def _parse(kind: type[_Part], values: Mapping[str, Any], **given: Any) -> _Part:
    """A part of the record; a value that has not its field's type is None."""
    plain = {
        entry.name: _READERS[str(entry.type)](values.get(entry.name))
        for entry in fields(kind)
        if entry.name not in given
    }
    return kind(**plain, **given)


def _teacher(entry: Any) -> TeacherRecord | None:
    if not isinstance(entry, Mapping):
        return None
    spec = _text(entry["spec"]) or "" if "spec" in entry else None
    return TeacherRecord(_text(entry.get("sha256")) or "", None if spec is None else _code(spec, entry))


def _code(spec: str, entry: Mapping[str, Any]) -> CodeRecord:
    return CodeRecord(spec, _text(entry.get("source_sha256")), _mapping(entry.get("source")))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _mapping(value: Any) -> Mapping[str, Any] | None:
    return value if isinstance(value, Mapping) else None


# By the annotation of the field.
_READERS: Mapping[str, Callable[[Any], Any]] = {
    "str | None": _text,
    "int | None": _count,
    "bool | None": lambda value: None if value is None else bool(value),
}
