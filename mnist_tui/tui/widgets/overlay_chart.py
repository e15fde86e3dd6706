"""One measure of several runs by epoch, each curve in its run's colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType
from textual_hires_canvas import HiResMode
from textual_plot import PlotWidget


@dataclass(frozen=True)
class Curve:
    """One run's."""

    epochs: Sequence[float]
    values: Sequence[float]
    colour: str


class OverlayChart(PlotWidget, inherit_bindings=False, can_focus=False):
    """A PlotWidget with a title on its frame; nothing to zoom."""

    BINDINGS: ClassVar[list[BindingType]] = []
    DEFAULT_CSS = """
    OverlayChart {
        border: round $foreground 25%;
        border-title-color: $foreground 80%;
        border-title-style: bold;

        &, & Canvas { background: transparent; }
        & > .plot--axis { color: $foreground 25%; }
        & > .plot--tick { color: $foreground 60%; text-style: none; }
    }
    """

    def __init__(self, title: str, *, id: str) -> None:
        super().__init__(id=id, allow_pan_and_zoom=False)
        self.border_title = title
        self.curves: Sequence[Curve] = ()

    def on_mount(self) -> None:
        """Margins as narrow as the labels."""
        self.margin_top, self.margin_bottom, self.margin_left = 0, 1, 7

    def draw(self, curves: Sequence[Curve]) -> None:
        """Replace all curves; the axes fit what is shown."""
        self.curves = [curve for curve in curves if curve.epochs]
        last = max((curve.epochs[-1] for curve in self.curves), default=1)
        self.clear()
        self.set_xlimits(1, max(2, last))
        for curve in self.curves:
            self.plot(curve.epochs, curve.values, line_style=curve.colour, hires_mode=HiResMode.BRAILLE)
