"""Python's garbage collector kept quiet about what stays for good.

A full collection looks at every object there is, and torch alone brings 150,000: a tenth of a second and more, in
which no other thread runs, the screen's included.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# After so many smaller collections there is a full one even if nobody asks.
_RARELY = 1000
# So many new modules are a large import: torch brings a thousand.
_MANY = 100

_LOCK = threading.Lock()
_importing = 0


@contextmanager
def pause_during_import() -> Iterator[None]:
    """For what may be large imports: no collection in between, and none looks at what is there at the end.

    Only where they were large: what is garbage just then stays with the rest, and later there is more of it.
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
    """From now on, full collections come by `collect`: by themselves they come just when much is drawn."""
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _RARELY)


def collect() -> None:
    """A full collection, now."""
    gc.collect()


def _count_importers(change: int) -> None:
    """Several threads may be importing: the last one to be done has the collector go on."""
    global _importing
    with _LOCK:
        _importing += change
        if _importing:
            gc.disable()
        else:
            gc.enable()
