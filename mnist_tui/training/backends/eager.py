"""The eager backend: PyTorch's autograd, for any model on any device."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from mnist_tui.config import TrainConfig
from mnist_tui.data.augmentation import apply_maps
from mnist_tui.data.loader import Batch
from mnist_tui.training.backends.base import StepResult, StepSettings
from mnist_tui.training.evaluate import compute_logits
from mnist_tui.training.train_state import TrainState


class EagerBackend:
    """Forward, cross-entropy, backward and optimizer as separate calls."""

    name = "eager"
    exact_on_any_threads = False

    def __init__(self, config: TrainConfig, train_state: TrainState) -> None:
        self.config, self.train_state = config, train_state

    def use_threads(self, threads: int) -> None:
        torch.set_num_threads(threads)

    def begin(self) -> None:
        self.train_state.model.train()

    def augment(self, images: Tensor, maps: Tensor | None) -> Tensor:
        return apply_maps(images, maps, self.config)

    def step(self, batch: Batch, settings: StepSettings, targets: Tensor | None = None) -> StepResult:
        result = self.gradients(batch, targets)
        self.update(settings)
        return result

    def gradients(self, batch: Batch, targets: Tensor | None = None) -> StepResult:
        """Loss and gradients. cross_entropy's log_softmax leaves log-probabilities as they are."""
        images, labels, weights = batch
        model = self.train_state.model
        model.zero_grad(set_to_none=True)
        logits = model(images)
        expected = labels if targets is None else targets
        smoothing = self.config.label_smoothing
        if weights is None:
            loss, losses = F.cross_entropy(logits, expected, label_smoothing=smoothing), None
        else:
            image_losses = F.cross_entropy(logits, expected, label_smoothing=smoothing, reduction="none")
            loss = (image_losses * weights).mean()
            losses = F.cross_entropy(logits.detach(), labels, reduction="none")
        loss.backward()
        correct = (logits.detach().argmax(1) == labels).sum()
        return StepResult(loss.detach() * len(labels), correct, losses)

    def update(self, settings: StepSettings) -> None:
        """Update the weights by their gradients, and the averages by the weights."""
        self.train_state.optimizer.step(settings.learning_rate, settings.momentum)
        self.update_averages()

    def update_averages(self) -> None:
        if self.train_state.average:
            self.train_state.average.update_parameters(self.train_state.model)

    def logits(self, images: Tensor) -> Tensor:
        return compute_logits(self.train_state.eval_model, images)
