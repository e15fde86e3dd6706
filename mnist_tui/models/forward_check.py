"""One forward pass, which checks that a network takes images and returns ten logits."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from mnist_tui.config import CLASSES, IMAGE_SHAPE
from mnist_tui.errors import ModelError
from mnist_tui.models.adapters import adapt_model
from mnist_tui.models.code_errors import USER_EXCEPTIONS, locate_error, missing_package_remedy
from mnist_tui.models.saved_state import SavedState, detach_cached_tensors
from mnist_tui.models.spec import ModelSource, model_error

IMAGES = 2
EXPECTED_INPUT = "A model takes images of shape (N, 1, 28, 28), for any N."


def check_forward(source: ModelSource, model: nn.Module) -> None:
    """Run `model` once in evaluation mode, which also gives lazy layers their shapes. Raises ModelError if it fails.

    `model` is unchanged except for those layers, layers that its forward creates at the first call, and hooks that
    `adapt_model` adds if it would not fit otherwise.
    """
    images = make_random_images(IMAGES)
    with _evaluation_mode(model), torch.no_grad():
        try:
            _compute_output(source, model, images)
        except ModelError:
            if any(map(is_lazy, _parameters_and_buffers(model))) or not adapt_model(model, images, CLASSES):
                raise
            _compute_output(source, model, images)
    detach_cached_tensors(model)


def _compute_output(source: ModelSource, model: nn.Module, images: Tensor) -> Tensor:
    """The checked output of a network, which stays unchanged unless its forward creates layers."""
    tensors = _parameters_and_buffers(model)
    saved_state = None if any(map(is_lazy, tensors)) else SavedState(model)
    try:
        output = model(images)
    except USER_EXCEPTIONS as error:
        raise forward_error(source, model, error, images) from error
    finally:
        if saved_state is not None and len(_parameters_and_buffers(model)) == len(tensors):
            saved_state.restore()
    return check_output(source, output, images)


def make_random_images(count: int) -> Tensor:
    """(count, 1, 28, 28) float32: sparse ink on paper in about the range of normalized digits, the same every time."""
    generator = torch.Generator().manual_seed(0)
    return torch.rand(count, *IMAGE_SHAPE, generator=generator).pow_(3).mul_(2).sub_(1)


def forward_error(
    source: ModelSource, model: nn.Module, error: BaseException, images: Tensor, when: str = ""
) -> ModelError:
    """The error for an exception that `model` raised for `images`; `when` may begin with a comma and a space."""
    where = locate_error(error, source.path)
    return model_error(
        source.spec,
        f"its forward raised {type(error).__name__}: {error}{where}, for an input of shape {tuple(images.shape)}{when}",
        remedy=missing_package_remedy(error)
        or _type_remedy(model)
        or (_single_image_remedy(str(error)) if len(images) == 1 else EXPECTED_INPUT),
    )


def check_output(source: ModelSource, output: object, images: Tensor) -> Tensor:
    """`output` if it is logits for `images`; else raises ModelError."""
    expected = (len(images), CLASSES)
    if not isinstance(output, Tensor):
        complaint = f"its forward returns a {type(output).__name__}, not a tensor,"
    elif tuple(output.shape) != expected:
        complaint = f"its output has shape {tuple(output.shape)}, not {expected},"
    elif not output.is_floating_point():
        complaint = f"its output is of type {output.dtype}, not floating,"
    else:
        return output
    problem = f"{complaint} for an input of shape {tuple(images.shape)}"
    raise model_error(source.spec, problem, remedy=_find_remedy(output, len(images)))


def _find_remedy(output: object, images: int) -> str:
    if isinstance(output, (tuple, list, dict)):
        return "Let forward return the logits alone, a floating tensor of shape (N, 10)."
    if images == 1:
        return _single_image_remedy()
    return "A model returns one logit per class: a floating tensor of shape (N, 10)."


def _single_image_remedy(error: str = "") -> str:
    """The remedy for a network that accepts two images and fails on one."""
    if "more than 1 value per channel" in error:
        return "A single image must work too: let BatchNorm keep running statistics, or use LayerNorm."
    return (
        "A single image must work too: `squeeze()` drops its batch dimension; "
        "squeeze the spatial dimensions only, as in x.squeeze((2, 3)), or write x.flatten(1)."
    )


def _type_remedy(model: nn.Module) -> str:
    """The remedy for weights of another type than the images, the usual cause of such failures."""
    types = {tensor.dtype for tensor in model.parameters() if tensor.is_floating_point()} - {torch.float32}
    if not types:
        return ""
    name = str(types.pop()).removeprefix("torch.")
    return (
        f"Images are float32 and this model's weights are {name}: leave the weights float32, "
        f"or let forward convert the images, with x.to(torch.{name})."
    )


def _parameters_and_buffers(model: nn.Module) -> list[Tensor]:
    return [*model.parameters(), *model.buffers()]


@contextlib.contextmanager
def _evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Within this context the model is in evaluation mode; afterwards each module is in its own mode again."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
