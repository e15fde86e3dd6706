"""The commands of the palette, over the whole program: each action of each screen, with a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mnist_tui.recipes import RECIPE_FIGURES, RECIPES
from mnist_tui.render import formatting
from mnist_tui.tui.keys import KEYS


class ScreenCommand(NamedTuple):
    """An action of a screen: the id of its key, its name, and a sentence."""

    screen: str
    id: str
    name: str
    sentence: str

    @property
    def title(self) -> str:
        """As the palette lists it while another screen is on top."""
        return f"{self.screen.capitalize()}: {self.name}"


# By screen, because the modules of some bring more than may be loaded for a list of names.
SCREEN_COMMANDS = tuple(
    ScreenCommand(screen, *command)
    for screen, commands in {
        "train": (
            ("toggle", "pause or resume", "pause the run with a checkpoint, or go on"),
            ("stop", "stop", "stop the run with a checkpoint; it can be resumed at any time"),
            ("resume", "resume", "continue the run after it was paused, stopped or interrupted"),
            ("one-more", "one more epoch", "train the finished run for one more epoch"),
            ("export", "export", "write the run's table of epochs, or its network, to a file"),
            ("y-axis", "y axis", "draw the loss on a logarithmic axis, and accuracy by its error"),
            ("smoothing", "smoothing", "draw the training loss smoothed, or as it is"),
            ("notices", "notices", "everything that the run has warned about"),
            ("projector", "projector", "large figures, to be read from the last row"),
            ("zoom", "zoom panel", "let one panel fill the screen"),
        ),
        "model": (
            ("network", "network", "choose the run whose network is shown"),
            ("next-image", "next image", "explain the next test image"),
            ("previous-image", "previous image", "explain the test image before"),
            ("next-class", "next class", "only images of one digit, then of the next"),
            ("previous-class", "previous class", "only images of the digit before"),
            ("images", "choose images", "by number or class, or what you have drawn"),
            ("why", "why not another class", "which pixels speak for another answer, and against it"),
            ("draw-it", "draw it", "lay the image on the Draw screen, to alter it"),
            ("attribution", "attribution", "find what speaks for an answer by another method"),
            ("view", "shapes or training", "the shapes of the layers, or how training moves them"),
            ("zoom", "zoom panel", "let one panel fill the screen"),
        ),
        "evaluate": (
            ("network", "network", "choose the run whose network is evaluated"),
            ("evaluate", "evaluate now", "run all test images through the network, also within an epoch"),
            ("images", "dataset", "its own test images, or what you have drawn and saved"),
            ("view", "other table", "the ten classes, or the calibration"),
            ("enter", "open", "show the error under the cursor in Model"),
            ("why", "why", "find in Model which pixels led to the wrong answer"),
            ("draw-it", "draw it", "lay the misread image on the Draw screen, to alter it"),
            ("zoom", "zoom panel", "let one panel fill the screen"),
        ),
        "draw": (
            ("network", "network", "choose the run whose network answers"),
            ("why", "why", "find in Model which pixels speak for the answer"),
            ("test-image", "test image", "put the next test image on the canvas"),
            ("images", "choose image", "put a test image on the canvas, by number or class"),
            ("toggle", "pen", "set the pen down, or lift it"),
            ("brush", "brush", "take the eraser, or the pen again"),
            ("undo", "undo", "take back the last stroke"),
            ("redo", "redo", "draw the stroke that was taken back"),
            ("invert", "invert", "black for white"),
            ("delete", "clear", "clear the canvas"),
            ("enter", "label and save", "save the drawing with its digit, to evaluate and train with"),
            ("zoom", "zoom panel", "let one panel fill the screen"),
        ),
        "runs": (
            ("toggle", "mark", "mark the run under the cursor for comparing"),
            ("compare", "compare", "draw the curves of the marked runs over each other"),
            ("resume", "resume", "continue the run under the cursor from its checkpoint"),
            ("new-run", "new run like this", "begin with the settings of the run under the cursor"),
            ("export", "export", "write the run's table of epochs, or its network, to a file"),
            ("evaluate", "evaluate", "show on Evaluate what the run's network gets right and wrong"),
            ("pin", "pin", "draw the run behind the curves of others, to compare with"),
            ("rename", "rename", "give the run another name"),
            ("delete", "delete", "delete the run with its log, checkpoint and weights"),
            ("filter", "filter", "show only runs whose name, dataset, model, recipe or status matches"),
            ("order", "order", "by date, best or final accuracy, name, status or time"),
            ("zoom", "zoom panel", "let one panel fill the screen"),
        ),
    }.items()
    for command in commands
)

THEME_SENTENCES = {
    "mnist-night": "dark blue, the usual one",
    "mnist-paper": "light and warm",
    "mnist-ember": "dark and warm",
    "mnist-frost": "light and cool",
    "mnist-contrast": "white on black, for most contrast",
    "mnist-projector": "black on white, for a bright room; colors that color-blind eyes can tell apart",
}


def find_command(screen: str, id: str) -> ScreenCommand | None:
    """The command of this key on this screen."""
    return next((command for command in SCREEN_COMMANDS if (command.screen, command.id) == (screen, id)), None)


def sentence_of(screen: str, id: str) -> str:
    """What a key does on this screen; else what it means anywhere."""
    command = find_command(screen, id)
    meaning = KEYS[id].meaning if id in KEYS else ""
    # The name of a screen is the command's.
    return command.sentence if command else meaning.partition(": ")[2] or meaning


def describe_recipes() -> Iterator[tuple[str, str]]:
    """Name of each recipe, and what it takes and reaches."""
    for name, figures in RECIPE_FIGURES.items():
        if name in RECIPES:
            epochs = RECIPES[name].epochs
            duration = f"{epochs} epochs" if epochs > 1 else "1 epoch"
            yield name, f"{figures.summary}: {duration}, about {formatting.percent(figures.accuracy, 1)}"
