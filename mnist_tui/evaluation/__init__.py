"""How well a network does: loss and accuracy while it trains, and everything about its mistakes afterwards."""

from mnist_tui.evaluation.scoring import Logits, Score, Scoring, evaluate, logits_of

__all__ = ["Logits", "Score", "Scoring", "evaluate", "logits_of"]
