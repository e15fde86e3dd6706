"""Python's garbage collector kept quiet about what stays for good.

A full collection looks at every object there is, and torch alone brings 150,000: a tenth of a second and more, in
which no other thread runs, the screen's included.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LOCK = threading.Lock()
_importing = 0


@contextmanager
def importing() -> Iterator[None]:
    """For large imports: no collection in between, and none looks at what is there at the end."""
    _count(1)
    try:
        yield
    finally:
        _count(-1)
        gc.freeze()


def _count(change: int) -> None:
    """Several threads may be importing: the last one to be done has the collector go on."""
    global _importing
    with _LOCK:
        _importing += change
        if _importing:
            gc.disable()
        else:
            gc.enable()
