"""A network inspected with one image, as `inspect-model` prints it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mnist_tui.events import WeightsMoved
from mnist_tui.render import formatting
from mnist_tui.render.gallery import Gallery, Room
from mnist_tui.render.pixels import Matrix, gray_image, heat_image
from mnist_tui.render.update_ratio import update_ratio_table

_GAP = 2
_SIGNS = ": orange or shaded is positive, blue or striped negative"


@dataclass(frozen=True)
class ImageView:
    """What is shown of an image, as plain numbers."""

    number: int
    pixels: Matrix
    """0 to 255."""
    truth: str
    guesses: Sequence[tuple[str, float]]
    """Class and probability, the most probable first."""
    heats: Mapping[str, Matrix]
    """Saliency maps by method: -1 to 1."""
    maps: Mapping[str, Sequence[Matrix]]
    """The feature maps of each layer, by its path."""


@dataclass(frozen=True)
class FilterView:
    """The first layer's filters."""

    path: str
    type: str
    grids: Sequence[Matrix]


@dataclass(frozen=True)
class ExplanationView:
    """What is printed of a run's network; unknown parts are left out."""

    label: str
    """Which weights they are."""
    filters: FilterView | None
    movements: Sequence[WeightsMoved]
    image: ImageView | None


def explanation_view(view: ExplanationView, width: int, lines: int) -> RenderableType:
    """The parts one below the other, with at most `lines` lines per layer."""
    parts: list[RenderableType] = [Text.assemble("\n", (view.label, "bold"))]
    if view.movements:
        parts.append(update_ratio_table(view.movements))
    if view.filters:
        heading = Text.assemble("\n", ("Filters", "bold"), f" of {view.filters.path} {view.filters.type}{_SIGNS}")
        parts += [heading, Gallery(view.filters.grids, Room(width))]
    if view.image:
        parts += [Text(), _image_view(view.image, width, lines)]
    return Group(*parts)


def _image_view(view: ImageView, width: int, lines: int) -> RenderableType:
    """The image, its saliency maps, the prediction, and each layer's feature maps in at most `lines` lines."""
    images: list[RenderableType] = [
        Group(gray_image(view.pixels), Text(f"test image {view.number:,}: {view.truth}")),
        *(Group(heat_image(view.pixels, heat), Text(f"by {method}")) for method, heat in view.heats.items()),
    ]
    across = max(1, (width + _GAP) // (len(view.pixels[0]) + _GAP))
    table = Table.grid(padding=(0, _GAP, 0, 0))
    for start in range(0, len(images), across):
        table.add_row(*images[start : start + across])
    answers = "   ".join(f"{name} {formatting.percent(probability)}" for name, probability in view.guesses)
    return Group(table, Text.assemble(("Answer ", "bold"), answers), *_maps(view, width, lines))


def _maps(view: ImageView, width: int, lines: int) -> Iterator[RenderableType]:
    for path, maps in view.maps.items():
        size = f"{len(maps)} × {len(maps[0])}×{len(maps[0][0])}"
        yield Text.assemble("\n", (path, "bold"), f" {size}")
        yield Gallery(maps, Room(width, lines))
