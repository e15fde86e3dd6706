"""Calling a network as in training, testing and later use, without changing it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mnist_tui.config import CLASSES
from mnist_tui.models.code_errors import USER_EXCEPTIONS
from mnist_tui.models.forward_check import check_output, forward_error, make_random_images
from mnist_tui.models.saved_state import SavedState
from mnist_tui.models.spec import ModelSource, model_error

_DISTURBANCE = 0.05


class DryRun:
    """A network on the device and in the memory format that it will be trained in.

    Each call starts with the original network, except within `in_sequence`. Use it within `torch.random.fork_rng`.
    """

    def __init__(self, source: ModelSource, model: nn.Module) -> None:
        self.source, self.model = source, model
        self.without_gradient: set[str] = {
            name for name, parameter in model.named_parameters() if parameter.requires_grad
        }
        """The parameters that no gradient has reached so far."""
        self._saved_state = SavedState(model)
        self._keeps_state = True
        parameter = next(model.parameters(), None)
        self._device = torch.device("cpu") if parameter is None else parameter.device

    @contextmanager
    def in_sequence(self) -> Iterator[None]:
        """Within this context the network is not restored between calls, as in training."""
        self._keeps_state = False
        try:
            yield
        finally:
            self._keeps_state = True
            self._saved_state.restore()

    def evaluate(self, images: Tensor, seed: int = 0) -> Tensor:
        """(N, 10) float32 for images (N, 1, 28, 28), in evaluation mode. Raises ModelError if it does not fit."""
        return self._run(images, seed, training=False)

    def train(self, count: int, seed: int = 0) -> Tensor:
        """(count, 10) float32 for as many images in training mode, with a loss and its gradients."""
        return self._run(make_random_images(count), seed, training=True)

    def evaluate_after_others(self, images: Tensor) -> Tensor:
        """`evaluate`, right after the evaluation of other images."""
        with self.in_sequence():
            self.evaluate(images.flip(0))
            return self.evaluate(images)

    def ignores_images(self, images: Tensor) -> bool:
        """Whether all `images` get the same output with other weights too: a last layer may start as zeros."""
        with self.in_sequence(), torch.no_grad():
            for parameter in self.model.parameters():
                parameter.add_(torch.randn_like(parameter), alpha=_DISTURBANCE)
            answers = self.evaluate(images)
        return bool((answers == answers[:1]).all())

    def _run(self, images: Tensor, seed: int, *, training: bool) -> Tensor:
        images = images.to(self._device, copy=True)  # a forward may change its input in place
        self._seed(seed)
        self.model.train(training)
        try:
            with torch.set_grad_enabled(training):
                output = check_output(self.source, self._forward(images, training), images)
                if training:
                    self._backward(output)
            return output.detach().float().cpu()
        finally:
            if self._keeps_state:
                self._saved_state.restore()

    def _seed(self, seed: int) -> None:
        """`torch.manual_seed`, which keeps a formatted stack for each kind of device that is not there: slow."""
        if self._device.type == "cpu":
            torch.default_generator.manual_seed(seed)
        else:
            torch.manual_seed(seed)

    def _forward(self, images: Tensor, training: bool) -> object:
        try:
            return self.model(images)
        except USER_EXCEPTIONS as error:
            mode = "training" if training else "evaluation"
            raise forward_error(self.source, self.model, error, images, f", in {mode} mode") from error

    def _backward(self, output: Tensor) -> None:
        if not output.requires_grad:
            raise model_error(
                self.source.spec,
                "no gradient flows from its output to any of its weights",
                remedy="Remove `torch.no_grad()`, `detach()` and `.data` from its forward.",
            )
        labels = torch.arange(len(output), device=output.device) % CLASSES
        self.model.zero_grad(set_to_none=True)
        loss = F.cross_entropy(output, labels)
        try:
            loss.backward()
        except USER_EXCEPTIONS as error:
            raise model_error(
                self.source.spec, f"computing its gradients raised {type(error).__name__}: {error}"
            ) from error
        gradients = {
            name: parameter.grad for name, parameter in self.model.named_parameters() if parameter.grad is not None
        }
        self.without_gradient -= gradients.keys()
        if not all(bool(value.isfinite().all()) for value in (loss, *gradients.values())):
            raise model_error(
                self.source.spec,
                f"its loss or its gradients are not finite numbers, for {len(output)} images in training mode",
                remedy="Check its initial weights, and what its forward divides by or takes a root or logarithm of.",
            )
