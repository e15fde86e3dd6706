"""A step through PyTorch's autograd: any model on any device."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from mnist_tui.steps.contract import StepResult


class EagerStep:
    """Forward, cross-entropy, backward."""

    name = "eager"

    def __init__(self, model: nn.Module, label_smoothing: float) -> None:
        self.model = model
        self.label_smoothing = label_smoothing

    def __call__(self, images: Tensor, labels: Tensor) -> StepResult:
        """See `Step`. A model's log_softmax does no harm: cross_entropy's own leaves it as it is."""
        self.model.zero_grad(set_to_none=True)
        logits = self.model(images)
        loss = F.cross_entropy(logits, labels, label_smoothing=self.label_smoothing)
        loss.backward()
        correct = (logits.detach().argmax(1) == labels).sum()
        return StepResult(loss.detach() * len(labels), correct)
