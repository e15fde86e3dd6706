"""Examining a network before training: whether it can be trained, and likely mistakes."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import torch
from torch import nn

from mnist_tui.errors import ModelError
from mnist_tui.models.findings import find
from mnist_tui.models.forward_check import random_images
from mnist_tui.models.registry import REGISTRY
from mnist_tui.models.rehearsal import Rehearsal
from mnist_tui.models.spec import ModelSource, misfit


@dataclass(frozen=True)
class Examination:
    """Findings about a network that can be trained."""

    notices: tuple[str, ...] = ()
    """One sentence per likely mistake."""
    refuses_one: str = ""
    """Why a training step cannot have a single image, as with BatchNorm over vectors; "" if it can."""


def examine(source: ModelSource, model: nn.Module, *, batch: int = 16, last: int = 3) -> Examination:
    """Try `model` in steps of `batch` images, in an epoch's last step of `last` images, and in evaluation.

    It is already on its device and in its memory format. Neither it nor torch's random state changes.
    Raises ModelError if it cannot be trained or used. The program's own networks are not tried.
    """
    if source.spec in REGISTRY:
        return Examination()
    with torch.random.fork_rng(devices=_cuda_devices(model)):
        rehearsal = Rehearsal(source, model)
        for count in (1, 3):
            rehearsal.evaluate(random_images(count))
        rehearsal.train(max(batch, 2))
        refuses_one = _why_not_one(rehearsal)
        if refuses_one and batch == 1:
            raise misfit(
                source.spec,
                f"it cannot be trained on one image at a time: {refuses_one}",
                remedy="Use --batch-size 2 or more, and at least two training images.",
            )
        if refuses_one and last == 1:
            last = batch + 1
        rehearsal.train(last)
        _try_sequence(rehearsal, (batch, batch, last))
        return Examination(tuple(find(rehearsal)), refuses_one)


def _why_not_one(rehearsal: Rehearsal) -> str:
    """Why a step cannot have a single image; "" if it can."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a case that may never occur
            rehearsal.train(1)
    except ModelError as error:
        return _cause(error)
    return ""


def _try_sequence(rehearsal: Rehearsal, steps: tuple[int, ...]) -> None:
    """Raises ModelError if the network accepts each of these batches, but not one after another."""
    try:
        with rehearsal.in_sequence():
            for count in steps:
                rehearsal.train(count)
            for count in (max(steps) + 1, 3, 1):  # the test set comes in larger batches
                rehearsal.evaluate(random_images(count))
    except ModelError as error:
        raise misfit(
            rehearsal.source.spec,
            f"it accepts a first batch but not a second one: {_cause(error)}",
            remedy="It keeps something from the previous batch, such as a hidden state: create it in each forward, "
            "with one row per image.",
        ) from error


def _cause(error: ModelError) -> str:
    """The exception of the network's own code, or the problem with its output."""
    cause = error.__cause__
    return str(error) if cause is None else f"{type(cause).__name__}: {str(cause).partition(chr(10))[0]}"


def _cuda_devices(model: nn.Module) -> list[torch.device]:
    return list({parameter.device for parameter in model.parameters() if parameter.is_cuda})
