"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

pytest_plugins = ["tests.trial_server"]

# Compiling a network's step takes seconds: once for all tests, and for all workers, rather than in each.
os.environ.setdefault(
    "MNIST_TUI_CACHE_DIR", str(Path(tempfile.gettempdir()) / f"mnist-tui-tests-{os.getuid()}")
)
