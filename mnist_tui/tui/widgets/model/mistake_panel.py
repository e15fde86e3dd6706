"""One mistake in large: the image, what the network took it for, and how probable each class was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from mnist_tui.render.evaluation import mistake_caption, next_classes
from mnist_tui.render.pixels import Matrix, gray_image
from mnist_tui.tui.widgets.drawing.prediction_view import ProbabilityBars
from mnist_tui.tui.widgets.frame.panel import Panel, update_text

if TYPE_CHECKING:
    from torch import Tensor

    from mnist_tui.inference.evaluation import Mistake

_SIDE = 28
# The columns that the text beside the image gets at least.
_TEXT = 30


class Picture(Widget):
    """A gray image, in shades without color. Unlike the Draw screen's it needs no numpy, which takes long to load."""

    DEFAULT_CSS = """
    Picture { width: auto; height: auto; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._rows: Matrix = [[0.0] * _SIDE] * _SIDE
        self._scale = 1
        self._lines: list[Strip] = []

    def show(self, rows: Matrix) -> None:
        """Draw 28×28 pixels, 0 to 255."""
        self._rows = rows
        self._draw()

    def fit(self, room: Size) -> None:
        """Draw each pixel as many columns wide as there is room for."""
        scale = max(1, min(room.width, 2 * room.height) // _SIDE)
        if scale != self._scale:
            self._scale = scale
            self._draw()
            self.refresh(layout=True)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return self._scale * _SIDE

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self._scale * _SIDE // 2

    def render_line(self, y: int) -> Strip:
        return self._lines[y] if y < len(self._lines) else Strip.blank(self.size.width)

    def _draw(self) -> None:
        lines = gray_image(self._rows, scale=self._scale).lines(plain=self.app.no_color)
        self._lines = [Strip(line, self._scale * _SIDE).simplify() for line in lines]
        self.refresh()


class MistakePanel(Panel):
    """The image at the left, everything else beside it."""

    DEFAULT_CSS = """
    MistakePanel {
        & > Horizontal { height: 1fr; }
        & Vertical { width: 1fr; padding: 0 1; }
        & Static { height: 2; text-wrap: nowrap; text-overflow: ellipsis; }
        & ProbabilityBars { height: 1fr; padding: 0; margin: 1 0 0 0; }
    }
    """

    def __init__(self) -> None:
        super().__init__("Image", jump="I", id="mistake")
        self._image, self._bars, self._text = Picture(), ProbabilityBars(), Static()

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield self._image
            with Vertical():
                yield self._text
                yield self._bars

    def on_resize(self, event: Resize) -> None:
        """Zoomed, the image is as large as the text leaves room for."""
        width, height = self.content_size
        self._image.fit(Size(width - _TEXT, height))

    def show(self, mistake: Mistake, pixels: Tensor, probabilities: tuple[float, ...], names: Sequence[str]) -> None:
        """Draw this mistake. pixels: (28, 28) uint8."""
        self.border_title = Content(
            f"Image #{mistake.index} · {names[mistake.truth]} read as {names[mistake.predicted]}"
        )
        self._image.show(pixels.tolist())
        update_text(self._text, mistake_text(mistake, names), layout=False)
        self._bars.show_mistake(names, probabilities, mistake.truth)


def mistake_text(mistake: Mistake, names: Sequence[str]) -> Content:
    """Two lines: `5 → 6 (100 %)`, and `next 0, 8 · test #9729`."""
    return Content.assemble(
        (mistake_caption(mistake, names), "bold"),
        (f"\n{next_classes(mistake)} · test #{mistake.index}", "$muted"),
    )
