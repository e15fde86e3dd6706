"""A row of the layer table while it is being filled in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from torch import nn

from mnist_tui.inspection.layers import HOLDERS, base_name, type_name
from mnist_tui.inspection.receptive_field.fields import State


@dataclass(eq=False)
class Row:
    """One call of a layer or function, one parameter of a container, or a layer that was never called."""

    path: str
    function: str = ""
    """The function's name; "" where `module` or `weight` says what this is."""
    module: nn.Module | None = None
    weight: nn.Parameter | None = None
    settings: str = ""
    output_shape: tuple[int, ...] | None = None
    macs: int | None = 0
    """For the whole batch, until `count_per_image`."""
    state: State = None
    averages_map: bool = False
    computes: bool = False
    """Whether a person would miss it in the table."""
    notes: list[str] = field(default_factory=list)

    @property
    def type(self) -> str:
        """The class, the function, or `Parameter`."""
        if self.module is not None:
            return type_name(self.module)
        return self.function.strip("_") or "Parameter"

    @property
    def base(self) -> str:
        """The torch.nn class behind a module; the type itself for anything else."""
        return base_name(self.module) if self.module is not None else self.type

    @property
    def where(self) -> str:
        """How a note names this row."""
        return ".".join(part for part in (self.path, self.function.strip("_")) if part)

    @property
    def weights(self) -> list[nn.Parameter]:
        """All parameters this row may count."""
        if self.module is not None:
            return list(self.module.parameters())
        return [] if self.weight is None else [self.weight]


def own_weights(path: str, container: nn.Module) -> Iterator[Row]:
    """A row for each parameter that `container` holds itself, also in a ParameterList."""
    direct = list(container.named_parameters(recurse=False))
    for name, child in container.named_children():
        if isinstance(child, HOLDERS):
            direct += [(f"{name}.{key}", weight) for key, weight in child.named_parameters()]
    for name, weight in direct:
        yield Row(f"{path}.{name}".lstrip("."), weight=weight, output_shape=tuple(weight.shape))


def count_per_image(rows: list[Row], images: int, more: list[Row]) -> None:
    """Convert the MACs of `rows`, from a pass with this many images, to one image; `more` is from a pass with one more.

    MACs that grow with the number of images count by that growth; constant ones, such as products of weights, once.
    """
    alike = [(row.path, row.function) for row in rows] == [(row.path, row.function) for row in more]
    for number, row in enumerate(rows):
        if not row.macs:
            continue
        others = more[number].macs if alike else None
        growth = 0 if others is None else others - row.macs
        fixed = row.macs - images * growth
        if others is None or growth < 0 or fixed < 0:
            row.macs = None
            row.notes.append(f"{row.where}: its computation per image depends on the number of images")
        else:
            row.macs = fixed + growth
