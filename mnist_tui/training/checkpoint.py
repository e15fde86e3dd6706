"""Checkpoints of the whole training state, and weights as safetensors with metadata; both are written atomically."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_safetensors
from torch import Tensor, nn

from mnist_tui.errors import RunError
from mnist_tui.system import atomic_file, regular_file
from mnist_tui.system.torch_archive import check_archive

FORMAT = 1


def save_state(path: Path, state: Mapping[str, Any]) -> None:
    """Replace `path` by `state`: tensors and plain values in dictionaries and lists."""
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, **state}, buffer)
    atomic_file.write_bytes(path, buffer.getvalue())


def load_state(path: Path) -> dict[str, Any]:
    """The state saved in `path`, on the CPU. Raises RunError if it cannot be read.

    Only tensors and plain values are accepted (`weights_only=True`): a checkpoint never runs code.
    """
    try:
        file = regular_file.open_to_read(path)
    except FileNotFoundError:
        raise RunError(f"there is no checkpoint at {path}", remedy="Start a new run.") from None
    except OSError as error:
        raise RunError(
            f"{path} cannot be read: {error.strerror}", remedy=regular_file.remedy_for_error(error)
        ) from error
    try:
        with file:
            check_archive(file)
            file.seek(0)
            state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises almost anything on a damaged file
        first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RunError(f"{path} is not a readable checkpoint: {first_line}", remedy="Start a new run.") from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise RunError(f"{path} is a checkpoint of another version of this program", remedy="Start a new run.")
    return state


def check_structure(found: Any, expected: Any, name: str = "it") -> None:
    """Raise ValueError where the state `found` differs from `expected` in more than its values.

    torch would silently broadcast, cast or drop what has another shape or type.
    """
    if expected is None:
        return  # optional
    if type(found) is not type(expected):
        raise ValueError(f"{name} is a {type(found).__name__}, not a {type(expected).__name__}")
    if isinstance(expected, Tensor):
        actual, wanted = ((tensor.dtype, tensor.layout, tensor.shape) for tensor in (found, expected))
        if actual != wanted:
            raise ValueError(f"{name} is {actual}, not {wanted}")
    elif isinstance(expected, dict):
        for key, value in expected.items():
            check_structure(found[key], value, f"{name}/{key}")
    elif isinstance(expected, list):
        for number, pair in enumerate(zip(found, expected, strict=True)):
            check_structure(*pair, f"{name}/{number}")


def save_weights(path: Path, weights: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
    """Replace `path` by these weights; `metadata` is stored as JSON text, one string per key.

    The same weights with the same metadata are the same bytes.
    """
    atomic_file.write_bytes(path, weights_bytes(weights, metadata))


def weights_bytes(weights: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> bytes:
    """The bytes that `save_weights` writes."""
    # Clones, since safetensors refuses tensors that share memory, as tied weights do.
    tensors = {
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format) for name, tensor in weights.items()
    }
    texts = {key: json.dumps(value) for key, value in metadata.items()}
    return _sort_metadata(to_safetensors(tensors, metadata=texts))


def _sort_metadata(content: bytes) -> bytes:
    """The same file with its metadata sorted, as safetensors writes it in an order that differs between processes.

    The header is its length in eight bytes and JSON; offsets are relative to its end (safetensors' README).
    """
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    if "__metadata__" in header:
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # as safetensors does, to keep the tensors aligned
    return len(text).to_bytes(8, "little") + text + content[start:]


def load_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The weights and the metadata in a file by `save_weights`. Raises RunError if it cannot be read."""
    try:
        # Opened here first, because the library would open anything at that path, and block on a pipe.
        with regular_file.open_to_read(path), safe_open(path, framework="pt") as file:
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            metadata = {key: json.loads(text) for key, text in (file.metadata() or {}).items()}
    except (OSError, SafetensorError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise RunError(f"{path} has no readable weights: {reason}", remedy="Choose another run.") from error
    return weights, metadata


def is_finite(model: nn.Module) -> bool:
    """Whether every parameter is finite."""
    return all(bool(torch.isfinite(parameter).all()) for parameter in model.parameters())
