"""What a run may be called."""

from __future__ import annotations

import re

from mnist_tui.errors import RunError

LATEST = "latest"
"""What `find` takes for the newest run."""

SWEEPS = "sweeps"
"""The folder beside the runs in which sweeps keep their plans; no run is called so."""

_NAME = re.compile(r"[^\W_][\w.+ -]*")
_LONGEST = 120  # bytes; a file's name may have 255, and numbers and temporary names are made of it


def check_name(name: str) -> None:
    """Raise RunError for what cannot be a run's name."""
    if not _NAME.fullmatch(name) or len(name.encode()) > _LONGEST or name in (LATEST, SWEEPS):
        raise RunError(
            f"{name!r} cannot be a run's name",
            remedy=f"Use up to {_LONGEST} letters, digits, spaces and . _ + - only, starting with a letter "
            f"or digit; {LATEST!r} is the newest run's other name, {SWEEPS!r} the folder of the sweeps.",
        )
