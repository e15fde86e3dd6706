"""How one step's loss and gradients come about: one contract, several ways, chosen by `--backend`."""

from mnist_tui.steps.choose import choose_step
from mnist_tui.steps.contract import Step, StepResult

__all__ = ["Step", "StepResult", "choose_step"]
