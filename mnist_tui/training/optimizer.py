"""SGD, Adam and AdamW with torch's kernels.

torch.optim's classes do the same, but creating one imports torch's compiler, which takes two seconds in each process
that trains. The functions that they call are public as well, and import nothing.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from mnist_tui.config import TrainConfig

SECOND_MOMENTUM, EPSILON = 0.999, 1e-8
"""Adam's beta 2, and its epsilon against division by zero: torch's defaults."""

# The state of each parameter, besides Adam's count of steps.
_MEMORY = {"sgd": ("momentum_buffer",), "adam": ("exp_avg", "exp_avg_sq"), "adamw": ("exp_avg", "exp_avg_sq")}


class Optimizer:
    """The config's optimizer for all trainable parameters of a model, as one fused kernel per step."""

    def __init__(self, config: TrainConfig, model: nn.Module) -> None:
        self.name = config.optimizer
        self.weight_decay = config.weight_decay
        self.parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        names: tuple[str, ...] = () if self.name == "sgd" and not config.momentum else _MEMORY[self.name]
        self.memory = {name: [torch.zeros_like(parameter) for parameter in self.parameters] for name in names}
        """By name, a tensor of its shape per parameter. Loading a state copies into these tensors."""
        counted = [] if self.name == "sgd" else self.parameters
        self.steps = [torch.zeros((), dtype=torch.float32, device=parameter.device) for parameter in counted]
        """() float32 each: torch's kernels count the steps of every parameter separately."""

    @torch.no_grad()
    def step(self, rate: float, momentum: float) -> None:
        """Update the parameters that have gradients; `rate` is the learning rate, `momentum` Adam's beta 1."""
        present = [at for at, parameter in enumerate(self.parameters) if parameter.grad is not None]
        parameters: list[Tensor] = [self.parameters[at] for at in present]
        gradients = [gradient for tensor in parameters if (gradient := tensor.grad) is not None]
        if self.name == "sgd":
            buffers = self.memory.get("momentum_buffer")
            sgd(
                parameters,
                gradients,
                [buffers[at] if buffers else None for at in present],
                fused=True,
                weight_decay=self.weight_decay,
                momentum=momentum if buffers else 0.0,
                lr=rate,
                dampening=0.0,
                nesterov=bool(buffers),
                maximize=False,
            )
            return
        (adamw if self.name == "adamw" else adam)(
            parameters,
            gradients,
            [self.memory["exp_avg"][at] for at in present],
            [self.memory["exp_avg_sq"][at] for at in present],
            [],
            [self.steps[at] for at in present],
            fused=True,
            amsgrad=False,
            beta1=momentum,
            beta2=SECOND_MOMENTUM,
            lr=rate,
            weight_decay=self.weight_decay,
            eps=EPSILON,
            maximize=False,
        )

    def state_dict(self) -> dict[str, Any]:
        """Its whole state; the tensors are the live ones."""
        return {"steps": self.steps, "memory": self.memory}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Copy the `state_dict()` of an optimizer with the same config and model.

        Raises KeyError, ValueError or RuntimeError for any other, after which it may be partly loaded.
        """
        pairs = [(self.steps, state["steps"])]
        pairs += [(tensors, state["memory"][name]) for name, tensors in self.memory.items()]
        for own, loaded in pairs:
            for tensor, value in zip(own, loaded, strict=True):
                tensor.copy_(value)
