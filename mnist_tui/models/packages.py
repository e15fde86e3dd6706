"""How to install a missing package. No torch."""

from __future__ import annotations

import shlex
import sys

# Where the name in `import` is not the name to install.
_CALLED = {
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


def remedy(error: BaseException) -> str:
    """How to install what an import did not find; "" for every other error."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    missing = error.name.partition(".")[0]
    command = shlex.join([sys.executable, "-m", "pip", "install", _CALLED.get(missing, missing)])
    return (
        f"Install it where mnist-tui is installed: {command}; or, if {missing} is your own file, put it beside the "
        "network's file."
    )
