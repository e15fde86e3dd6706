"""The networks that come with this program, and the loader of the user's own. Importing this needs no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnist_tui.models.registry import NAMES, REGISTRY
from mnist_tui.models.spec import ModelSource, resolve_spec

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

__all__ = ["NAMES", "REGISTRY", "ModelSource", "load_model", "resolve_spec"]


def load_model(source: ModelSource | str, *, on_notice: Callable[[str], None] | None = None) -> nn.Module:
    """A new network from a registered name, `path/file.py:Class` or `package.module:Class`, tried once.

    It maps images (N, 1, 28, 28) to logits (N, 10) or to log-probabilities: a network that ends in
    log_softmax trains and predicts the same, because log_softmax of its own result changes nothing. Notices about a
    file that was not run as a whole are passed to `on_notice`, or printed on standard error.
    Raises ModelError where `source` names no such network.
    """
    from mnist_tui.models import loader  # torch takes a second to import, and most commands need only the names

    return loader.build_model(resolve_spec(source) if isinstance(source, str) else source, on_notice=on_notice)
