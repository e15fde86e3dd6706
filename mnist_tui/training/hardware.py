"""The hardware of a run: device and processor threads, and what a run records of them."""

from __future__ import annotations

import platform
from pathlib import Path

import torch

from mnist_tui import __version__
from mnist_tui.config import TrainConfig
from mnist_tui.errors import ConfigError
from mnist_tui.system.cpu import usable_cores

# By backend. With fewer images per thread, waking more threads costs more than they save: at batch 16 of the
# reference network one thread is as fast as two, at 64 two are a third faster. `mnist-tui bench` measures it.
IMAGES_PER_THREAD = {"eager": 32, "native": 2}


def choose_device(name: str) -> torch.device:
    """The device called `name`; `auto` is CUDA, else MPS, else the CPU. Raises ConfigError if it is not available."""
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, is_available in available.items() if is_available))
    if not available[name]:
        raise ConfigError(f"this torch finds no {name} device here", remedy="Use --device auto or --device cpu.")
    return torch.device(name)


def choose_threads(config: TrainConfig, backend: str, cores: int | None = None) -> int:
    """The config's number of threads, or else as many as a batch keeps busy with this backend."""
    if config.threads:
        return config.threads
    images_per_thread = IMAGES_PER_THREAD.get(backend, IMAGES_PER_THREAD["eager"])
    return max(1, min(cores or usable_cores(), config.batch_size // images_per_thread))


def processor() -> str:
    """The name of the GPU or else the processor, as far as the system knows it."""
    if torch.cuda.is_available():
        return str(torch.cuda.get_device_name())
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """The versions of everything that the weights depend on."""
    return {"mnist-tui": __version__, "python": platform.python_version(), "torch": str(torch.__version__)}
