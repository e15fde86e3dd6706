"""The layers that learn, with their weights."""

from __future__ import annotations

from torch import nn

from mnist_tui.inspection.layers import is_leaf


def learning_layers(model: nn.Module) -> dict[str, list[nn.Parameter]]:
    """The trainable weights of each layer, by its path in the layer table; shared ones with the first that has them."""
    found: dict[str, list[nn.Parameter]] = {}
    seen: set[int] = set()
    for path, module in model.named_modules():
        whole = is_leaf(module)
        for name, weight in module.named_parameters(recurse=whole):
            if weight.requires_grad and id(weight) not in seen:
                seen.add(id(weight))
                found.setdefault(path if whole else f"{path}.{name}".lstrip("."), []).append(weight)
    return found
