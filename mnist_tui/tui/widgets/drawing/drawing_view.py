"""The canvas, and beside it what a network makes of the drawing."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.timer import Timer
from textual.widgets import Static

from mnist_tui.config import IMAGE_SIZE
from mnist_tui.tui.canvas import Canvas
from mnist_tui.tui.widgets.drawing.drawing_pad import DrawingPad
from mnist_tui.tui.widgets.drawing.input_image import GrayImage, InputImage
from mnist_tui.tui.widgets.drawing.prediction_view import PredictionLine, ProbabilityBars
from mnist_tui.tui.widgets.frame.panel import Panel
from mnist_tui.tui.workers.digit_reader import ReadResult

# Around the canvas and around the image; the least room for bars beside the image, and for the answer above it.
_FRAME, _BARS, _ANSWER = 2, 14, 5
# On a narrow terminal the bars are without the image, and so wide that the answer's words fit above them.
_NARROW, _BARS_ALONE, _CLASSES = 72, 24, 10
# Seconds. A frame and the keys take as long to draw as the prediction, which is what the user waits for.
_FRAME_DELAY = 0.1


class CanvasPanel(Panel):
    """The frame around the canvas says what is on it, and what the pen does."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__("Draw", jump="D", id="canvas")
        self.pad = DrawingPad(canvas)
        self._shown: object = None
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        yield self.pad

    def on_mount(self) -> None:
        self._update()

    def on_resize(self, event: Resize) -> None:
        self.pad.fit(self.content_size)

    def on_drawing_pad_changed(self) -> None:
        if self._timer is None:
            self._timer = self.set_timer(_FRAME_DELAY, self._update)

    def _update(self) -> None:
        """Only where something differs: a mouse moves often."""
        self._timer = None
        pad, canvas = self.pad, self.pad.canvas
        tool = f"{'eraser' if pad.erases else 'pen'} {'down' if pad.pen_is_down else 'up'}"
        shown = (canvas.origin, tool, canvas.can_undo, canvas.can_redo, canvas.is_blank)
        if shown != self._shown:
            self._shown = shown
            self.border_title, self.border_subtitle = Content(canvas.origin or "Draw"), tool
            self.screen.refresh_bindings()


class DrawingView(Horizontal):
    """The canvas gets the room that the rest does not need."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(id="drawing")
        self._panel = CanvasPanel(canvas)

    def compose(self) -> ComposeResult:
        yield self._panel
        with Vertical(id="result"):
            yield Static(id="network")
            yield PredictionLine()
            with Horizontal(id="details"):
                yield InputImage()
                yield ProbabilityBars()

    def show(self, result: ReadResult) -> None:
        """Draw what the network makes of the drawing."""
        with self.app.batch_update():
            self.query_one(PredictionLine).show(result)
            self.query_one(ProbabilityBars).show(result)
            self.query_one(GrayImage).show(result.input_pixels)
            self.query_one("#network", Static).update(Content(result.network), layout=False)

    def on_resize(self, event: Resize) -> None:
        self.divide_room()

    def divide_room(self) -> None:
        """Give the canvas, the image and the bars their sizes; a zoomed panel has the whole screen."""
        if self.screen.maximized is not None:
            self._panel.styles.width = None
            return
        width, rows = self.size
        if not width:
            return  # nothing has a size yet
        is_large = rows >= 2 * (IMAGE_SIZE // 2) + _FRAME + 2 * _ANSWER and width >= 160
        is_narrow = width < _NARROW
        scale = 2 if is_large else 1
        beside = _BARS_ALONE if is_narrow else scale * IMAGE_SIZE + _FRAME + _BARS
        room = Size(width - beside - _FRAME, rows - _FRAME)
        self._panel.styles.width = min(room.width, 2 * room.height, 4 * IMAGE_SIZE) // 2 * 2 + _FRAME
        self.query_one(GrayImage).enlarge(scale)
        self.query_one(InputImage).display = not is_narrow
        details = _CLASSES if is_narrow else scale * IMAGE_SIZE // 2 + _FRAME
        self.query_one("#details").styles.height = max(3, min(details, rows - _ANSWER))
