"""The image that a network gets, pixel by pixel."""

from __future__ import annotations

import numpy as np
from textual.app import ComposeResult
from textual.events import Resize
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from mnist_tui.config import IMAGE_SIZE
from mnist_tui.tui.canvas import Pixels
from mnist_tui.tui.widgets.drawing.gray_lines import Levels, changed_lines, gray_line, levels_of
from mnist_tui.tui.widgets.frame.panel import Panel


class InputImage(Panel):
    """A `GrayImage` in its frame."""

    DEFAULT_CSS = """
    InputImage { width: auto; height: auto; }
    """

    def __init__(self) -> None:
        super().__init__("Network input (28×28)", jump="I")
        self.image = GrayImage()

    def compose(self) -> ComposeResult:
        yield self.image

    def on_resize(self, event: Resize) -> None:
        """Zoomed, the image is as large as there is room for."""
        if self.screen.maximized is self:
            self.image.enlarge(scale_for(self.content_size))


def scale_for(room: Size) -> int:
    """How many columns wide a pixel can be in so much room."""
    return max(1, min(room.width, 2 * room.height) // IMAGE_SIZE)


class GrayImage(Widget):
    """MNIST's size, or a multiple of it; only the lines that have changed are drawn."""

    DEFAULT_CSS = """
    GrayImage { width: auto; height: auto; background: black; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._levels = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8)
        self._scale = 1

    def enlarge(self, scale: int) -> None:
        """Draw each pixel so many columns wide."""
        if scale != self._scale:
            self._scale = scale
            self.refresh(layout=True)

    def show(self, pixels: Pixels | None) -> None:
        """Draw (28, 28) uint8; None for nothing."""
        before = self._levels
        self._levels = np.zeros_like(before) if pixels is None else levels_of(pixels / 255)
        side, lines = self._scale * IMAGE_SIZE, changed_lines(*map(self._repeat, (before, self._levels)))
        if lines:
            self.refresh(*(Region(0, line, side, 1) for line in lines))

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return self._scale * IMAGE_SIZE

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self._scale * IMAGE_SIZE // 2

    def render_line(self, y: int) -> Strip:
        side = self._scale * IMAGE_SIZE
        if 2 * y >= side:
            return Strip.blank(self.size.width)
        return Strip(gray_line(self._repeat(self._levels), y), side)

    def _repeat(self, levels: Levels) -> Levels:
        return levels if self._scale == 1 else levels.repeat(self._scale, axis=0).repeat(self._scale, axis=1)
