"""Draw: a canvas, the picture the network gets of it, and what it says, which follows the pen."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from mnist_tui.data.types import SYNTHETIC
from mnist_tui.events import RunFailed
from mnist_tui.training.snapshot import Snapshot
from mnist_tui.tui.screens.dialogs.drawing import LabelDialog, image_dialog
from mnist_tui.tui.screens.network_screen import NetworkScreen
from mnist_tui.tui.session import Session
from mnist_tui.tui.widgets.drawing.canvas import PICTURE, Canvas, Drawing
from mnist_tui.tui.widgets.drawing.drawing_pad import DrawingPad
from mnist_tui.tui.widgets.drawing.input_image import GrayImage, InputImage
from mnist_tui.tui.widgets.drawing.prediction_view import PredictionLine, ProbabilityBars
from mnist_tui.tui.widgets.frame.panel import Panel
from mnist_tui.tui.workers.digit_reader import DigitReader, ReadRequest, ReadResult, SavedNetwork
from mnist_tui.tui.workers.latest import LatestWorker
from mnist_tui.tui.workers.test_images import (
    DigitSaved,
    TestImageFinder,
    TestImageFound,
    TestImageQuery,
    TestImageRequest,
    parse_query,
    save_digit,
)

# Around the canvas and around the picture; the least room for bars beside the picture, and for the answer above it.
_FRAME, _BARS, _ANSWER = 2, 14, 5
# Seconds; nobody sees that the frame around the canvas changes a moment later than what is on it.
_AFTER_THE_ANSWER = 0.1


class ReadingDone(Message):
    """From the thread that reads drawings."""

    def __init__(self, reading: ReadResult) -> None:
        super().__init__()
        self.reading = reading


class DrawScreen(NetworkScreen):
    """Whatever is on the canvas is read at once: by the live network while there is a training, else by a kept one."""

    TAB = "draw"
    CSS_PATH = "draw.tcss"
    AUTO_FOCUS = "DrawingPad"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pen", "Pen"),
        Binding("e", "eraser", "Eraser"),
        Binding("u", "undo", "Undo"),
        Binding("r,ctrl+y", "redo", "Redo"),
        Binding("c", "clear", "Clear"),
        Binding("enter", "was", "That was a …", key_display="⏎"),
        Binding("t", "next_image", "Test image"),
        Binding("n", "network", "Network"),
        Binding("i", "invert", "Invert"),
        Binding("T,shift+t", "image", "Test image by number or digit", show=False, key_display="T"),
    ]

    def __init__(self, data_dir: Path) -> None:
        super().__init__()
        self.canvas = Canvas()
        self.reading: ReadResult | None = None
        """Of the newest drawing that was read."""
        self._moment = 0
        self._network: Snapshot | SavedNetwork | None = None
        self._image: int | None = None
        self._wish: TestImageQuery | None = None
        self._said: object = None
        self._saying: Timer | None = None
        reader, finder = DigitReader(), TestImageFinder(data_dir)
        self._reading: LatestWorker[ReadRequest] = LatestWorker(
            lambda asked: ReadingDone(reader.read(asked)), self, name="reading"
        )
        self._images = LatestWorker(finder.find, self, name="test-images")

    def body(self) -> ComposeResult:
        """The canvas, and beside it what is made of it."""
        with Horizontal(id="desk"):
            with Panel("Draw") as panel:
                panel.id = "canvas"
                yield DrawingPad(self.canvas)
            with Vertical(id="seen"):
                yield Static(id="network")
                yield PredictionLine()
                with Horizontal(id="details"):
                    yield InputImage()
                    yield ProbabilityBars()

    def on_mount(self) -> None:
        """Begin with what there is."""
        self._say_pen()
        super().on_mount()

    def on_unmount(self) -> None:
        """Nobody looks any more."""
        self._reading.close()
        self._images.close()

    def on_resize(self, event: events.Resize) -> None:
        """The canvas gets what the rest does not need."""
        self._arrange(event.size)

    def network_chosen(self) -> None:
        """Also for the same run, which may be opened now."""
        self._moment += 1
        super().network_chosen()

    def draw(self, session: Session) -> None:
        """Read it again when there is a newer network."""
        network = self._network_of(session)
        if network != self._network:
            self._network = network
            self._ask()

    def _network_of(self, session: Session) -> Snapshot | SavedNetwork:
        if self._phase is not session.phase and not session.phase.is_busy:
            # A training has ended, or one comes back to this screen: another run may be the newest.
            self._moment += 1
        live = session.snapshot() if self.chosen is None and session.phase.is_busy else None
        return live or SavedNetwork(self.dashboard.folders.runs, self.chosen, self._moment)

    @on(DrawingPad.Changed)
    def _drawn(self) -> None:
        self._ask()
        # A frame and the keys take as long to draw as the answer, which everybody is waiting for.
        if self._saying is None:
            self._saying = self.set_timer(_AFTER_THE_ANSWER, self._say_pen)

    def _say_pen(self) -> None:
        """Around the canvas: what is on it, and what the pen does. Only what is new: a mouse moves often."""
        self._saying = None
        pad, canvas = self.query_one(DrawingPad), self.canvas
        tool = f"{'eraser' if pad.erases else 'pen'} {'down' if pad.pen_is_down else 'up'}"
        said = (canvas.origin, tool, canvas.can_undo, canvas.can_redo, canvas.is_blank)
        if said != self._said:
            self._said = said
            panel = self.query_one("#canvas")
            panel.border_title, panel.border_subtitle = Content(canvas.origin or "Draw"), tool
            self.refresh_bindings()

    def _ask(self) -> None:
        if self._network is not None:
            self._reading.ask(ReadRequest(self.canvas.drawing(), self._network))

    def on_reading_done(self, message: ReadingDone) -> None:
        """The newest that has been read; a newer drawing may be on its way."""
        self.reading = message.reading
        if self._wish is not None:
            self._find_image(self._wish)
            self._wish = None
        pixels = message.reading.pixels
        self.dashboard.drawing = None if pixels is None else pixels.tobytes()
        if not self.is_running:
            return
        with self.app.batch_update():
            self.query_one(PredictionLine).show(self.reading)
            self.query_one(ProbabilityBars).show(self.reading)
            self.query_one(GrayImage).show(self.reading.seen)
            self.query_one("#network", Static).update(Content(self.reading.network), layout=False)
        if self.reading.failed is not None:
            self.ask_for_trust(self.reading.failed)

    def _arrange(self, size: Size) -> None:
        rows = size.height - 2  # title and keys
        picture = PICTURE // 2 + _FRAME
        scale = 2 if rows >= 2 * (PICTURE // 2) + _FRAME + 2 * _ANSWER and size.width >= 160 else 1
        seen = scale * PICTURE + _FRAME + _BARS
        room = Size(size.width - seen - _FRAME, rows - _FRAME)
        pad = self.query_one(DrawingPad)
        pad.fit(room)
        self.query_one("#canvas").styles.width = (
            min(room.width, 2 * room.height, 4 * PICTURE) // 2 * 2 + _FRAME
        )
        self.query_one(GrayImage).enlarge(scale)
        self.query_one("#details").styles.height = scale * (picture - _FRAME) + _FRAME

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what does something now."""
        if action == "undo":
            return self.canvas.can_undo
        if action == "redo":
            return self.canvas.can_redo
        if action in ("clear", "was"):
            return not self.canvas.is_blank
        return True

    def action_pen(self) -> None:
        """Down or up."""
        self.query_one(DrawingPad).switch_pen()

    def action_eraser(self) -> None:
        """Or the pen again."""
        pad = self.query_one(DrawingPad)
        pad.erases = not pad.erases
        self.canvas.end()
        pad.show()

    def action_undo(self) -> None:
        """A stroke, or what else was done."""
        self.canvas.undo()
        self._show_canvas()

    def action_redo(self) -> None:
        """What was taken back."""
        self.canvas.redo()
        self._show_canvas()

    def action_clear(self) -> None:
        """Begin anew."""
        self.canvas.clear()
        self._show_canvas()

    def action_invert(self) -> None:
        """Paper for ink."""
        self.canvas.invert()
        self._show_canvas()

    def _show_canvas(self) -> None:
        self.query_one(DrawingPad).show()

    def action_next_image(self) -> None:
        """The one after that which was loaded last."""
        self._find_image(TestImageQuery())

    def action_image(self) -> None:
        """Ask which."""
        self.app.push_screen(
            image_dialog(), lambda text: self._find_image(parse_query(text)) if text else None
        )

    def _find_image(self, wish: TestImageQuery) -> None:
        """Of the dataset that the network was trained on: while it is being loaded, the wish waits."""
        if self.reading is None:
            self._wish = wish
        else:
            self._images.ask(TestImageRequest(self.reading.dataset or SYNTHETIC, wish, self._image))

    def on_image_found(self, message: TestImageFound) -> None:
        """On the canvas with it."""
        if message.failed is not None:
            self._complain(message.failed)
            return
        self._image = message.number
        self.canvas.load(message.pixels, message.words)
        self._show_canvas()

    def action_was(self) -> None:
        """Keep the drawing with what it was meant to be."""
        drawing = self.canvas.drawing()
        self.app.push_screen(LabelDialog(), lambda digit: self._keep(drawing, digit))

    def _keep(self, drawing: Drawing, digit: int | None) -> None:
        if digit is not None:
            folder = self.dashboard.folders.data
            # Not a Newest: every one of them is to be kept.
            self.run_worker(lambda: self.post_message(save_digit(folder, drawing, digit)), thread=True)

    def on_digit_kept(self, message: DigitSaved) -> None:
        """Room for the next one."""
        if message.failed is not None:
            self._complain(message.failed)
            return
        self.notify(f"Kept as a {message.digit}: my-digits has {message.count:,} now.")
        self.canvas.clear()
        self._show_canvas()

    def _complain(self, failed: RunFailed) -> None:
        self.notify(f"{failed.message}. {failed.remedy}".strip(), severity="error", timeout=10, markup=False)
