"""What every backend does for the trainer: augmentation, training steps, and logits."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from torch import Tensor

from mnist_tui.data.loader import Batch
from mnist_tui.training.train_state import TrainState


class BackendUnavailable(Exception):  # noqa: N818 - a finding, not an error: another backend can do it
    """A backend cannot train this model on this machine."""

    def __init__(self, reason: str, hint: str = "") -> None:
        """`reason` has no period at its end, as it may follow a colon; `hint` is a sentence on what would help."""
        super().__init__(reason)
        self.reason, self.hint = reason, hint


class StepSettings(NamedTuple):
    """What differs from step to step besides the batch."""

    number: int
    """Steps of the whole run before this one; random numbers may be derived from it."""
    learning_rate: float
    momentum: float
    """Adam's beta 1, or SGD's momentum."""


class StepResult(NamedTuple):
    """Sums over the batch, on the device, as reading them back would stall it. The next step may overwrite them."""

    loss_sum: Tensor
    """() float: the batch's mean loss times its number of images."""
    correct: Tensor
    """() int64: images whose largest logit was the label's."""
    losses: Tensor | None = None
    """(N,) float: each image's own cross-entropy with its label, if the batch had weights."""


class Backend(Protocol):
    """Trains and evaluates one training state, which is complete between two steps: a checkpoint may read it."""

    name: str
    train_state: TrainState
    exact_on_any_threads: bool
    """Whether the weights are the same, bit for bit, for any number of threads."""

    def use_threads(self, threads: int) -> None:
        """Compute with this many processor threads from now on."""

    def begin(self) -> None:
        """Prepare for steps with the training state's tensors as they are now.

        The trainer calls it before an epoch's first step, and so after a checkpoint may have replaced some.
        """

    def augment(self, images: Tensor, maps: Tensor | None) -> Tensor:
        """The network's input: (N, 1, 28, 28) uint8 -> float32 of that shape, mapped and normalized.

        maps: (N, 2, 3) float32, output position -> input position as in `draw_random_maps`, on the images' device; None
        moves no pixel.
        """

    def step(self, batch: Batch, settings: StepSettings, targets: Tensor | None = None) -> StepResult:
        """One training step: gradients, which stay in the parameters' `.grad`, BatchNorm, optimizer and averages.

        Each image's loss is multiplied by its weight, if any, before the mean is taken. targets: (N, 10) float32,
        class probabilities that the loss uses in place of the labels.
        """

    def logits(self, images: Tensor) -> Tensor:
        """(N, 10) float32 of the evaluated weights in evaluation mode; images: (N, 1, 28, 28) float32, normalized."""
