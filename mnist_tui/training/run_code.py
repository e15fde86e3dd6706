"""The code of a run's network: the run's copy, or the file that it names; and whether it is trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mnist_tui import models
from mnist_tui.errors import ModelError, RunError
from mnist_tui.events import Notice, Report
from mnist_tui.models import ModelSource, code_copy, trusted_code
from mnist_tui.runs import Run, folder_layout
from mnist_tui.runs.record import CodeRecord

if TYPE_CHECKING:
    from torch import nn

CodePart = Literal["model", "teacher"]


@dataclass(frozen=True)
class RunCode:
    """The code that would be run to create a run's network."""

    source: ModelSource
    owner: str
    """Whose code it is, such as `run my-run`."""
    digest: str = ""
    """Identifies exactly this code; "" for the program's own networks."""
    files: tuple[str, ...] = ()
    """Paths of the files that would be run."""

    @property
    def is_known(self) -> bool:
        """Whether it was used for training on this machine, or the user has agreed to it."""
        return not self.digest or trusted_code.is_trusted(self.digest)

    @property
    def question(self) -> str:
        """Asks for the user's consent, naming the run and the files."""
        more = f" and {len(self.files) - 3} more" if len(self.files) > 3 else ""
        files = ", ".join(self.files[:3]) + more
        return (
            f"{self.owner[:1].upper()}{self.owner[1:]} was not trained on this machine, and its network is created by "
            f"running code, which can do anything that you can do: {files}"
        )

    @property
    def change(self) -> str:
        """A notice if the original code has changed or is gone; otherwise ""."""
        change = code_copy.describe_change(self.source)
        return f"{change} since {self.owner} began; its own copy is used" if change else ""

    def require_trust(self) -> RunCode:
        """This code. Raises UntrustedCodeError if it is not trusted."""
        if not self.is_known:
            raise UntrustedCodeError(self)
        return self

    def trust(self) -> None:
        """Trust this code from now on, in any run."""
        if self.digest:
            trusted_code.trust(self.digest, f"{self.owner}: {self.source.spec}")


class UntrustedCodeError(RunError):
    """A run's network is user code that the user has not yet agreed to run on this machine."""

    def __init__(self, code: RunCode) -> None:
        super().__init__(code.question, remedy="If you trust its author, add --trust.")
        self.code = code


def find_code(run: Run, part: CodePart = "model") -> RunCode:
    """The code of `run`'s network, or of its teacher's, without running any of it.

    Raises RunError if it is damaged, has changed, or is missing.
    """
    recorded = run.record().code(part) or CodeRecord("")
    owner = f"run {run.name}" if part == "model" else f"the teacher of run {run.name}"
    try:
        return _resolve_code(recorded, run.source_folder(part), owner)
    except ModelError as error:
        raise RunError(
            f"the network of {owner} cannot be built: {error}",
            remedy=error.remedy or "Put its file back where it was, or choose another run.",
        ) from error


def find_teacher_code(run: Run) -> RunCode | None:
    """The code of the network of the run's teacher; None if the run does not record it."""
    return find_code(run, "teacher") if run.record().code("teacher") else None


def find_spec_code(spec: str, owner: str) -> RunCode:
    """The code of the network that an untrusted file names."""
    return _resolve_code(CodeRecord(spec), Path(), owner)


def _resolve_code(recorded: CodeRecord, folder: Path, owner: str) -> RunCode:
    spec, copied = recorded.spec, recorded.copy
    if copied is not None and spec not in models.REGISTRY:
        place, _, name = spec.rpartition(":")
        source = ModelSource(name if place else spec, spec, name)
        source = code_copy.open_copy(source, copied, folder, owner)
        assert source.copy is not None
        return RunCode(source, owner, code_copy.compute_digest(source, copied), tuple(map(str, source.copy.sums)))
    source = models.resolve_spec(spec)
    if recorded.source_sha256 not in (None, source.source_sha256):
        raise RunError(
            f"{spec} is not the code that {owner} was trained with",
            remedy="Restore the file as it was, or choose another run.",
        )
    if source.is_registered or source.is_of_this_program:
        return RunCode(source, owner)
    return RunCode(source, owner, code_copy.compute_digest(source, None), (str(source.path or source.module),))


@dataclass(frozen=True)
class SavedCode:
    """The code that a new run keeps: of its network, and of its teacher's."""

    files: Mapping[Path, bytes]
    """By their paths in the run."""
    copy: Mapping[str, Any] | None
    """The record of the copy of its network's code; None if there is none."""
    teacher: Mapping[str, Any]
    """The record of its teacher's code."""


def collect_code(model: nn.Module, source: ModelSource, teacher: Run | None, report: Report) -> SavedCode:
    """The code that a new run keeps.

    Code that is too large is not kept, with a notice: such a run relies on the checksum of its one file.
    """
    files, copy = _copy_code(model, source, report)
    if teacher is None:
        return SavedCode(files, copy, {})
    teachers_files, about = _copy_teacher_code(teacher)
    return SavedCode(files | teachers_files, copy, about)


def _copy_code(
    model: nn.Module, source: ModelSource, report: Report
) -> tuple[dict[Path, bytes], Mapping[str, Any] | None]:
    from mnist_tui.models import loader

    imported = loader.imported_code(model)
    try:
        copied = code_copy.copy_code(source, imported) if imported is not None else None
    except code_copy.TooLargeError as error:
        message = f"the network's code is not kept with the run: {error}"
        report(Notice(message=message, topic="model"))
        return {}, None
    if copied is None:
        return {}, None
    folder = folder_layout.SOURCES["model"]
    return {Path(folder, name): content for name, content in copied.files.items()}, copied.record


def _copy_teacher_code(teacher: Run) -> tuple[dict[Path, bytes], dict[str, Any]]:
    """The teacher's run may be deleted or trained again before this one is resumed."""
    code = teacher.record().model.code
    about: dict[str, Any] = {"spec": code.spec, "source_sha256": code.source_sha256}
    if code.copy is None:
        return {}, about
    folder = teacher.source_folder()
    files = {Path(folder_layout.SOURCES["teacher"], name): (folder / name).read_bytes() for name in code.copy["files"]}
    return files, {**about, "source": code.copy}
