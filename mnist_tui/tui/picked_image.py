"""Images that one screen passes to another: to ask why a network reads them as it does, or to draw on them."""

from __future__ import annotations

from dataclasses import dataclass

from mnist_tui.runs import Run


@dataclass(frozen=True)
class PickedImage:
    """An image that one screen passes to another."""

    pixels: bytes
    """(28, 28) uint8."""
    name: str
    """In words: `Test image 9,729`, `Your drawing`."""
    label: int | None = None
    """The index of its class, where it is known."""
    label_name: str = ""
    """The name of that class."""
    number: int | None = None
    """Of a test image of the dataset that the network was trained on: its index there."""


@dataclass(frozen=True)
class Question:
    """Why a network takes an image for what it does, and why not for another class."""

    image: PickedImage | None
    """None for the drawing on the Draw screen, whatever it is by then."""
    run: Run | None = None
    """Whose network is asked; None for the one in training."""
    other: int | None = None
    """The index of the other class; None for none in particular."""
