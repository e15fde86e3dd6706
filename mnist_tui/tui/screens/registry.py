"""The dashboard's screens: each is imported when it is opened for the first time."""

from __future__ import annotations

import importlib
from typing import NamedTuple

from textual.screen import Screen

from mnist_tui.tui.workspace import Workspace


class ScreenEntry(NamedTuple):
    """A screen: the key that opens it, the name of its mode, its title, and "module:Class" within this package."""

    key: str
    name: str
    title: str
    target: str


SCREENS = (
    ScreenEntry("1", "train", "Train", "train:TrainScreen"),
    ScreenEntry("2", "model", "Model", "model:ModelScreen"),
    ScreenEntry("3", "evaluate", "Evaluate", "evaluate:EvaluateScreen"),
    ScreenEntry("4", "draw", "Draw", "draw:DrawScreen"),
    ScreenEntry("5", "runs", "Runs", "runs:RunsScreen"),
)


def create_screen(entry: ScreenEntry, workspace: Workspace) -> Screen[None]:
    """Import the screen's module, which may bring more than the first frame needs, and create the screen."""
    module, _, name = entry.target.partition(":")
    screen: Screen[None] = getattr(importlib.import_module(f"mnist_tui.tui.screens.{module}"), name)(workspace)
    return screen
