"""What a network makes of one image: its saliency map, the first filters, the feature maps of a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from mnist_tui.events import RunFailed
from mnist_tui.render import formatting
from mnist_tui.render.gallery import Gallery, Room
from mnist_tui.render.pixels import gray_image, heat_image
from mnist_tui.tui.widgets.model.image_panel import ImagePanel
from mnist_tui.tui.workers.explainer import Explanation

if TYPE_CHECKING:
    from rich.console import RenderableType

    from mnist_tui.tui.widgets.tables.layers_table import LayerRow

# From this width on, in cells, there is room for the image beside its saliency map.
_TWO_IMAGES = 58
_FILTER_LINES = 10


class SaliencyPanel(ImagePanel):
    """The image, and which of its pixels speak for the prediction."""

    def __init__(self) -> None:
        super().__init__("Image", jump="I", id="image")

    def show_explanation(self, explanation: Explanation) -> None:
        """Draw the image beside its saliency map, or the map over the image where there is no room for both."""
        best, saliency = explanation.inspection.prediction.best, explanation.saliency
        title = f"{explanation.image.name} read as {best.name} {formatting.percent(best.probability)}"
        note = f"what speaks for {best.name}, and against · by {saliency.method}"
        pixels, heat = explanation.inspection.pixels.tolist(), saliency.heat.tolist()

        def draw(room: Room, plain: bool) -> RenderableType:
            over = heat_image(pixels, heat, plain=plain)
            if room.columns < _TWO_IMAGES:
                return over
            pair = Table.grid(padding=(0, 2))
            pair.add_row(gray_image(pixels, plain=plain), over)
            return pair

        self.show(title, draw, note)

    def show_failure(self, failed: RunFailed) -> None:
        """Say why there is nothing to show."""
        self.show_text("Image", f"{failed.message}\n\n{failed.remedy}")


class FiltersPanel(ImagePanel):
    """The weights of the first convolution."""

    def __init__(self) -> None:
        super().__init__("Filters", jump="F", id="filters")

    def show_explanation(self, explanation: Explanation) -> None:
        """Draw all filters."""
        filters = explanation.inspection.filters
        if filters is None:
            self.show_text("Filters", "The first layer's weights are not images.")
            return
        grids = filters.weights.tolist()
        signs = "shades +, stripes −" if self.app.no_color else "orange +, blue −"
        title = f"Filters of {filters.path or filters.type} · {signs}"
        self.show(title, lambda room, plain: Gallery(grids, Room(room.columns, _FILTER_LINES), plain=plain))

    def show_failure(self, _: RunFailed) -> None:
        """Show nothing."""
        self.show_text("Filters", "")


class FeatureMapsPanel(ImagePanel):
    """The feature maps of one layer."""

    def __init__(self) -> None:
        super().__init__("Feature maps", jump="M", id="maps")

    def show_explanation(self, explanation: Explanation, row: LayerRow | None) -> None:
        """Draw the feature maps of the layer in this row of the table."""
        path = row.layer.path if row else ""
        is_layer = row is not None and not row.layer.functional
        maps = explanation.inspection.maps.get(path) if is_layer else None
        if maps is None:
            text = "There are none of this row: choose a layer in the table."
            self.show_text(f"Feature maps · {path}", text)
            return
        grids, shape = maps.tolist(), formatting.shape(tuple(maps.shape))
        self.show(f"Feature maps · {path} · {shape}", lambda room, plain: Gallery(grids, room, plain=plain))

    def show_failure(self, _: RunFailed) -> None:
        """Show nothing."""
        self.show_text("Feature maps", "")
