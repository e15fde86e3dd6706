"""What cannot be compiled, said so that a person can act on it."""

from __future__ import annotations


class NotNative(Exception):  # noqa: N818 - no error: another backend takes the step
    """The native backend cannot do this. `reason` is one sentence without full stop, `hint` what would help."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
