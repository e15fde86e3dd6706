"""Less dropout than a model asks for: small networks that are far from overfitting learn more without."""

from __future__ import annotations

from torch import nn

_KINDS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)


def scale_dropout(model: nn.Module, factor: float) -> None:
    """Multiply the probability of each dropout layer by `factor`, in [0, 1].

    Inference stays the same, and so does what a forward drops by calling F.dropout itself.
    """
    for layer in model.modules():
        if isinstance(layer, _KINDS):
            layer.p *= factor
