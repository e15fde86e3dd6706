"""What a network makes of one image: its saliency maps, the first filters, the feature maps of a layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.geometry import Size

from mnist_tui.events import RunFailed
from mnist_tui.render import formatting
from mnist_tui.render.gallery import Gallery, Room
from mnist_tui.render.pixels import PixelImage, gray_image, heat_image
from mnist_tui.tui.widgets.model.image_panel import ImagePanel
from mnist_tui.tui.workers.explainer import Explanation

if TYPE_CHECKING:
    from rich.console import RenderableType

    from mnist_tui.inference.explain import SaliencyMap
    from mnist_tui.inference.layer_images import Filters
    from mnist_tui.tui.widgets.tables.layers_table import LayerRow

_SIDE, _GAP, _CAPTION = 28, 2, 1
_SCALES = (4, 3, 2, 1)
# Around the images: frame, padding and scroll bar.
_FRAME_WIDTH, _FRAME_HEIGHT = 5, 2
# How much of its column's height the image gets at most.
_SHARE = 0.55


class SaliencyPanel(ImagePanel):
    """The image, and which of its pixels speak for the prediction; beside it for another class."""

    def __init__(self) -> None:
        super().__init__("Image", jump="I", id="image")

    def show_explanation(self, explanation: Explanation) -> None:
        """Draw the image beside its saliency maps, or what of that there is room for."""

        def draw(room: Room, plain: bool) -> RenderableType:
            scale, count = fit_images(1 + len(explanation.saliencies), room)
            pixels = explanation.inspection.pixels.tolist()
            images = [(gray_image(pixels, scale=scale, plain=plain), "input")]
            for saliency in explanation.saliencies:
                heat = heat_image(pixels, saliency.heat.tolist(), scale=scale, plain=plain)
                images.append((heat, _question(explanation, saliency)))
            captioned = room.lines is None or room.lines >= scale * _SIDE // 2 + _CAPTION
            self.border_title = Content(describe(explanation, room.columns))
            return _side_by_side(images[-count:], captioned=captioned)

        self.show(describe(explanation), draw, self._note(explanation))

    def fit(self, column: Size) -> None:
        """Become as high as the images need, at the largest scale that fits into its share of the column."""
        room = Room(column.width - _FRAME_WIDTH, int(column.height * _SHARE) - _FRAME_HEIGHT)
        scale, _ = fit_images(2, room)
        self.styles.height = scale * _SIDE // 2 + _CAPTION + _FRAME_HEIGHT

    def show_failure(self, failed: RunFailed) -> None:
        """Say why there is nothing to show."""
        self.show_text("Image", f"{failed.message}\n\n{failed.remedy}")

    def _note(self, explanation: Explanation) -> str:
        names = [explanation.classes[saliency.label] for saliency in explanation.saliencies]
        method = explanation.saliencies[0].method
        if method == "gradient":
            return f"pixels that decide on {' and on '.join(names)} · gradient"
        signs = ("shaded", "striped") if self.app.no_color else ("orange", "blue")
        one = f"{names[0]} " if len(names) == 1 else ""
        return f"evidence for {one}({signs[0]}) and against ({signs[1]}) · {method}"


def describe(explanation: Explanation, width: int | None = None) -> str:
    """`Test image 0 · label 7 · predicted 6 (12.6 %)`; where that is too long `#0 · 7 → 6 (12.6 %)`."""
    best, image = explanation.inspection.prediction.best, explanation.image
    answer = f"{best.name} ({formatting.percent(best.probability, 1)})"
    label = "" if image.label is None else explanation.classes[image.label]
    in_full = f"{image.name}{f' · label {label}' if label else ''} · predicted {answer}"
    if width is None or len(in_full) <= width:
        return in_full
    return f"{image.name if image.number is None else f'#{image.number:,}'} · {label}{' ' if label else ''}→ {answer}"


def fit_images(count: int, room: Room) -> tuple[int, int]:
    """The scale, and how many images of 28×28 fit at it: the largest at which two do, then as many as possible."""
    for scale in _SCALES:
        width, height = scale * _SIDE, scale * _SIDE // 2
        fitting = min(count, (room.columns + _GAP) // (width + _GAP))
        if fitting >= 2 and (room.lines is None or height + (_CAPTION if scale > 1 else 0) <= room.lines):
            return scale, fitting
    return 1, 1


def _question(explanation: Explanation, saliency: SaliencyMap) -> str:
    """`why 6? 98.0 %`, or for another class than the predicted `why not 5? 1.2 %`."""
    prediction = explanation.inspection.prediction
    word = "why" if saliency.label == prediction.best.index else "why not"
    share = formatting.percent(prediction.probabilities[saliency.label], 1)
    return f"{word} {explanation.classes[saliency.label]}? {share}"


def _side_by_side(images: Sequence[tuple[PixelImage, str]], *, captioned: bool) -> RenderableType:
    row = Table.grid(padding=(0, _GAP, 0, 0))
    row.add_row(
        *(
            Group(image, Text(caption, style="bold", justify="center")) if captioned else image
            for image, caption in images
        )
    )
    return row


class FiltersPanel(ImagePanel):
    """The weights of the first convolution."""

    def __init__(self) -> None:
        super().__init__("Filters", jump="F", id="filters")

    def show_filters(self, filters: Filters | None, note: str = "") -> None:
        """Draw all filters."""
        if filters is None:
            self.show_text("Filters", "The first layer has no 2-D filters to draw.")
            return
        grids = filters.weights.tolist()
        signs = "shades +, stripes −" if self.app.no_color else "orange +, blue −"
        title = f"Filters of {filters.path or filters.type} · {signs}"
        self.show(title, lambda room, plain: Gallery(grids, room, plain=plain), note)

    def show_failure(self, _: RunFailed) -> None:
        """Show nothing."""
        self.show_text("Filters", "")


class ExplanationColumn(Vertical):
    """The image above the feature maps; on a narrow terminal they are side by side, as high as the CSS says."""

    def __init__(self, saliency: SaliencyPanel, maps: FeatureMapsPanel) -> None:
        super().__init__(saliency, maps, id="right")
        self._saliency = saliency

    def on_resize(self, event: Resize) -> None:
        self.divide_room()

    def divide_room(self) -> None:
        """The image becomes as large as there is room for; what is left is for the feature maps."""
        if self.screen.maximized is not None or self.screen.has_class("-narrow"):
            self._saliency.styles.height = None
        elif self.size.height:
            self._saliency.fit(self.size)


class FeatureMapsPanel(ImagePanel):
    """The feature maps of one layer."""

    def __init__(self) -> None:
        super().__init__("Feature maps", jump="M", id="maps")

    def show_explanation(self, explanation: Explanation, row: LayerRow | None) -> None:
        """Draw the feature maps of the layer in this row of the table, or of the last layer of a block."""
        path = row.maps_path if row else ""
        maps = explanation.inspection.maps.get(path) if path else None
        if maps is None:
            text = "No feature maps for this row; choose a layer."
            self.show_text(f"Feature maps · {row.layer.path}" if row else "Feature maps", text)
            return
        grids, shape = maps.tolist(), formatting.shape(tuple(maps.shape))
        self.show(f"Feature maps · {path} · {shape}", lambda room, plain: Gallery(grids, room, plain=plain))

    def show_failure(self, _: RunFailed) -> None:
        """Show nothing."""
        self.show_text("Feature maps", "")
