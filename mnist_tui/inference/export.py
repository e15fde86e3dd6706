"""Exporting a trained network for other programs, verified against the network itself before it is written."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as from_safetensors
from torch import Tensor, nn

from mnist_tui import __version__
from mnist_tui.config import IMAGE_SHAPE
from mnist_tui.data.augmentation import apply_maps, make_network_input
from mnist_tui.data.deskew import make_deskew_maps_unchunked
from mnist_tui.errors import MnistTuiError, explain_os_error
from mnist_tui.inference.export_formats import EXPORT_FORMATS, EXTRA, FormatName
from mnist_tui.inference.network import TrainedNetwork
from mnist_tui.models.isolated_rng import load_model_isolated
from mnist_tui.system import atomic_file
from mnist_tui.training import checkpoint

INPUT = "images: uint8 (N, 1, 28, 28), any N; 0 is paper, 255 full ink, the digit centered by mass as in MNIST"
OUTPUT = "logits: float32 (N, 10), one per class"
MAX_DIFFERENCE = 1e-3
"""Of any logit. Logits are about 10, and other programs may add their float32 products in another order."""
_BATCH = 500

Forward = Callable[[Tensor], Tensor]
"""An exported network: uint8 (N, 1, 28, 28) to logits (N, 10)."""


class ExportError(MnistTuiError):
    """A network cannot be exported to a format, or the exported one differs from it."""


@dataclass(frozen=True)
class ExportCheck:
    """The exported network's outputs compared with the network's own, on the same images."""

    images: int
    max_difference: float
    """Of any logit."""
    same_answers: int
    """Images with the same predicted class."""

    @property
    def agrees(self) -> bool:
        """Whether the difference is within rounding, and every predicted class the same."""
        return self.max_difference <= MAX_DIFFERENCE and self.same_answers == self.images


class PixelNetwork(nn.Module):
    """The network including its preprocessing: uint8 (N, 1, 28, 28) to logits (N, 10)."""

    def __init__(self, network: TrainedNetwork) -> None:
        super().__init__()
        self.network = network.model
        self.config = network.config

    def forward(self, images: Tensor) -> Tensor:
        """With the preprocessing of `make_network_input`, in operations that every format knows."""
        config = self.config
        maps = make_deskew_maps_unchunked(images, config.deskew) if config.deskew else None
        logits: Tensor = self.network(apply_maps(images, maps, config))
        return logits if logits.dtype == torch.float32 else logits.float()


def check_packages(format: FormatName) -> None:
    """Raise ExportError if a package that the format needs is missing."""
    missing = EXPORT_FORMATS[format].missing_packages
    if missing:
        raise ExportError(
            f"exporting to {format.upper()} needs {' and '.join(missing)}, which this Python does not have",
            remedy=f'Install it with: pip install "mnist-tui[{EXTRA}]"',
        )


def export_network(network: TrainedNetwork, format: FormatName, path: Path, images: Tensor) -> ExportCheck:
    """Write `network` to `path` in `format`, if the exported network agrees on `images`, (N, 1, 28, 28) uint8.

    Raises ExportError if it cannot be exported or does not agree; then nothing is written.
    """
    check_packages(format)
    with warnings.catch_warnings():
        # torch warns at every call that two of these functions are deprecated, and its exporter warns as well.
        warnings.simplefilter("ignore")
        try:
            content = _WRITERS[format](network)
            comparison = _compare(network, _READERS[format](content, network), images)
        except MnistTuiError:
            raise
        except Exception as error:  # an exporter may raise anything for a network that it cannot trace
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ExportError(
                f"{network.run} cannot be exported to {format}: {reason}", remedy="Try another --format."
            ) from error
    if not comparison.agrees:
        raise ExportError(
            f"the {format} file does not agree with {network.run}: outputs differ by {comparison.max_difference:.2g}, "
            f"{comparison.same_answers:,} of {comparison.images:,} answers are the same; it was not written",
            remedy=_remedy(network, images),
        )
    with explain_os_error(ExportError, f"{path} cannot be written", remedy="Choose another --output."):
        atomic_file.write_bytes(path, content)
    return comparison


def _remedy(network: TrainedNetwork, images: Tensor) -> str:
    few = images[:_BATCH]
    if torch.equal(network.logits(few), network.logits(few)):
        return "Try another --format."
    return (
        "The network itself gives other outputs each time, as with dropout that is never switched off: give F.dropout "
        "training=self.training, and train it again."
    )


def metadata(network: TrainedNetwork, *, includes_preprocessing: bool) -> dict[str, Any]:
    """The metadata of an exported file."""
    config = network.config
    return {
        "made_by": f"mnist-tui {__version__}",
        "run": network.run,
        "weights": network.weights,
        "classes": list(network.classes),
        "input": INPUT
        if includes_preprocessing
        else "images: float32 (N, 1, 28, 28), (pixels / 255 - mean) / std, after `deskew`",
        "output": OUTPUT,
        "preprocessing": {
            "deskew": config.deskew,
            "divide_by": 255,
            "mean": config.mean,
            "std": config.std,
            "inside_the_file": includes_preprocessing,
        },
        "training": {
            "dataset": config.dataset,
            "model": config.model,
            "epoch": network.epoch,
            "test_accuracy": network.test_accuracy,
        },
    }


def _compare(network: TrainedNetwork, forward: Forward, images: Tensor) -> ExportCheck:
    own = network.logits(images)
    with torch.no_grad():
        theirs = torch.cat([forward(batch) for batch in images.split(_BATCH)]).float()
    return ExportCheck(len(images), float((own - theirs).abs().max()), int((own.argmax(1) == theirs.argmax(1)).sum()))


def _example() -> Tensor:
    # Two images, as an exporter takes a batch size of one for a constant.
    return torch.zeros(2, *IMAGE_SHAPE, dtype=torch.uint8)


def _texts(network: TrainedNetwork) -> dict[str, str]:
    values = metadata(network, includes_preprocessing=True)
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def _to_safetensors(network: TrainedNetwork) -> bytes:
    facts = metadata(network, includes_preprocessing=False)
    metrics = {"epoch": network.epoch, "test_accuracy": network.test_accuracy}
    record = {**facts, "config": network.config.to_dict(), "metrics": metrics}
    return checkpoint.weights_bytes(network.model.state_dict(), record)


def _from_safetensors(content: bytes, network: TrainedNetwork) -> Forward:
    model = load_model_isolated(network.code or network.config.model).eval()
    model.load_state_dict(from_safetensors(content))
    return lambda images: model(make_network_input(images, network.config))


def _to_torchscript(network: TrainedNetwork) -> bytes:
    traced = torch.jit.trace(PixelNetwork(network).eval(), _example(), check_trace=False)
    buffer = io.BytesIO()
    torch.jit.save(traced, buffer, _extra_files={"metadata.json": json.dumps(_texts(network)).encode()})
    return buffer.getvalue()


def _to_pt2(network: TrainedNetwork) -> bytes:
    shapes = {"images": {0: torch.export.Dim("batch")}}
    program = torch.export.export(PixelNetwork(network).eval(), (_example(),), dynamic_shapes=shapes)
    buffer = io.BytesIO()
    torch.export.save(program, buffer, extra_files={"metadata.json": json.dumps(_texts(network))})
    return buffer.getvalue()


def _to_onnx(network: TrainedNetwork) -> bytes:
    program = torch.onnx.export(
        PixelNetwork(network).eval(),
        (_example(),),
        input_names=["images"],
        output_names=["logits"],
        dynamic_shapes={"images": {0: torch.export.Dim("batch")}},
        dynamo=True,
        verbose=False,
    )
    assert program is not None  # it is None only when it writes a file
    model = program.model_proto
    model.producer_name, model.producer_version = "mnist-tui", __version__
    for key, text in _texts(network).items():
        model.metadata_props.add(key=key, value=text)
    return bytes(model.SerializeToString())


def _from_onnx(content: bytes, network: TrainedNetwork) -> Forward:
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return lambda images: torch.from_numpy(session.run(["logits"], {"images": images.numpy()})[0])


_WRITERS: Mapping[FormatName, Callable[[TrainedNetwork], bytes]] = {
    "onnx": _to_onnx,
    "torchscript": _to_torchscript,
    "safetensors": _to_safetensors,
    "pt2": _to_pt2,
}
_READERS: Mapping[FormatName, Callable[[bytes, TrainedNetwork], Forward]] = {
    "onnx": _from_onnx,
    "torchscript": lambda content, network: torch.jit.load(io.BytesIO(content)),
    "safetensors": _from_safetensors,
    "pt2": lambda content, network: torch.export.load(io.BytesIO(content)).module(),
}
