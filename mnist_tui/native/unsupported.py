"""The compiler's refusal, with a reason that a person can read."""

from __future__ import annotations


class Unsupported(Exception):  # noqa: N818 - a finding, not an error: the network can be trained without compiling it
    """This network cannot be compiled, or not on this machine."""

    def __init__(self, reason: str, hint: str = "") -> None:
        """`reason` has no period at its end, as it may follow a colon; `hint` is a sentence on what would help."""
        super().__init__(reason)
        self.reason, self.hint = reason, hint
