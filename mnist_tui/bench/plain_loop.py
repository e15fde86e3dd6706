"""The loop of most tutorials, to compare with: transforms per image, DataLoader, `.item()` in each step."""

from __future__ import annotations

import time
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from torch.optim import Adam
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from mnist_tui import models
from mnist_tui.config import TrainConfig
from mnist_tui.data.types import Split
from mnist_tui.models.torchvision_import import import_part


class PillowImages(TorchDataset[tuple[Tensor, int]]):
    """What torchvision's MNIST does for each item: a Pillow image through the transforms."""

    def __init__(self, split: Split, transform: Any) -> None:
        self.images, self.labels, self.transform = split.images[:, 0], split.labels, transform

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = Image.fromarray(self.images[index].numpy())
        return self.transform(image), int(self.labels[index])


class PlainLoop:
    """A model in training with torch's defaults: NCHW, unfused Adam, as many threads as torch takes."""

    def __init__(self, split: Split, config: TrainConfig, seed: int | None = None) -> None:
        """For `config.epochs` epochs over `split`."""
        if seed is not None:
            torch.manual_seed(seed)
        kit = import_part("transforms")
        transform = kit.Compose(
            [
                kit.RandomRotation(config.rotation),
                kit.ToTensor(),
                kit.Normalize((config.mean,), (config.std,)),
            ]
        )
        self.threads = config.threads
        self.loader = DataLoader(PillowImages(split, transform), batch_size=config.batch_size, shuffle=True)
        self.model = models.load_model(config.model)
        self.optimizer = Adam(self.model.parameters(), lr=config.lr)
        self.scheduler = OneCycleLR(self.optimizer, max_lr=config.lr, total_steps=config.epochs * len(self.loader))

    def epoch(self) -> float:
        """Train over all images once; returns the seconds that took."""
        if self.threads:
            torch.set_num_threads(self.threads)
        started = time.perf_counter()
        self.model.train()
        total_loss, correct = 0.0, 0
        for images, labels in self.loader:
            self.optimizer.zero_grad()
            logits = self.model(images)
            loss = F.cross_entropy(logits, labels)
            loss.backward()
            self.optimizer.step()
            self.scheduler.step()
            total_loss += loss.item()
            correct += int((logits.argmax(1) == labels).sum().item())
        return time.perf_counter() - started


def images_per_second(split: Split, config: TrainConfig) -> float:
    """The speed of one epoch over `split`."""
    return len(split.images) / PlainLoop(split, config.replace(epochs=1)).epoch()
