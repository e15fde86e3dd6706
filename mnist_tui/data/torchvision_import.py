"""torchvision's Python parts, for the plain loop to compare with, also where its compiled operators do not load.

On Linux torchvision is published against CUDA builds of torch. Beside a CPU-only torch its library cannot be
loaded, so its operators are never declared, and the import dies where it attaches Python functions to them:
`operator torchvision::nms does not exist`. Only Python parts are needed here, so the missing operators are
declared, without any implementation, and the import is tried again. Beside a torch that fits, the first try
works and nothing is touched: a second declaration would collide with torchvision's own.
"""

from __future__ import annotations

import importlib
import sys
import threading
import warnings
from types import ModuleType

import torch

from mnist_tui.errors import DataError

# The operators torchvision registers Python functions for whether or not its library has been loaded.
SCHEMAS = {
    "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}
REMEDY = "Install the torchvision that belongs to your torch: https://pytorch.org/get-started/locally"

_one_at_a_time = threading.Lock()  # two first imports at once would declare the operators twice


def datasets() -> ModuleType:
    """The module `torchvision.datasets`. Raises DataError as `part` does."""
    return part("datasets")


def part(name: str) -> ModuleType:
    """The module `torchvision.NAME`.

    Raises DataError where torchvision is missing, or broken in some other way than described above.
    """
    with _one_at_a_time:
        try:
            return _import_part(f"torchvision.{name}")
        except ModuleNotFoundError as error:
            raise DataError(f"torchvision is not installed ({error}).", remedy=REMEDY) from error
        except (ImportError, RuntimeError, AttributeError) as error:
            raise DataError(f"torchvision cannot be imported: {error}", remedy=REMEDY) from error


def _import_part(name: str) -> ModuleType:
    try:
        return _import_quietly(name)
    except RuntimeError as error:
        if "operator torchvision::" not in str(error):
            raise
    _forget_half_an_import()
    declare_missing_operators()
    return _import_quietly(name)


def declare_missing_operators() -> None:
    """Give torch the schema of each operator in `SCHEMAS` that it does not know yet."""
    for name, schema in SCHEMAS.items():
        if not hasattr(torch.ops.torchvision, name):
            torch.library.define(f"torchvision::{name}", schema)


def _import_quietly(name: str) -> ModuleType:
    with warnings.catch_warnings():
        # Several versions warn that the picture-decoding library did not load; it is not used here.
        warnings.filterwarnings("ignore", message="Failed to load", category=UserWarning)
        return importlib.import_module(name)


def _forget_half_an_import() -> None:
    """Python drops the package that failed, but keeps those of its modules that had finished."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
