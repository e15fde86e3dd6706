"""Fewer full garbage collections.

A full collection visits every object, of which torch alone has 150,000: it takes 0.1 s or more, in which no other
thread runs, including the one that draws the screen.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# A full collection runs by itself only after this many smaller ones.
_RARELY = 1000
# An import of this many modules is large: torch has a thousand.
_MANY = 100

_LOCK = threading.Lock()
_importing = 0


@contextmanager
def pause_during_import() -> Iterator[None]:
    """Within this context no collection runs; after a large import, existing objects are excluded from later ones.

    Not after a small import, because garbage that exists at its end would never be freed.
    """
    before = len(sys.modules)
    _count_importers(1)
    try:
        yield
    finally:
        _count_importers(-1)
        if len(sys.modules) - before >= _MANY:
            gc.freeze()


def postpone_full_collections() -> None:
    """Leave full collections to `collect`: by themselves they run when much is drawn."""
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _RARELY)


def collect() -> None:
    """Run a full collection."""
    gc.collect()


def _count_importers(change: int) -> None:
    """Several threads may be importing: the last one to finish enables the collector."""
    global _importing
    with _LOCK:
        _importing += change
        if _importing:
            gc.disable()
        else:
            gc.enable()
