"""Importance sampling: images with a high loss so far are drawn more often in an epoch.

Each loss is weighted by the inverse of its image's probability, so that the expected gradient stays that of all images,
but more steps go to those that still have something to teach (Alain et al., 2015; Katharopoulos and Fleuret, 2018).
"""

from __future__ import annotations

import torch
from torch import Tensor

# How much of an image's score an epoch leaves as it was: one showing, in one augmentation, says little.
_MOMENTUM = 0.5


class ImportanceSampler:
    """A score in [0, 1] for each of `count` images, as of the last epochs: how far its label was from certain."""

    def __init__(self, count: int, share: float, device: torch.device) -> None:
        """`share` of an epoch's showings go by the scores; the others go to all images alike."""
        self._share = share
        self._scores = torch.ones(count, dtype=torch.float64)
        self._losses = torch.zeros(count, device=device)

    def draw(self, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """An epoch's images (count,) int64, some twice and some not at all, and what each counts, float32 around 1."""
        count, scores = len(self._scores), self._scores
        if not scores.any():  # everything is known for certain
            scores = torch.ones_like(scores)
        likely = self._share * scores / scores.mean() + (1 - self._share)
        members = torch.multinomial(likely, count, replacement=True, generator=generator)
        return members, likely[members].reciprocal().float()

    def record_losses(self, first: int, losses: Tensor) -> None:
        """The losses (N,) of an epoch's showings from number `first` on. Waits for no device."""
        self._losses[first : first + len(losses)] = losses

    def finish_epoch(self, members: Tensor) -> None:
        """Bring the scores up to date: `members` (count,) are the images that the noted losses belong to."""
        doubts = -torch.expm1(-self._losses.cpu().double())
        shown = torch.bincount(members, minlength=len(self._scores))
        # Summed in order on the processor, so that the same epoch gives the same scores.
        doubt = torch.bincount(members, doubts, minlength=len(self._scores)) / shown.clamp(min=1)
        self._scores = torch.where(shown > 0, self._scores.lerp(doubt, 1 - _MOMENTUM), self._scores)

    def state(self) -> dict[str, Tensor]:
        return {"scores": self._scores, "losses": self._losses}

    def load_state(self, state: dict[str, Tensor]) -> None:
        self._scores.copy_(state["scores"])
        self._losses.copy_(state["losses"])
