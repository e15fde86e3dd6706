"""Tensors from torch.save, as arrays: loaded with weights_only, after a check of what the pickle requests."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from mnist_tui.data.formats.labeled_images import Numbers
from mnist_tui.errors import PictureError
from mnist_tui.system.torch_archive import check_archive

_MOST_TENSORS = 100
# Names for the two that torchvision's own .pt files of MNIST hold, in sequence.
_PAIR = ("images", "labels")


def read_tensors(content: bytes) -> dict[str, Numbers]:
    """The tensors in a file with this `content`, by name. Raises PictureError with the rest of a sentence."""
    try:
        check_archive(io.BytesIO(content))
        saved = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises almost anything on a damaged file
        first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise PictureError(
            f"holds no tensors that can be read: {first_line}",
            remedy="Save a tensor, or a dictionary of tensors, with torch.save.",
        ) from error
    return {name: _to_array(tensor, len(content)) for name, tensor in _find_tensors(saved)}


def _find_tensors(saved: Any) -> Iterator[tuple[str, Tensor]]:
    if isinstance(saved, Tensor):
        yield "", saved
    elif isinstance(saved, (tuple, list)):
        names = _PAIR if len(saved) == len(_PAIR) else [f"[{number}]" for number in range(len(saved))]
        yield from _select_tensors(zip(names, saved, strict=False))
    elif isinstance(saved, dict):
        yield from _select_tensors((str(name), value) for name, value in saved.items())


def _select_tensors(values: Any) -> Iterator[tuple[str, Tensor]]:
    found = ((name, value) for name, value in values if isinstance(value, Tensor))
    yield from (pair for pair, _ in zip(found, range(_MOST_TENSORS), strict=False))


def _to_array(tensor: Tensor, most: int) -> Numbers:
    """As an array. A tensor may repeat its storage, and then be far larger than its file."""
    is_plain = tensor.layout is torch.strided and not tensor.is_quantized and tensor.device.type == "cpu"
    if not is_plain or tensor.is_complex() or tensor.numel() * tensor.element_size() > most:
        raise PictureError(
            f"holds a tensor of {tensor.dtype} and shape {tuple(tensor.shape)} that is not stored in full",
            remedy="Save tensor.contiguous().",
        )
    tensor = tensor.detach()
    if tensor.dtype is torch.bfloat16:
        tensor = tensor.float()
    array: Numbers = tensor.resolve_neg().resolve_conj().contiguous().numpy()
    return array
