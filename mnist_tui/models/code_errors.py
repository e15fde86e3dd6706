"""Exceptions of user code, explained in one sentence with file and line."""

from __future__ import annotations

import contextlib
import shlex
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import torch

from mnist_tui.errors import MnistTuiError, ModelError, NetworkCodeError, describe_place
from mnist_tui.models.notebook import NotebookCells
from mnist_tui.models.project import USER_FILES, DamagedCopyError, InputRequestedError
from mnist_tui.models.spec import ModelSource, model_error

# A script that trains when imported often ends in sys.exit, which is no Exception.
USER_EXCEPTIONS = (Exception, SystemExit)

NOTEBOOK_CELLS: dict[str, NotebookCells] = {}
"""The cells of each notebook that has been run, by its path."""

# Packages whose name in `import` is not the name to install.
_PACKAGES = {
    "cv2": "opencv-python-headless",
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "pytorch_lightning": "pytorch-lightning",
    "torch_optimizer": "torch-optimizer",
    "dotenv": "python-dotenv",
    "attr": "attrs",
}


def summarize_error(error: BaseException) -> str:
    """`ValueError: too many values`, in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def locate_error(error: BaseException, path: Path | None = None) -> str:
    """` (line 12 of net.py)`: the last line of a user file in the traceback of `error`; "" if there is none."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return _format_line(error.filename, error.lineno)
    frames = _find_user_frames(error, path)
    return _format_line(frames[-1].filename, frames[-1].lineno or 0) if frames else ""


def find_user_file(error: BaseException) -> str:
    """The last user file in the traceback of `error`; "" if there is none."""
    frames = _find_user_frames(error)
    return frames[-1].filename if frames else ""


def _find_user_frames(error: BaseException, path: Path | None = None) -> list[traceback.FrameSummary]:
    own = USER_FILES | ({str(path)} if path else set())
    return [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in own]


def _format_line(filename: str, line: int) -> str:
    cells = NOTEBOOK_CELLS.get(filename)
    where = cells.locate(line) if cells else f"line {line}"
    return f" ({where} of {Path(filename).name})"


def explain_import_error(source: ModelSource, error: BaseException) -> ModelError:
    """Why a file or module cannot be imported, and what to do about it."""
    what, where = source.path or source.module, locate_error(error, source.path)
    if isinstance(error, ModelError):
        return error
    if isinstance(error, InputRequestedError):
        return model_error(
            source.spec,
            f"when {what} is imported, {error}{where}",
            remedy="No input is possible while a network is loaded: use a default value, or put that code under "
            "`if __name__ == '__main__':`.",
        )
    if isinstance(error, DamagedCopyError):
        return model_error(source.spec, str(error), remedy="That copy is damaged; choose another run.")
    if isinstance(error, SyntaxError):
        return model_error(
            source.spec,
            f"{what} is not valid Python: {error.msg}{where}",
            remedy="Correct that line; Python 3 is expected.",
        )
    remedy = _find_remedy(error) or (
        "Importing it must not do any work; put such code under `if __name__ == '__main__':`."
    )
    return model_error(source.spec, f"importing {what} raised {summarize_error(error)}{where}", remedy=remedy)


def explain_code_error(source: ModelSource, action: str, error: BaseException) -> ModelError:
    """The error for an exception of user code during `action`, such as `creating a Net`."""
    where = locate_error(error, source.path)
    if isinstance(error, InputRequestedError):
        return model_error(source.spec, f"{action}: {error}{where}", remedy="Give it a default.")
    return model_error(source.spec, f"{action} raised {summarize_error(error)}{where}", remedy=_find_remedy(error))


def _find_remedy(error: BaseException) -> str:
    """The remedy for a missing package or device; "" for anything else."""
    if "CUDA" in str(error) and not torch.cuda.is_available():
        return "CUDA is not available: replace `.cuda()` by `.to('cuda' if torch.cuda.is_available() else 'cpu')`."
    return missing_package_remedy(error)


def missing_package_remedy(error: BaseException) -> str:
    """How to install what an import did not find; "" for every other error."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    missing = error.name.partition(".")[0]
    command = shlex.join([sys.executable, "-m", "pip", "install", _PACKAGES.get(missing, missing)])
    return (
        f"Install it where mnist-tui is installed: {command}; or, if {missing} is your own file, put it beside the "
        "network's file."
    )


@contextlib.contextmanager
def translate_code_errors() -> Iterator[None]:
    """Within this context, exceptions of a user's network become a NetworkCodeError."""
    try:
        yield
    except USER_EXCEPTIONS as error:
        translated = translate_code_error(error)
        if translated is error:
            raise
        raise translated from error


def translate_code_error(error: BaseException) -> BaseException:
    """`error` as a NetworkCodeError with its line, if it comes from user code; otherwise itself."""
    frames = _find_user_frames(error)
    if isinstance(error, MnistTuiError) or not frames:
        return error
    where = locate_error(error)
    translated = NetworkCodeError(
        f"the network's own code raised {summarize_error(error)}{where}", remedy="Correct it and start again."
    )
    if frames[-1].filename not in NOTEBOOK_CELLS:  # whose lines are not those of its cells
        translated.place = describe_place(error, frames[-1])
    return translated
