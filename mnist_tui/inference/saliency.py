"""Where a network looked: which pixels its answer hangs on."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NOISY_COPIES, NOISE = 24, 0.05
"""Over how many copies a gradient is averaged, and their noise's deviation as a share of the image's range."""
PATCH, STRIDE = 6, 2
"""Pixels along each side of what is covered, which is about twice as wide as a pen, and from one place to the next."""
_BATCH = 128


def log_odds(logits: Tensor, label: int) -> Tensor:
    """(N, C) to (N,): log p / (1 - p) of the class `label`, in nats. Unlike p itself it never gets stuck near 1."""
    others = torch.cat([logits[:, :label], logits[:, label + 1 :]], dim=1)
    return logits[:, label] - others.logsumexp(1)


def gradient_saliency(model: nn.Module, image: Tensor, label: int) -> Tensor:
    """(H, W) float32, 0 to 1: how strongly the log-odds of `label` change with each pixel, inked or not.

    The gradient's magnitude (Simonyan, Vedaldi and Zisserman, "Deep Inside Convolutional Networks", 2013), averaged
    over noisy copies of the image, without which it is mostly speckle (SmoothGrad: Smilkov et al., 2017). The noise is
    the same every time and comes from a generator of its own.

    image: (1, 1, H, W) float32, as the network sees it. The model is left as it is, and should be in evaluation mode.
    """
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(NOISY_COPIES, *image.shape[1:], generator=generator).to(image.device)
    with torch.enable_grad():  # the network gets a clone, as it may change its input in place
        copies = (image + NOISE * (image.max() - image.min()) * noise).requires_grad_()
        (gradient,) = torch.autograd.grad(log_odds(model(copies.clone()), label).sum(), copies)
    strength = gradient.abs().mean(0)[0].float().cpu()
    most = strength.max()
    return strength / most if most > 0 else strength


@torch.no_grad()
def occlusion(model: nn.Module, image: Tensor, label: int) -> Tensor:
    """(H, W) float32: by how many nats the log-odds of `label` fall when a square around a pixel is covered with paper.

    Negative where covering makes the network surer. After Zeiler and Fergus, "Visualizing and Understanding
    Convolutional Networks" (2014). The darkest pixel of the image counts as paper; squares with nothing to cover are
    not computed, and between the places that were tried the map is linear.

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
    rows, columns = (_covers(extent) for extent in (height, width))
    return rows[:, None, :, None] & columns[None, :, None, :]


def _covers(extent: int) -> Tensor:
    """(extent / STRIDE, extent) bool along one axis."""
    centres = torch.arange(extent // STRIDE)[:, None] * STRIDE + (STRIDE - 1) / 2
    return (torch.arange(extent) - centres).abs() < PATCH / 2
