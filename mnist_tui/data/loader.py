"""A dataset in device memory as a whole, and its batches, which depend on (seed, epoch) alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from mnist_tui.config import TrainConfig
from mnist_tui.data.augmentation import draw_random_maps
from mnist_tui.data.deskew import compose_maps, make_deskew_maps
from mnist_tui.data.importance_sampling import ImportanceSampler
from mnist_tui.data.types import Dataset, Split
from mnist_tui.errors import ConfigError

# From uint8 images and their maps, if any, to the network's input: `mnist_tui.training.backends.base.Backend.augment`.
Augment = Callable[[Tensor, Tensor | None], Tensor]

# Augmenting this many images at once is fastest: more do not fit the cache, fewer make too many calls.
CHUNK = 1024


class Batch(NamedTuple):
    """The input of a step."""

    images: Tensor
    """(N, 1, 28, 28) float32, augmented and normalized."""
    labels: Tensor
    """(N,) int64."""
    weights: Tensor | None = None
    """(N,) float32: the weight of each image's loss; None if all are equal."""


class DeviceData:
    """Training, validation (None without `--validation`) and test images on `device`, as uint8."""

    def __init__(self, dataset: Dataset, config: TrainConfig, device: torch.device) -> None:
        """Raises ConfigError if `--validation` leaves no image to train on."""
        train = dataset.train.select(slice(config.train_limit or None))
        train, validation = split_validation(train, config.validation)
        self.config = config
        self.train = train.to(device)
        self.validation = validation.to(device) if validation else None
        self.test = dataset.test.to(device)
        self.steps = -(-len(train.images) // config.batch_size)
        """Batches in an epoch; the last may be smaller, or one image larger."""
        self.joins_last_image = False
        """Whether an epoch's last image, which would be a batch alone, joins the previous batch."""
        self._upright = make_deskew_maps(train.images, config.deskew) if config.deskew else None
        """(N, 2, 3) on the CPU: the deskew map of each training image, which is applied before random ones."""
        self.sampler = ImportanceSampler(len(train.images), config.focus, device) if config.focus else None

    @property
    def largest_batch(self) -> int:
        """Images in the largest batch of an epoch."""
        return min(self.config.batch_size, len(self.train.images)) + self.joins_last_image

    @property
    def last_batch(self) -> int:
        """Images in an epoch's last batch."""
        return len(self.train.images) - (self.steps - 1) * self.config.batch_size

    def join_last_image(self) -> None:
        """If an epoch's last batch has one image only, let it join the previous batch."""
        if self.last_batch == 1 and self.steps > 1 and self.config.batch_size > 1:
            self.joins_last_image = True
            self.steps -= 1

    def iterate_batches(self, augment: Augment, epoch: int, first_step: int = 0) -> Iterator[Batch]:
        """The batches of epoch `epoch` from step `first_step` on.

        Their order depends on (seed, epoch) and the importance sampling, if any, alone, and the augmentation of a chunk
        on (seed, epoch, chunk), so a resumed epoch continues with the same images as an uninterrupted one.
        """
        if first_step >= self.steps:
            return
        order, weights = self._draw_order(epoch)
        size = self.config.batch_size
        steps_a_chunk = max(1, CHUNK // size)
        for chunk in range(first_step // steps_a_chunk, -(-self.steps // steps_a_chunk)):
            steps = range(chunk * steps_a_chunk, min((chunk + 1) * steps_a_chunk, self.steps))
            start, end = steps.start * size, self._end_of_step(steps.stop - 1)
            generator = _make_generator(self.config.seed, epoch, chunk + 1)
            maps = self._draw_maps(epoch, order[start:end], generator)
            members = order[start:end].to(self.train.images.device)
            images = augment(self.train.images[members], maps)
            labels = self.train.labels[members]
            counts = None if weights is None else weights[start:end].to(members.device)
            for step in steps[max(0, first_step - steps.start) :]:
                some = slice(step * size - start, self._end_of_step(step) - start)
                yield Batch(images[some], labels[some], None if counts is None else counts[some])

    def _end_of_step(self, step: int) -> int:
        """The position in an epoch's order at which the batch of step `step` ends."""
        return len(self.train.images) if step == self.steps - 1 else (step + 1) * self.config.batch_size

    def record_losses(self, step: int, losses: Tensor | None) -> None:
        """The losses (N,) of the images of step `step`, by which importance sampling draws later epochs."""
        if self.sampler is not None and losses is not None:
            self.sampler.record_losses(step * self.config.batch_size, losses)

    def finish_epoch(self, epoch: int) -> None:
        """To be called once per epoch, after its last step."""
        if self.sampler is not None:
            self.sampler.finish_epoch(self._draw_order(epoch)[0])

    def _draw_order(self, epoch: int) -> tuple[Tensor, Tensor | None]:
        """The images of an epoch, each once unless importance sampling draws them, and the weights of their losses.

        The last, clean epochs have each image once too: in them the network settles on the images as they are.
        """
        generator, count = _make_generator(self.config.seed, epoch), len(self.train.images)
        if self.sampler is not None and epoch > 1 and not self._is_clean(epoch):
            return self.sampler.draw(generator)
        alike = None if self.sampler is None else torch.ones(count)
        return torch.randperm(count, generator=generator), alike

    def _is_clean(self, epoch: int) -> bool:
        return epoch > self.config.epochs - self.config.clean_epochs

    def _draw_maps(self, epoch: int, members: Tensor, generator: torch.Generator) -> Tensor | None:
        """The maps of a chunk's images; no random ones in the clean epochs, in which the statistics settle."""
        images, maps = self.train.images, None
        if not self._is_clean(epoch):
            maps = draw_random_maps(len(members), images.shape[-1], self.config, generator)
        if self._upright is not None:
            upright = self._upright[members]
            maps = upright if maps is None else compose_maps(upright, maps)
        return maps if maps is None else maps.to(images.device)


def split_validation(train: Split, count: int) -> tuple[Split, Split | None]:
    """Hold out `count` images: the same ones for every seed, so that runs can be compared on them."""
    if not count:
        return train, None
    if count >= len(train.images):
        raise ConfigError(
            f"validation is {count:,}, but there are {len(train.images):,} training images",
            remedy="Hold out fewer with --validation.",
        )
    order = torch.randperm(len(train.images), generator=_make_generator(0))
    return train.select(order[count:].sort().values), train.select(order[:count].sort().values)


def _make_generator(*key: int) -> torch.Generator:
    """A generator for this key. The key is hashed, because similar seeds give similar first numbers."""
    mixed = 0
    for part in key:
        mixed = _mix64(mixed + part + 0x9E3779B97F4A7C15)
    return torch.Generator().manual_seed(mixed & 0x7FFF_FFFF_FFFF_FFFF)


def _mix64(value: int) -> int:
    """The finalizer of SplitMix64 (Steele, Lea and Flood, 2014): each input bit changes half of the output bits."""
    value &= 0xFFFF_FFFF_FFFF_FFFF
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFF_FFFF_FFFF_FFFF
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & 0xFFFF_FFFF_FFFF_FFFF
    return value ^ (value >> 31)
