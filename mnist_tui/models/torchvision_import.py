"""torchvision's Python parts, even if its compiled operators do not load: for the program and for users' files.

On Linux torchvision is published against CUDA builds of torch. Beside a CPU-only torch its library cannot be
loaded, so its operators are never declared, and the import fails where it attaches Python functions to them:
`operator torchvision::nms does not exist`. Only Python parts are needed here, so the missing operators are
declared, without any implementation, and the import is tried again. Beside a torch that fits, the first try
works and nothing is touched: a second declaration would collide with torchvision's own.

The workaround is an import hook (`install`), and costs nothing until torchvision is imported.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

from mnist_tui.errors import DataError

_PACKAGE = "torchvision"
# The operators torchvision registers Python functions for whether or not its library has been loaded.
SCHEMAS = {
    "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}
REMEDY = "Install the torchvision that belongs to your torch: https://pytorch.org/get-started/locally"


def import_part(name: str) -> ModuleType:
    """The module `torchvision.NAME`.

    Raises DataError if torchvision is missing, or broken in another way than described above.
    """
    install_hook()
    try:
        return importlib.import_module(f"{_PACKAGE}.{name}")
    except ModuleNotFoundError as error:
        raise DataError(f"torchvision is not installed ({error}).", remedy=REMEDY) from error
    except (ImportError, RuntimeError, AttributeError) as error:
        raise DataError(f"torchvision cannot be imported: {error}", remedy=REMEDY) from error


def install_hook() -> None:
    """Apply the workaround to every later `import torchvision` that needs it."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def declare_missing_operators() -> None:
    """Give torch the schema of each operator in `SCHEMAS` that it does not know yet."""
    import torch

    for name, schema in SCHEMAS.items():
        if not hasattr(torch.ops.torchvision, name):
            torch.library.define(f"{_PACKAGE}::{name}", schema)


class _Finder(MetaPathFinder):
    """Finds torchvision as Python does, with a loader that tries twice."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != _PACKAGE:
            return None
        found = PathFinder.find_spec(fullname, path, target)
        if found is not None and isinstance(found.loader, SourceFileLoader):
            found.loader = _Loader(found.loader.name, found.loader.path)
        return found


class _Loader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        """Python lets one thread import a module at a time, so the operators are declared once."""
        with warnings.catch_warnings():
            # Several versions warn that the image-decoding library did not load; it is not used here.
            warnings.filterwarnings("ignore", message="Failed to load", category=UserWarning)
            try:
                super().exec_module(module)
            except RuntimeError as error:
                if "operator torchvision::" not in str(error):
                    raise
                for name in [name for name in sys.modules if name.startswith(f"{_PACKAGE}.")]:
                    del sys.modules[name]  # it had been loaded already when the import failed
                declare_missing_operators()
                super().exec_module(module)
