"""Where a network looked: which pixels its answer hangs on."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SMOOTHING_COPIES, SMOOTHING_NOISE = 32, 0.15
"""How many noisy copies, and the noise's deviation as a share of the image's range (Smilkov et al. use 0.1 to 0.2)."""
PATCH = 5
"""Pixels along each side of what is covered: a little more than a pen is wide."""
_BATCH = 196


def gradient_saliency(model: nn.Module, image: Tensor, label: int) -> Tensor:
    """(H, W) float32, 0 to 1: how strongly the logit of `label` changes with each pixel.

    The magnitude of the logit's gradient (Simonyan, Vedaldi and Zisserman, "Deep Inside Convolutional Networks", 2013),
    averaged over noisy copies of the image (SmoothGrad: Smilkov et al., 2017), without which it is mostly speckle. The
    noise is the same every time and comes from a generator of its own.

    image: (1, 1, H, W) float32 on the model's device, as the network sees it. The model stays as it is, and should be
    in evaluation mode.
    """
    spread = SMOOTHING_NOISE * (image.max() - image.min())
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(SMOOTHING_COPIES, *image.shape[1:], generator=generator).to(image.device)
    with torch.enable_grad():
        copies = (image + spread * noise).requires_grad_()
        (gradient,) = torch.autograd.grad(model(copies)[:, label].sum(), copies)
    return _scaled(gradient.abs().mean(0)[0])


@torch.no_grad()
def occlusion(model: nn.Module, image: Tensor, label: int) -> Tensor:
    """(H, W) float32: by how many nats the log-probability of `label` falls when paper covers a square around a pixel.

    Negative where covering makes the network surer. After Zeiler and Fergus, "Visualizing and Understanding
    Convolutional Networks" (2014); a logarithm, since a probability near 1 hardly falls. The darkest pixel of the image
    counts as paper.

    image: as for `gradient_saliency`. Squares with nothing to cover are not computed.
    """
    height, width = image.shape[-2:]
    paper = image.min()
    row, column = torch.arange(height), torch.arange(width)
    covers_row = (row[:, None] - row).abs() <= PATCH // 2
    covers_column = (column[:, None] - column).abs() <= PATCH // 2
    # (positions, H, W): what the square around each pixel covers.
    squares = covers_row[:, None, :, None] & covers_column[None, :, None, :]
    squares = squares.reshape(-1, 1, height, width).to(image.device)
    inked = (squares & (image > paper)).flatten(1).any(1)
    covered = torch.where(squares[inked], paper, image)
    scores = [F.log_softmax(model(batch).float(), 1)[:, label] for batch in covered.split(_BATCH)]
    fall = torch.zeros(height * width, device=image.device)
    if scores:
        fall[inked] = F.log_softmax(model(image).float(), 1)[0, label] - torch.cat(scores)
    return fall.reshape(height, width).cpu()


def _scaled(values: Tensor) -> Tensor:
    return (values / values.max().clamp(min=torch.finfo(values.dtype).tiny)).cpu()
