"""Suggestions for a field that takes a name or a file: the names first, then what is on disk."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Iterator
from pathlib import Path

from textual.suggester import Suggester

from mnist_tui.system import paths


class PathSuggester(Suggester):
    """Completes one of `names`, or else the path of a folder or of a file with one of these suffixes."""

    def __init__(self, names: Collection[str] = (), suffixes: Collection[str] = ()) -> None:
        super().__init__(use_cache=False, case_sensitive=True)  # files come and go
        self._names, self._suffixes = names, tuple(suffixes)

    async def get_suggestion(self, value: str) -> str | None:
        return await asyncio.to_thread(self.complete, value)

    def complete(self, typed: str) -> str | None:
        """The first name or path that begins with what was typed; None if there is none."""
        name = next((name for name in self._names if name.startswith(typed)), None)
        return name or self._complete_path(typed)

    def _complete_path(self, typed: str) -> str | None:
        folder, separator, beginning = typed.rpartition("/")
        names = sorted(self._list(paths.expand_user(folder + separator) if separator else Path(), beginning))
        return f"{folder}{separator}{names[0]}" if names else None

    def _list(self, folder: Path, beginning: str) -> Iterator[str]:
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    is_hidden = entry.name.startswith(".") and not beginning
                    if is_hidden or not entry.name.startswith(beginning):
                        continue
                    if entry.is_dir():
                        yield f"{entry.name}/"
                    elif entry.name.endswith(self._suffixes):
                        yield entry.name
        except OSError:
            return
