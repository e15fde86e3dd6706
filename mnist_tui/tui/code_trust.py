"""The code of runs that were not trained on this machine: nothing of it is run before the user agrees."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mnist_tui.events import RunFailed
from mnist_tui.runs import Run
from mnist_tui.training.run_code import RunCode, UntrustedCodeError, find_code, find_teacher_code


@dataclass(frozen=True, kw_only=True)
class CodeUntrusted(RunFailed):
    """A network is not available, because the user has not yet agreed to run its code."""

    code: RunCode


def describe_failure(error: BaseException) -> RunFailed:
    """`RunFailed.from_error`, with the untrusted code if that is the reason."""
    if not isinstance(error, UntrustedCodeError):
        return RunFailed.from_error(error)
    return CodeUntrusted(
        error=type(error).__name__,
        message=f"The code of {error.code.owner} has not been run: it was not trained on this machine",
        remedy="Choose it with N to be asked again.",
        exit_code=error.exit_code,
        code=error.code,
    )


def find_untrusted_code(run: Run) -> list[RunCode]:
    """The untrusted code of the run's network and its teacher's. Raises RunError as `find_code` does."""
    codes = (find_code(run), find_teacher_code(run))
    return [code for code in codes if code is not None and not code.is_known]


def spec_for_new_run(run: Run) -> str:
    """The model for a new run with the same settings: the file, or the run's own copy if the file has changed."""
    code = find_code(run)
    copy: Path | None = code.source.path
    if not code.change or copy is None:
        return code.source.spec
    return f"{copy}:{code.source.class_name}" if code.source.class_name else str(copy)
