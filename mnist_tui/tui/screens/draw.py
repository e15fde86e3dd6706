"""Draw: a canvas, the image that the network gets of it, and its prediction, which follows the pen."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import numpy as np
from textual.app import ComposeResult
from textual.binding import BindingType

from mnist_tui.config import IMAGE_SIZE
from mnist_tui.data.types import SYNTHETIC
from mnist_tui.events import RunFailed
from mnist_tui.tui.canvas import Canvas, Drawing
from mnist_tui.tui.keys import bind
from mnist_tui.tui.picked_image import PickedImage, Question
from mnist_tui.tui.screens.dialogs.drawing import LabelDialog
from mnist_tui.tui.screens.dialogs.inspect import ImageDialog
from mnist_tui.tui.screens.network_screen import NetworkScreen
from mnist_tui.tui.session import Session
from mnist_tui.tui.widgets.drawing.drawing_pad import DrawingPad
from mnist_tui.tui.widgets.drawing.drawing_view import DrawingView
from mnist_tui.tui.widgets.frame.panel import Panel
from mnist_tui.tui.workers.digit_reader import DigitRead, DigitReader, ReadRequest, ReadResult
from mnist_tui.tui.workers.latest_worker import LatestWorker
from mnist_tui.tui.workers.networks import NetworkSource
from mnist_tui.tui.workers.test_images import (
    DigitSaved,
    ImageFound,
    ImageQuery,
    ImageRequest,
    TestImages,
    save_digit,
)
from mnist_tui.tui.workspace import Workspace


class DrawScreen(NetworkScreen):
    """What is on the canvas is read at once: by the network in training if there is one, else by a saved one."""

    TAB = "draw"
    CSS_PATH = "draw.tcss"
    AUTO_FOCUS = "DrawingPad"
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("toggle", "pen", "Pen"),
        bind("why", "why", "Why"),
        bind("enter", "label", "Label & save"),
        bind("undo", "edit('undo')", "Undo"),
        bind("delete", "edit('clear')", "Clear"),
        bind("test-image", "next_image", "Test image"),
        bind("brush", "eraser", "Eraser"),
        bind("redo", "edit('redo')", "Redo"),
        bind("network", "network", "Network"),
        bind("invert", "edit('invert')", "Invert"),
        bind("images", "image", "Image by number or class"),
    ]

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self.canvas = Canvas()
        self.result: ReadResult | None = None
        """Of the newest drawing that was read."""
        self._network: NetworkSource | None = None
        self._last_image: int | None = None
        self._label: int | None = None
        """The class of the image that was laid on the canvas, by its index."""
        self._waiting_query: ImageQuery | None = None
        reader, images = DigitReader(), TestImages(workspace.folders.data)
        self._reader: LatestWorker[ReadRequest] = LatestWorker(
            lambda request: DigitRead(reader.read(request)), self, name="digit-reader"
        )
        self._image_finder: LatestWorker[ImageRequest] = LatestWorker(
            partial(ImageFound.compute, images.find), self, name="test-images"
        )

    def body(self) -> ComposeResult:
        yield DrawingView(self.canvas)

    def on_unmount(self) -> None:
        self._reader.close()
        self._image_finder.close()

    def draw(self, session: Session) -> None:
        """Read the drawing again when there is a newer network."""
        if self.workspace.image_to_draw is not None:
            self._lay(self.workspace.image_to_draw)
            self.workspace.image_to_draw = None
        if self._phase is not session.phase and not session.phase.is_busy:
            self.look_for_newer_runs()  # a training has ended
        network = self.live_network() or self.saved_network()
        if network != self._network:
            self._network = network
            self._read()

    def on_drawing_pad_changed(self) -> None:
        self._read()

    def _read(self) -> None:
        if self._network is not None:
            self._reader.ask(ReadRequest(self.canvas.drawing(), self._network))

    def on_digit_read(self, message: DigitRead) -> None:
        """Show the newest result; a newer drawing may be on its way."""
        self.result = result = message.result
        if self._waiting_query is not None:
            self._find_image(self._waiting_query)
            self._waiting_query = None
        self.workspace.drawing = None if result.pixels is None else result.pixels.tobytes()
        if not self.is_running:
            return
        self.query_one(DrawingView).show(result)
        if result.failed is not None:
            self.ask_for_trust(result.failed)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what does something now."""
        if parameters == ("undo",):
            return self.canvas.can_undo
        if parameters == ("redo",):
            return self.canvas.can_redo
        if parameters == ("clear",) or action == "label":
            return not self.canvas.is_blank
        if action == "why":
            return self.result is not None and self.result.prediction is not None
        return super().check_action(action, parameters)

    def zoom(self, panel: Panel | None) -> None:
        """Also give the canvas and the image the size that they have beside each other, or alone."""
        super().zoom(panel)
        self.query_one(DrawingView).divide_room()

    def action_pen(self) -> None:
        """Set the pen down, or lift it."""
        self.query_one(DrawingPad).switch_pen()

    def action_eraser(self) -> None:
        """Take the eraser, or the pen again."""
        self.query_one(DrawingPad).switch_eraser()

    def action_edit(self, name: str) -> None:
        """Undo, redo, clear or invert the drawing."""
        edit = {
            "undo": self.canvas.undo,
            "redo": self.canvas.redo,
            "clear": self.canvas.clear,
            "invert": self.canvas.invert,
        }[name]
        edit()
        self.query_one(DrawingPad).canvas_changed()

    def action_next_image(self) -> None:
        """Load the test image after the one that was loaded last."""
        self._find_image(ImageQuery())

    def action_image(self) -> None:
        """Ask which test image to load."""
        self.app.push_screen(ImageDialog(), lambda query: self._find_image(query) if query else None)

    async def action_why(self) -> None:
        """Open the Model screen: why this prediction, and why not the label, where one is known?"""
        if self.result is not None and self.result.prediction is not None:
            await self.explain(Question(None, self.result.run, self._label if self.canvas.origin else None))

    def _lay(self, image: PickedImage) -> None:
        label = f" · label {image.label_name}" if image.label_name else ""
        pixels = np.frombuffer(image.pixels, np.uint8).reshape(IMAGE_SIZE, IMAGE_SIZE)
        self._last_image, self._label = image.number, image.label
        self.canvas.load(pixels, f"{image.name}{label}")
        self.query_one(DrawingPad).canvas_changed()

    def _find_image(self, query: ImageQuery) -> None:
        """In the dataset that the network was trained on, which is not known before the first result."""
        if self.result is None:
            self._waiting_query = query
        else:
            self._image_finder.ask(ImageRequest(self.result.dataset or SYNTHETIC, query, self._last_image))

    def on_image_found(self, message: ImageFound) -> None:
        found = message.result
        if isinstance(found, RunFailed):
            self._notify_failure(found)
            return
        self._last_image, self._label = found.number, found.label
        self.canvas.load(found.pixels, found.caption)
        self.query_one(DrawingPad).canvas_changed()

    def action_label(self) -> None:
        """Save the drawing with the digit that it was meant to be."""
        drawing = self.canvas.drawing()
        self.app.push_screen(LabelDialog(), lambda digit: self._save(drawing, digit))

    def _save(self, drawing: Drawing, digit: int | None) -> None:
        if digit is not None:
            folder = self.workspace.folders.data
            # Not a LatestWorker: each drawing is to be saved.
            self.run_worker(lambda: self.post_message(save_digit(folder, drawing, digit)), thread=True)

    def on_digit_saved(self, message: DigitSaved) -> None:
        """Make room for the next drawing."""
        if message.failed is not None:
            self._notify_failure(message.failed)
            return
        self.notify(f"Saved as a {message.digit}: my-digits has {message.count:,} now.")
        self.action_edit("clear")

    def _notify_failure(self, failed: RunFailed) -> None:
        self.notify(f"{failed.message}. {failed.remedy}".strip(), severity="error", timeout=10, markup=False)
