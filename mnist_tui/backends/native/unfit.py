"""Why a step cannot be compiled here."""

from __future__ import annotations


class NotNative(Exception):  # noqa: N818 - an answer, not an error: another backend takes over
    """What stands in the way, as a sentence without its full stop, and what a person can do about it, if anything."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
