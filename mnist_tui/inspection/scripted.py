"""Compiled TorchScript modules, which accept no hooks: each in a wrapper that does, for a copy of the network."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class Shell(nn.Module):
    """One row of the table, with the name of the class that was compiled."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner

    @property
    def name(self) -> str:
        """The class's."""
        return str(self.inner.original_name)

    def forward(self, *given: Any, **named: Any) -> Any:
        """What is inside does it."""
        return self.inner(*given, **named)


def in_shells(model: nn.Module) -> nn.Module:
    """`model`, with a wrapper around each compiled module, or around itself if it is one."""
    if isinstance(model, torch.jit.ScriptModule):
        return Shell(model)
    for module in list(model.modules()):
        if not isinstance(module, torch.jit.ScriptModule):  # modules inside a compiled one cannot be replaced
            for name, child in module._modules.items():
                if isinstance(child, torch.jit.ScriptModule):
                    module._modules[name] = Shell(child)
    return model


def takes_hooks(module: nn.Module) -> bool:
    """Whether it can be traced."""
    return not isinstance(module, torch.jit.ScriptModule)
