"""Which runs are marked for comparing, and under which colour."""

from __future__ import annotations

from collections.abc import Collection

MOST = 8


class RunColors:
    """A run keeps its number, and so its colour, however many others are marked and unmarked."""

    def __init__(self) -> None:
        self.slots: dict[str, int] = {}

    def toggle(self, name: str) -> bool:
        """Mark, or no longer; False when all colours are taken."""
        if name in self.slots:
            del self.slots[name]
            return True
        free = [slot for slot in range(MOST) if slot not in self.slots.values()]
        if free:
            self.slots[name] = free[0]
        return bool(free)

    def rename(self, old: str, new: str) -> None:
        """The run goes on under another name."""
        if old in self.slots:
            self.slots[new] = self.slots.pop(old)

    def keep(self, names: Collection[str]) -> None:
        """Forget runs that are gone."""
        for name in [name for name in self.slots if name not in names]:
            del self.slots[name]
