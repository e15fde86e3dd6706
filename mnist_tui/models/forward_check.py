"""One forward pass that shows whether a network takes digits and answers with ten numbers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from mnist_tui.errors import ModelError
from mnist_tui.models.adapters import adapt
from mnist_tui.models.import_source import RAISED, first_own_line
from mnist_tui.models.restore import Kept, release_graphs
from mnist_tui.models.spec import ModelSource, misfit

CLASSES = 10
IMAGE_SHAPE = (1, 28, 28)
IMAGES = 2
TAKES = "A model takes images of shape (N, 1, 28, 28), for any N."


def try_forward(source: ModelSource, model: nn.Module) -> None:
    """Run `model` once in evaluation mode, which also gives lazy layers their shapes. Raises ModelError on a misfit.

    `model` is unchanged except for those layers, layers that its forward creates at the first call, and hooks that
    `adapt` adds if it would not fit otherwise.
    """
    images = random_images(IMAGES)
    with evaluating(model), torch.no_grad():
        try:
            _output(source, model, images)
        except ModelError:
            if any(is_lazy(tensor) for tensor in _tensors(model)) or not adapt(model, images, CLASSES):
                raise
            _output(source, model, images)
    release_graphs(model)


def _output(source: ModelSource, model: nn.Module, images: Tensor) -> Tensor:
    """The checked output of a network, which stays as it is unless it makes layers meanwhile."""
    kept = None if any(is_lazy(tensor) for tensor in _tensors(model)) else Kept(model)
    weights = len(list(_tensors(model)))
    try:
        output = model(images)
    except RAISED as error:
        raise raised(source, model, error, images) from error
    finally:
        if kept is not None and len(list(_tensors(model))) == weights:
            kept.restore()
    return check_output(source, output, images)


def random_images(count: int) -> Tensor:
    """(count, 1, 28, 28) float32: sparse ink on paper in about the range of normalized digits, the same every time."""
    generator = torch.Generator().manual_seed(0)
    return torch.rand(count, *IMAGE_SHAPE, generator=generator).pow_(3).mul_(2).sub_(1)


def raised(
    source: ModelSource, model: nn.Module, error: BaseException, images: Tensor, when: str = ""
) -> ModelError:
    """What to say of the exception that `model` raised for `images`; `when` may begin with a comma and a space."""
    where = first_own_line(error, source.path)
    return misfit(
        source.spec,
        f"its forward raised {type(error).__name__}: {error}{where}, "
        f"for an input of shape {tuple(images.shape)}{when}",
        remedy=_other_type(model) or (_alone(str(error)) if len(images) == 1 else TAKES),
    )


def check_output(source: ModelSource, output: object, images: Tensor) -> Tensor:
    """`output` if it is logits for `images`; else raises ModelError."""
    complaint = _complaint(output, len(images))
    if complaint:
        raise misfit(
            source.spec,
            f"{complaint} for an input of shape {tuple(images.shape)}",
            remedy=_remedy(output, len(images)),
        )
    assert isinstance(output, Tensor)  # there was no complaint
    return output


def _remedy(output: object, images: int) -> str:
    if isinstance(output, (tuple, list, dict)):
        return "Let forward return the logits alone, a floating tensor of shape (N, 10)."
    if images == 1:
        return _alone()
    return "A model returns one logit per class: a floating tensor of shape (N, 10)."


def _alone(error: str = "") -> str:
    """The remedy for a network that accepts two images and fails on one."""
    if "more than 1 value per channel" in error:
        return "A single image must work too: let BatchNorm keep running statistics, or use LayerNorm."
    return (
        "A single image must work too: `squeeze()` drops its batch dimension; "
        "squeeze the spatial dimensions only, as in x.squeeze((2, 3)), or write x.flatten(1)."
    )


def _complaint(output: object, images: int) -> str:
    if not isinstance(output, Tensor):
        return f"its forward gives a {type(output).__name__}, not a tensor,"
    if tuple(output.shape) != (images, CLASSES):
        return f"its output has shape {tuple(output.shape)}, not {(images, CLASSES)},"
    if not output.is_floating_point():
        return f"its output is of type {output.dtype}, not floating,"
    return ""


def _other_type(model: nn.Module) -> str:
    """The remedy for weights of another type than the images, the usual cause of such failures."""
    types = {tensor.dtype for tensor in model.parameters() if tensor.is_floating_point()} - {torch.float32}
    if not types:
        return ""
    name = str(types.pop()).removeprefix("torch.")
    return (
        f"Images are float32 and this model's weights are {name}: leave the weights float32, "
        f"or let forward convert the images, with x.to(torch.{name})."
    )


def _tensors(model: nn.Module) -> Iterator[Tensor]:
    yield from model.parameters()
    yield from model.buffers()


@contextlib.contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode for a while, then each module's own: a frozen one may have been set to evaluate."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
