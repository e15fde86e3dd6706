"""Examining a network before training: whether it can be trained, and likely mistakes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mnist_tui.errors import ModelError
from mnist_tui.models.adapters import describe_adaptations
from mnist_tui.models.dry_run import DryRun
from mnist_tui.models.forward_check import make_random_images
from mnist_tui.models.registry import REGISTRY
from mnist_tui.models.spec import ModelSource, model_error

_IMAGES = 8
_SMALL = 0.05
"""Smaller logits are differences of larger numbers, and have the absolute error of those."""
_TF32 = 2.0**-10
"""The relative precision of TF32, in which CUDA's convolutions compute by default."""
_MAX_NAMES = 3
"""Parameters that a sentence names before it only counts them."""


@dataclass(frozen=True)
class Examination:
    """Findings about a network that can be trained."""

    notices: tuple[str, ...] = ()
    """One sentence per likely mistake."""
    refuses_single_image: str = ""
    """Why a training step cannot have a single image, as with BatchNorm over vectors; "" if it can."""


def examine_model(source: ModelSource, model: nn.Module, *, batch: int = 16, last: int = 3) -> Examination:
    """Try `model` in steps of `batch` images, in an epoch's last step of `last` images, and in evaluation.

    It is already on its device and in its memory format. Neither it nor torch's random state changes.
    Raises ModelError if it cannot be trained or used. The program's own networks are not tried.
    """
    if source.spec in REGISTRY:
        return Examination()
    with torch.random.fork_rng(devices={parameter.device for parameter in model.parameters() if parameter.is_cuda}):
        dry_run = DryRun(source, model)
        for count in (1, 3):
            dry_run.evaluate(make_random_images(count))
        dry_run.train(max(batch, 2))
        refuses_single_image = _try_single_image(dry_run)
        if refuses_single_image and batch == 1:
            raise model_error(
                source.spec,
                f"it cannot be trained on one image at a time: {refuses_single_image}",
                remedy="Use --batch-size 2 or more, and at least two training images.",
            )
        if refuses_single_image and last == 1:
            last = batch + 1
        dry_run.train(last)
        _try_sequence(dry_run, (batch, batch, last))
        return Examination(tuple(_find_mistakes(dry_run)), refuses_single_image)


def _try_single_image(dry_run: DryRun) -> str:
    """Why a step cannot have a single image; "" if it can."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a case that may never occur
            dry_run.train(1)
    except ModelError as error:
        return _describe_cause(error)
    return ""


def _try_sequence(dry_run: DryRun, steps: tuple[int, ...]) -> None:
    """Raises ModelError if the network accepts each of these batches, but not one after another."""
    try:
        with dry_run.in_sequence():
            for count in steps:
                dry_run.train(count)
            for count in (max(steps) + 1, 3, 1):  # the test set comes in larger batches
                dry_run.evaluate(make_random_images(count))
    except ModelError as error:
        raise model_error(
            dry_run.source.spec,
            f"it accepts a first batch but not a second one: {_describe_cause(error)}",
            remedy="It keeps something from the previous batch, such as a hidden state: create it in each forward, "
            "with one row per image.",
        ) from error


def _describe_cause(error: ModelError) -> str:
    """The exception of the network's own code, or the problem with its output."""
    cause = error.__cause__
    return str(error) if cause is None else f"{type(cause).__name__}: {str(cause).partition(chr(10))[0]}"


def _find_mistakes(dry_run: DryRun) -> list[str]:
    """One sentence per finding. Raises ModelError if the network rejects a batch of eight."""
    images = make_random_images(_IMAGES)
    answers, trained = dry_run.evaluate(images), dry_run.train(_IMAGES, seed=1)
    return [
        f"the network {dry_run.source.name} {finding}"
        for finding in (
            *describe_adaptations(dry_run.model),
            *_check_range(answers, trained),
            *_check_dependence(dry_run, images, answers),
            *_check_gradients(dry_run),
        )
    ]


def _check_range(answers: Tensor, trained: Tensor) -> Iterator[str]:
    """The loss takes logits: arbitrary finite numbers, in both modes."""
    if not answers.isfinite().all():
        yield "returns numbers that are not finite in evaluation mode"
        return
    for fits, what in _RANGES.items():
        modes = [mode for mode, outputs in (("training", trained), ("evaluation", answers)) if fits(outputs)]
        if modes:
            yield what.format(f" in {modes[0]} mode" if len(modes) == 1 else "")
            return


def _are_probabilities(outputs: Tensor) -> bool:
    return bool(outputs.min() >= 0) and not _is_different(
        outputs.sum(1), torch.ones(len(outputs)), _rounding_tolerance(outputs)
    )


def _are_fractions(outputs: Tensor) -> bool:
    """Of eighty or more logits, some would be negative."""
    return bool(outputs.min() > 0 and outputs.max() < 1)


_RANGES = {
    _are_probabilities: (
        "returns probabilities{}, as after a softmax, but the loss takes logits: it learns slowly or stays unsure; "
        "remove the softmax, or end with log_softmax"
    ),
    _are_fractions: (
        "returns numbers between 0 and 1{}, as after a sigmoid, but the loss takes logits: it learns slowly or is "
        "never confident; remove the sigmoid"
    ),
}


def _check_dependence(dry_run: DryRun, images: Tensor, answers: Tensor) -> Iterator[str]:
    """An output should depend on its image alone."""
    rounding = _rounding_tolerance(answers, *dry_run.model.parameters())
    if _is_different(dry_run.evaluate(images, seed=1), answers, rounding):
        yield (
            "returns random outputs in evaluation mode too, as with dropout that is never switched off: give F.dropout "
            "training=self.training"
        )
    elif _is_different(dry_run.evaluate_after_others(images), answers, rounding):
        yield (
            "keeps something from one batch to the next, such as a hidden state: its output depends on the images "
            "that came before"
        )
    elif any(
        _is_different(dry_run.evaluate(images[at : at + 1]), answers[at : at + 1], rounding)
        for at in (0, len(images) - 1)
    ):
        yield (
            "returns another output for an image alone than for the same image in a batch: images of a batch influence "
            f"each other{_likely_cause(dry_run.model)}"
        )
    if not _is_different(answers, answers[:1], 0.0) and dry_run.ignores_images(images):
        yield "returns the same output for every image"


def _check_gradients(dry_run: DryRun) -> Iterator[str]:
    parameters = dict(dry_run.model.named_parameters())
    frozen = [name for name, parameter in parameters.items() if not parameter.requires_grad]
    unreached = [name for name in parameters if name in dry_run.without_gradient]
    if frozen:
        yield f"has {_list_names(frozen)} frozen (requires_grad=False), which training does not change"
    if unreached:
        yield (
            f"has {_list_names(unreached)} that no gradient reaches, as in an unused layer: "
            "training does not change them"
        )


def _list_names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return f"{', '.join(names[:_MAX_NAMES])}{more}"


def _is_different(some: Tensor, others: Tensor, rounding: float) -> bool:
    return bool((some - others).abs().max() > rounding * max(_SMALL, float(others.abs().max())))


def _rounding_tolerance(*tensors: Tensor) -> float:
    """Half the digits of the coarsest type: far above the effect of another summation order, far below a mistake's."""
    precisions = [torch.finfo(tensor.dtype).eps for tensor in tensors if tensor.is_floating_point()]
    if any(tensor.is_cuda for tensor in tensors):
        precisions.append(_TF32)
    return float(max(precisions) ** 0.5)


def _likely_cause(model: nn.Module) -> str:
    for module in model.modules():
        if isinstance(module, (nn.RNNBase, nn.MultiheadAttention)) and not module.batch_first:
            return f": probably {type(module).__name__} lacks batch_first=True and treats the batch as a sequence"
        if isinstance(module, _BATCH_NORMS) and not module.track_running_stats:
            return f": probably {type(module).__name__} keeps no running statistics (track_running_stats=False)"
    return ", as with a softmax over the batch dimension"


_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
