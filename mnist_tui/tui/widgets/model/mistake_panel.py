"""One mistake in large: the image, what the network took it for, and how probable each class was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.widgets import Static

from mnist_tui.render.evaluation import mistake_caption, next_classes
from mnist_tui.tui.widgets.drawing.input_image import GrayImage, scale_for
from mnist_tui.tui.widgets.drawing.prediction_view import ProbabilityBars
from mnist_tui.tui.widgets.frame.panel import Panel, update_text

if TYPE_CHECKING:
    from torch import Tensor

    from mnist_tui.inference.evaluation import Mistake

# The columns that the text beside the image gets at least.
_TEXT = 30


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
        self._image, self._bars, self._text = GrayImage(), ProbabilityBars(), Static()

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield self._image
            with Vertical():
                yield self._text
                yield self._bars

    def on_resize(self, event: Resize) -> None:
        """Zoomed, the image is as large as the text leaves room for."""
        width, height = self.content_size
        self._image.enlarge(scale_for(Size(width - _TEXT, height)))

    def show(self, mistake: Mistake, pixels: Tensor, probabilities: tuple[float, ...], names: Sequence[str]) -> None:
        """Draw this mistake. pixels: (28, 28) uint8."""
        self.border_title = Content(
            f"Image #{mistake.index} · {names[mistake.truth]} read as {names[mistake.predicted]}"
        )
        self._image.show(pixels.numpy())
        update_text(self._text, mistake_text(mistake, names), layout=False)
        self._bars.show_mistake(names, probabilities, mistake.truth)


def mistake_text(mistake: Mistake, names: Sequence[str]) -> Content:
    """Two lines: `5 → 6 (100 %)`, and `next 0, 8 · test #9729`."""
    return Content.assemble(
        (mistake_caption(mistake, names), "bold"),
        (f"\n{next_classes(mistake)} · test #{mistake.index}", "$muted"),
    )
