"""Saliency maps: which pixels a network's prediction depends on."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NOISY_COPIES, NOISE = 24, 0.05
"""SmoothGrad: the number of copies, and the noise's standard deviation as a fraction of the image's range."""
PATCH, STRIDE = 6, 2
"""Occlusion: the side of a covered square in pixels, about twice as wide as a pen, and the step between squares."""
_BATCH = 128


def log_odds(logits: Tensor, label: int) -> Tensor:
    """(N, C) to (N,): log p / (1 - p) of the class `label`, in nats. Unlike p it does not saturate near 1."""
    others = torch.cat([logits[:, :label], logits[:, label + 1 :]], dim=1)
    return logits[:, label] - others.logsumexp(1)


def gradient_saliency(model: nn.Module, image: Tensor, label: int) -> Tensor:
    """(H, W) float32, 0 to 1: how strongly the log-odds of `label` change with each pixel.

    The gradient's magnitude (Simonyan, Vedaldi and Zisserman, "Deep Inside Convolutional Networks", 2013), averaged
    over noisy copies of the image, without which it is mostly speckle (SmoothGrad: Smilkov et al., 2017). The noise is
    the same in every call and comes from a generator of its own.

    image: (1, 1, H, W) float32, the network's input. The model should be in evaluation mode, and is not changed.
    """
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(NOISY_COPIES, *image.shape[1:], generator=generator).to(image.device)
    with torch.enable_grad():  # a clone, as a `forward` may change its input in place
        copies = (image + NOISE * (image.max() - image.min()) * noise).requires_grad_()
        (gradient,) = torch.autograd.grad(log_odds(model(copies.clone()), label).sum(), copies)
    heat = gradient.abs().mean(0)[0].float().cpu()
    largest = heat.max()
    return heat / largest if largest > 0 else heat


@torch.no_grad()
def occlusion(model: nn.Module, image: Tensor, label: int) -> Tensor:
    """(H, W) float32: by how many nats the log-odds of `label` fall when a square around a pixel is covered with paper.

    Negative where covering raises them. After Zeiler and Fergus, "Visualizing and Understanding Convolutional
    Networks" (2014). The image's minimum counts as paper; squares without ink are not computed, and between the
    squares' centers the map is interpolated linearly.

    image: as for `gradient_saliency`, with sides that `STRIDE` divides.
    """
    paper = image.min()
    squares = _squares(image.shape[-2], image.shape[-1]).to(image.device)
    inked = (squares & (image > paper)).flatten(2).any(2)
    covered = torch.where(squares[inked][:, None], paper, image)
    fall = torch.zeros(squares.shape[:2], device=image.device)
    if len(covered):
        scores = [log_odds(model(batch).float(), label) for batch in covered.split(_BATCH)]
        fall[inked] = log_odds(model(image.clone()).float(), label) - torch.cat(scores)
    return F.interpolate(fall[None, None], image.shape[-2:], mode="bilinear", align_corners=False)[0, 0].cpu()


def _squares(height: int, width: int) -> Tensor:
    """(height / STRIDE, width / STRIDE, height, width) bool: the pixels that each square covers."""
    rows, columns = (_cover_mask(extent) for extent in (height, width))
    return rows[:, None, :, None] & columns[None, :, None, :]


def _cover_mask(extent: int) -> Tensor:
    """(extent / STRIDE, extent) bool along one axis."""
    centers = torch.arange(extent // STRIDE)[:, None] * STRIDE + (STRIDE - 1) / 2
    return (torch.arange(extent) - centers).abs() < PATCH / 2
