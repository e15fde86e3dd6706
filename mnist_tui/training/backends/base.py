"""What every backend promises the trainer."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from torch import Tensor

from mnist_tui.data.loader import Batch
from mnist_tui.training.train_state import TrainState


class StepSettings(NamedTuple):
    """What differs from step to step besides the batch."""

    number: int
    """Steps of the whole run before this one: whoever draws random numbers may derive them from it."""
    learning_rate: float
    momentum: float
    """Adam's beta 1, or SGD's momentum."""


class StepResult(NamedTuple):
    """Sums over the batch, still on the device: reading them back would stall it. Good until the next step."""

    loss_sum: Tensor
    """() float: the batch's mean loss times its images."""
    correct: Tensor
    """() int64: images whose largest logit was the label's."""
    losses: Tensor | None = None
    """(N,) float: each image's own cross-entropy with its label, where the batch had weights."""


class Backend(Protocol):
    """Trains and tests one training state.

    Between two steps the training state is whole, and a checkpoint may read it.
    """

    name: str
    train_state: TrainState
    exact_on_any_threads: bool
    """Whether the weights come out the same, bit for bit, on any number of threads."""

    def use_threads(self, threads: int) -> None:
        """Compute on this many threads of the processor from now on."""
        ...

    def begin(self) -> None:
        """Get ready for a stretch of steps with the training state's tensors as they are now.

        The trainer calls it before an epoch's first step, and so after a loaded state may have replaced some.
        """
        ...

    def augment(self, images: Tensor, maps: Tensor | None) -> Tensor:
        """What the network is to see: (N, 1, 28, 28) uint8 -> float32 of that shape, mapped and normalised.

        maps: (N, 2, 3) float32, output position -> input position as in `random_maps`, on the images' device; None
        moves no pixel.
        """
        ...

    def step(self, batch: Batch, settings: StepSettings, targets: Tensor | None = None) -> StepResult:
        """One whole step: gradients, which stay in the parameters' `.grad`, BatchNorm, optimiser and averages.

        Each image's loss is multiplied by its weight, if any, before the mean is taken. targets: (N, 10) float32, a
        probability for each class, which the loss takes in the labels' place.
        """
        ...

    def logits(self, images: Tensor) -> Tensor:
        """(N, 10) float32 of the tested weights in evaluation mode; images: (N, 1, 28, 28) float32, normalised."""
        ...
