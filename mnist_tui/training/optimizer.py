"""SGD, Adam and AdamW: torch's kernels, and the memory they keep of every parameter.

torch.optim's own classes do the same, but making one imports torch's compiler: two seconds, in each process that
trains. The functions they call are public as well, and need nothing.
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
"""Adam's beta 2 and what keeps it from dividing by zero, as torch has them."""

# What each keeps of a parameter besides Adam's count of steps.
_MEMORY = {"sgd": ("momentum_buffer",), "adam": ("exp_avg", "exp_avg_sq"), "adamw": ("exp_avg", "exp_avg_sq")}


class Optimizer:
    """The config's optimiser over all trainable parameters of a model, as one fused kernel a step."""

    def __init__(self, config: TrainConfig, model: nn.Module) -> None:
        self.name = config.optimizer
        self.weight_decay = config.weight_decay
        self.parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        kept: tuple[str, ...] = () if self.name == "sgd" and not config.momentum else _MEMORY[self.name]
        self.memory = {what: [torch.zeros_like(parameter) for parameter in self.parameters] for what in kept}
        """For each kind, a tensor a parameter, of its shape. Loading a state keeps these very tensors."""
        self.steps = [] if self.name == "sgd" else [_count(parameter) for parameter in self.parameters]
        """() float32 each: torch's kernels count for every parameter on its own."""

    @torch.no_grad()
    def step(self, rate: float, momentum: float) -> None:
        """Change the parameters by their gradients; `momentum` is Adam's beta 1. Those without one stay as they are."""
        here = [at for at, parameter in enumerate(self.parameters) if parameter.grad is not None]
        parameters: list[Tensor] = [self.parameters[at] for at in here]
        gradients = [gradient for tensor in parameters if (gradient := tensor.grad) is not None]
        if self.name == "sgd":
            buffers = self.memory.get("momentum_buffer")
            sgd(
                parameters,
                gradients,
                [buffers[at] if buffers else None for at in here],
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
            [self.memory["exp_avg"][at] for at in here],
            [self.memory["exp_avg_sq"][at] for at in here],
            [],
            [self.steps[at] for at in here],
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
        """All it remembers; the tensors are the live ones."""
        return {"steps": self.steps, "memory": self.memory}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict()` of an optimiser of the same config and model.

        Raises KeyError, ValueError or RuntimeError for any other, by then perhaps half loaded.
        """
        for ours, theirs in ((self.steps, state["steps"]), *_paired(self.memory, state["memory"])):
            for mine, other in zip(ours, theirs, strict=True):
                mine.copy_(other)


def _paired(
    ours: dict[str, list[Tensor]], theirs: dict[str, list[Tensor]]
) -> list[tuple[list[Tensor], list[Tensor]]]:
    return [(tensors, theirs[what]) for what, tensors in ours.items()]


def _count(parameter: Tensor) -> Tensor:
    return torch.zeros((), dtype=torch.float32, device=parameter.device)
