"""How one step comes about: one contract, several ways, chosen by `--backend`."""

from mnist_tui.backends.choose import choose_backend
from mnist_tui.backends.contract import Backend, StepResult, StepSettings

__all__ = ["Backend", "StepResult", "StepSettings", "choose_backend"]
