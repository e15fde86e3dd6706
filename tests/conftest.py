"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

pytest_plugins = ["tests.trial_server"]

# Nobody's own memory: what was trained with here is written down there.
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="mnist-tui-state-")
os.environ.pop("MNIST_TUI_STATE_DIR", None)

# Compiling a network's step takes seconds: once for all tests, and for all workers, rather than in each.
os.environ.setdefault(
    "MNIST_TUI_CACHE_DIR", str(Path(tempfile.gettempdir()) / f"mnist-tui-tests-{os.getuid()}")
)
