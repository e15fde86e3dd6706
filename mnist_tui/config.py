"""`TrainConfig`: every setting of a run, with its help, range and default in one place.

Command-line options, environment variables, config-file keys and the dashboard's form are all made from its fields.
"""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any, Literal

from mnist_tui.errors import ConfigError, did_you_mean

IMAGE_SIZE = 28
"""Pixels per side of an image."""
IMAGE_SHAPE = (1, IMAGE_SIZE, IMAGE_SIZE)
"""Channels, height and width of an image, the input of every network."""
CLASSES = 10

DatasetName = Literal["auto", "mnist", "fashion-mnist", "kmnist", "synthetic", "my-digits"]
OptimizerName = Literal["adam", "adamw", "sgd"]
ScheduleName = Literal["one-cycle", "constant"]
Interpolation = Literal["nearest", "bilinear"]
DeviceName = Literal["auto", "cpu", "cuda", "mps"]
BackendName = Literal["auto", "eager", "graph", "native"]


@dataclass(frozen=True)
class Setting:
    """The help of one field, and the values it takes (bounds are inclusive)."""

    help: str
    low: float = -math.inf
    high: float = math.inf
    group: str = "Training"
    optional: bool = False
    """Whether a text can be empty."""


def _setting(default: Any, help: str, **limits: Any) -> Any:
    """A field with its `Setting` as metadata, from which forms and options are made."""
    return field(default=default, metadata={"setting": Setting(help, **limits)})


_optimization, _teaching, _augmentation, _machine = (
    partial(_setting, group=group) for group in ("Optimization", "Teacher", "Augmentation", "Machine")
)


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """All settings of a run: the same config, machine and thread count give the same weights."""

    recipe: str = _setting("reference", "The recipe these settings start from.", group="Run")
    dataset: DatasetName = _setting("auto", "Dataset; auto is MNIST, or else synthetic digits.", group="Run")
    model: str = _setting(
        "reference", "Registered name, net.py:Net, package.module:Net or notebook.ipynb:Net.", group="Run"
    )

    epochs: int = _setting(15, "Passes over the training images.", low=1, high=1_000_000)
    extra_epochs: int = _setting(
        0, "Epochs after the schedule's end, at the rate it started from.", low=0, high=1_000_000
    )
    batch_size: int = _setting(16, "Images per step.", low=1, high=1_000_000)
    seed: int = _setting(1, "Seed of initial weights, order, dropout, augmentation.", low=0, high=2**31 - 1)
    validation: int = _setting(0, "Training images held out to select the best epoch.", low=0)
    train_limit: int = _setting(0, "Use only the first N training images; 0 uses all.", low=0)

    optimizer: OptimizerName = _optimization("adam", "Optimizer.")
    lr: float = _optimization(0.01, "Peak learning rate.", low=0, high=100)
    schedule: ScheduleName = _optimization("one-cycle", "Learning-rate schedule.")
    # The next five are PyTorch's OneCycleLR defaults, which the published recipe uses.
    warmup: float = _optimization(0.3, "Fraction of all steps in which the rate rises.", low=0, high=1)
    start_divisor: float = _optimization(25.0, "The rate starts at the peak divided by this.", low=1)
    end_divisor: float = _optimization(1e4, "The rate ends at its start divided by this.", low=1)
    momentum: float = _optimization(0.95, "Momentum (Adam's beta 1) at the low rates.", low=0, high=0.9999)
    peak_momentum: float = _optimization(0.85, "Momentum at the peak rate.", low=0, high=0.9999)
    weight_decay: float = _optimization(0.0, "Weight decay.", low=0, high=10)
    label_smoothing: float = _optimization(0.0, "Fraction of each label spread over all classes.", low=0, high=0.99)
    dropout_scale: float = _optimization(1.0, "Factor on the model's dropout; 0 turns it off.", low=0, high=1)
    ema: float = _optimization(
        0.0, "EMA of the weights, used for testing: decay per step; 0 is off.", low=0, high=0.999999
    )

    focus: float = _optimization(0.0, "Importance sampling: fraction of images drawn by loss.", low=0, high=0.95)

    teacher: str = _teaching("", "Distillation: the run or recipe to learn from.", optional=True)
    teacher_share: float = _teaching(0.5, "Distillation weight; the rest is the label's.", low=0, high=1)
    temperature: float = _teaching(1.0, "Divisor of the teacher's logits.", low=0.01, high=100)

    deskew: float = _augmentation(0.0, "Fraction of each digit's slant removed, also after training.", low=0, high=1)
    rotation: float = _augmentation(7.0, "Random rotation up to ± degrees.", low=0, high=180)
    shift: float = _augmentation(0.0, "Random shift up to ± pixels.", low=0, high=14)
    scale: float = _augmentation(0.0, "Random scaling up to ± this fraction.", low=0, high=0.9)
    shear: float = _augmentation(0.0, "Random shear up to ± this many pixels per row.", low=0, high=1)
    clean_epochs: int = _augmentation(0, "Last epochs, which train without augmentation.", low=0, high=1_000_000)
    interpolation: Interpolation = _augmentation("nearest", "Interpolation of augmented pixels.")
    mean: float = _augmentation(0.5, "Subtracted from pixels in [0, 1].", low=-1, high=1)
    std: float = _augmentation(0.5, "Divisor of the pixels after that.", low=1e-3, high=10)

    device: DeviceName = _machine("auto", "Device to train on.")
    threads: int = _machine(0, "CPU threads; 0 is automatic.", low=0, high=1024)
    backend: BackendName = _machine("auto", "How a step is computed; auto is the fastest available.")

    def __post_init__(self) -> None:
        """Raise ConfigError naming every setting that cannot be used."""
        problems = find_problems(dataclasses.asdict(self))
        if problems:
            raise ConfigError(
                "; ".join(problems.values()),
                remedy="See `mnist-tui train --help` for what each setting takes.",
            )

    @property
    def all_epochs(self) -> int:
        """The epochs of the schedule and the extra ones."""
        return self.epochs + self.extra_epochs

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainConfig:
        """The config with these values and defaults for the rest. Raises ConfigError for an unknown name."""
        unknown = [name for name in values if name not in SETTINGS]
        if unknown:
            raise ConfigError(unknown_setting_message(unknown[0]), remedy="Remove it, or correct its name.")
        return cls(**values)

    def replace(self, **changes: Any) -> TrainConfig:
        """A copy with some settings changed. Raises ConfigError if one of them cannot be used."""
        return dataclasses.replace(self, **changes)


SETTINGS: Mapping[str, Setting] = {entry.name: entry.metadata["setting"] for entry in fields(TrainConfig)}
MACHINE_SETTINGS = frozenset(name for name, entry in SETTINGS.items() if entry.group == "Machine")
"""Where and how a run is computed; results differ in their last bits at most."""
TYPES: Mapping[str, Any] = typing.get_type_hints(TrainConfig)


def choices(name: str) -> tuple[str, ...]:
    """The words that a setting can be; empty if it is a number or free text."""
    annotation = TYPES[name]
    return typing.get_args(annotation) if typing.get_origin(annotation) is Literal else ()


def find_problems(values: Mapping[str, Any]) -> dict[str, str]:
    """For each unusable setting, a sentence with its name, its value and what it takes instead."""
    return {name: problem for name, value in values.items() if (problem := _find_problem(name, value))}


def config_from_old_record(values: Mapping[str, Any]) -> TrainConfig | None:
    """The config of an older or newer version, without unknown settings; None if one cannot be used."""
    known = {name: value for name, value in values.items() if name in SETTINGS}
    return None if find_problems(known) else TrainConfig(**known)


def unknown_setting_message(name: str) -> str:
    """A sentence for a name that is not a setting, with the most similar one that is."""
    return f"there is no setting {name!r}{did_you_mean(name, SETTINGS)}"


def _find_problem(name: str, value: Any) -> str:
    setting, annotation = SETTINGS[name], TYPES[name]
    words = choices(name)
    if words:
        return "" if value in words else f"{name} is {value!r}, but must be one of {', '.join(words)}"
    if annotation is str:
        named = isinstance(value, str) and (value or setting.optional)
        return "" if named else f"{name} is {value!r}, but must be a name"
    if not _is_number(value, whole=annotation is int):
        return f"{name} is {value!r}, but must be a {'whole' if annotation is int else 'finite'} number"
    if not setting.low <= value <= setting.high:
        return f"{name} is {value}, but must be {_describe_range(setting)}"
    return ""


def _is_number(value: Any, *, whole: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return isinstance(value, int) or (math.isfinite(value) and not whole)


def _describe_range(setting: Setting) -> str:
    if setting.high == math.inf:
        return f"at least {_format_bound(setting.low)}"
    return f"between {_format_bound(setting.low)} and {_format_bound(setting.high)}"


def _format_bound(bound: float) -> str:
    """1,000,000 rather than 1e+06."""
    return f"{bound:,.0f}" if float(bound).is_integer() else f"{bound:g}"
