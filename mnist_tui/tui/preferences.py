"""What the dashboard remembers between sessions: the theme, and the last form."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from mnist_tui.system import atomic_file, paths


class Preferences:
    """A small JSON file. If it cannot be read or written, nothing else is affected."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or paths.state_dir() / "dashboard.json"
        self._values = self._read()

    @property
    def theme(self) -> str:
        """The theme's name; "" where none was chosen."""
        theme = self._values.get("theme", "")
        return theme if isinstance(theme, str) else ""

    @property
    def graphs(self) -> str:
        """What charts are drawn with: a name of `render.graphs.Graphs`, or "auto"."""
        graphs = self._values.get("graphs", "auto")
        return graphs if isinstance(graphs, str) else "auto"

    @property
    def form(self) -> dict[str, Any]:
        """The settings that the last run was started with."""
        form = self._values.get("form", {})
        return form if isinstance(form, dict) else {}

    def remember(self, **values: Any) -> None:
        """Keep `theme=…`, `graphs=…` or `form=…` for the next time."""
        if all(self._values.get(name) == value for name, value in values.items()):
            return
        self._values |= values
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            atomic_file.write_text(self._path, json.dumps(self._values, indent=2) + "\n")

    def _read(self) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError):
            values = json.loads(self._path.read_text(encoding="utf-8"))
            if isinstance(values, dict):
                return values
        return {}
