"""The formats that networks are exported to. No torch: command line and dashboard list them."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

FormatName = Literal["onnx", "torchscript", "pt2", "safetensors"]


@dataclass(frozen=True)
class ExportFormat:
    """How files of a format end, what they are for, and the packages that write them, besides torch."""

    suffix: str
    purpose: str
    packages: tuple[str, ...] = ()

    @property
    def missing_packages(self) -> list[str]:
        return [name for name in self.packages if importlib.util.find_spec(name) is None]


EXPORT_FORMATS: Mapping[FormatName, ExportFormat] = {
    "onnx": ExportFormat(".onnx", "ONNX: phones, browsers, other runtimes", ("onnx", "onnxscript", "onnxruntime")),
    "torchscript": ExportFormat(".pt", "TorchScript: torch without this program, C++"),
    "pt2": ExportFormat(".pt2", "PT2: torch.export"),
    "safetensors": ExportFormat(".safetensors", "safetensors: the weights alone"),
}
EXTRA = "onnx"
"""The extra of this program that installs the missing packages."""
