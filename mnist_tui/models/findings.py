"""What is likely a mistake in a network that trains all the same: each a sentence for its author."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from mnist_tui.models.rehearsal import Rehearsal
from mnist_tui.models.trial import random_images

_IMAGES = 8
_SMALL = 0.05
"""Logits below this are differences of larger numbers, and no more exact than those."""
_TF32 = 2.0**-10
"""What CUDA's convolutions compute in, unless told otherwise."""
_NAMED = 3
"""Parameters that a sentence names before it only counts them."""


def find(rehearsal: Rehearsal) -> list[str]:
    """A sentence for each finding. Raises ModelError where the network takes no batch of eight."""
    images = random_images(_IMAGES)
    answers, trained = rehearsal.evaluate(images), rehearsal.train(_IMAGES, seed=1)
    return [
        f"the network {rehearsal.source.name} {finding}"
        for finding in (
            *_about_range(answers, trained),
            *_about_dependence(rehearsal, images, answers),
            *_about_gradients(rehearsal),
        )
    ]


def _about_range(answers: Tensor, trained: Tensor) -> Iterator[str]:
    """What the loss takes are logits: any numbers."""
    outputs = torch.cat([answers, trained])
    if not outputs.isfinite().all():
        yield "answers with numbers that are not finite in evaluation mode"
    elif outputs.min() >= 0 and not _differ(outputs.sum(1), torch.ones(len(outputs)), _rounding(outputs)):
        yield (
            "ends in probabilities, as after a softmax, where the loss takes logits: it learns slowly and is never "
            "sure; leave the softmax out, or end with log_softmax"
        )
    elif outputs.min() > 0 and outputs.max() < 1:
        yield (
            "ends in numbers between 0 and 1, as after a sigmoid, where the loss takes logits: it learns slowly and "
            "is never sure; leave the sigmoid out"
        )


def _about_dependence(rehearsal: Rehearsal, images: Tensor, answers: Tensor) -> Iterator[str]:
    """An answer should depend on its image, and on nothing else."""
    rounding = _rounding(answers, *rehearsal.model.parameters())
    if _differ(rehearsal.evaluate(images, seed=1), answers, rounding):
        yield (
            "answers at random in evaluation too, as with a dropout that is never switched off: give F.dropout "
            "training=self.training"
        )
    elif _differ(rehearsal.evaluate_after_others(images), answers, rounding):
        yield (
            "keeps something from one batch to the next, such as a hidden state: an answer depends on the images "
            "that came before"
        )
    elif any(
        _differ(rehearsal.evaluate(images[at : at + 1]), answers[at : at + 1], rounding)
        for at in (0, len(images) - 1)
    ):
        yield (
            "answers otherwise for an image alone than for the same image in a batch, as images of a batch influence "
            f"each other{_likely_cause(rehearsal.model)}"
        )
    if not _differ(answers, answers[:1], 0.0) and rehearsal.ignores(images):
        yield "gives the same answer for every image"


def _about_gradients(rehearsal: Rehearsal) -> Iterator[str]:
    parameters = dict(rehearsal.model.named_parameters())
    frozen = [name for name, parameter in parameters.items() if not parameter.requires_grad]
    unreached = [name for name in parameters if name in rehearsal.without_gradient]
    if frozen:
        yield f"has {_named(frozen)} frozen (requires_grad=False), which training leaves as made"
    if unreached:
        yield f"has {_named(unreached)} that no gradient reaches, as of an unused layer: training leaves them as made"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


def _differ(some: Tensor, others: Tensor, rounding: float) -> bool:
    return bool((some - others).abs().max() > rounding * max(_SMALL, float(others.abs().max())))


def _rounding(*tensors: Tensor) -> float:
    """Half the digits of the coarsest type: far more than another order of sums makes, far less than a mistake."""
    precisions = [torch.finfo(tensor.dtype).eps for tensor in tensors if tensor.is_floating_point()]
    if any(tensor.is_cuda for tensor in tensors):
        precisions.append(_TF32)
    return float(max(precisions) ** 0.5)


def _likely_cause(model: nn.Module) -> str:
    for module in model.modules():
        if isinstance(module, (nn.RNNBase, nn.MultiheadAttention)) and not module.batch_first:
            return f": probably {type(module).__name__} lacks batch_first=True and takes the batch for a sequence"
        if isinstance(module, _BATCH_NORMS) and not module.track_running_stats:
            return (
                f": probably {type(module).__name__} keeps no running statistics (track_running_stats=False)"
            )
    return ", as with a softmax over the batch dimension"


_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
