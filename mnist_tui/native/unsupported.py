"""Why a backend cannot be used: for a person to read, and for `auto` to take another."""

from __future__ import annotations


class Unsupported(Exception):  # noqa: N818 - a finding, not an error: another backend can do it
    """This backend cannot train this model on this machine."""

    def __init__(self, reason: str, hint: str = "") -> None:
        """`reason` ends without a full stop, as it may follow a colon; `hint` is a sentence on what would help."""
        super().__init__(reason)
        self.reason, self.hint = reason, hint
