"""The first step of a new run: the recipes with their times and accuracies, the model and the dataset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Click, Key, Paste
from textual.message import Message
from textual.widgets import Button, Static

from mnist_tui.config import TrainConfig
from mnist_tui.errors import RunError
from mnist_tui.recipes import RECIPE_FIGURES, RECIPES
from mnist_tui.render import formatting
from mnist_tui.runs.config_diff import describe_config_diff
from mnist_tui.runs.recipe_times import measure_recipes
from mnist_tui.tui.keys import bind
from mnist_tui.tui.run_draft import ASKED, RunDraft
from mnist_tui.tui.screens.modal import Modal
from mnist_tui.tui.widgets.settings_list import complete_model
from mnist_tui.tui.workspace import Workspace

_NAMES = tuple(name for name in RECIPE_FIGURES if name in RECIPES)
_MODEL, _DATASET = "model", "dataset"
_DATASET_ARROW = 12
"""Cells before the name of the dataset: a click on them asks for the previous one."""


class _RecipesMeasured(Message):
    """Seconds of the recipes that this machine has trained before, from the thread that reads the runs."""

    def __init__(self, seconds: dict[str, float]) -> None:
        super().__init__()
        self.seconds = seconds


class NewRunScreen(Modal[TrainConfig | None]):
    """Enter returns the settings of the chosen recipe, Esc returns None.

    Up and down choose the recipe, left and right the dataset, and what is typed is the model. The keys are the screen's
    own, rather than those of widgets with the focus: they count also if they were typed before the screen was up.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("enter", "begin", "Begin"),
        bind("begin-now", "begin", "Begin", show=False, priority=True),
        bind("onward", "tab", "All settings"),
        bind("back", "escape", "Cancel"),
        bind("previous-row", "recipe(-1)", "Previous recipe", show=False),
        bind("next-row", "recipe(1)", "Next recipe", show=False),
        bind("previous-choice", "dataset(-1)", "Previous dataset", show=False),
        bind("next-choice", "dataset(1)", "Next dataset", show=False),
        bind("take-back", "backspace", "As in the recipe", show=False),
    ]
    DEFAULT_CSS = """
    NewRunScreen {
        align: center middle;
        background: $background 60%;
        #new-run {
            width: 84;
            max-width: 96%;
            height: auto;
            max-height: 96%;
            border: round $primary;
            border-title-style: bold;
            border-subtitle-color: $foreground 75%;
            background: $surface;
            padding: 1 2 0 2;
        }
        #cards, #model, #dataset { height: auto; text-wrap: nowrap; text-overflow: ellipsis; }
        #cards { margin-bottom: 1; }
        #verdict { height: 2; margin-top: 1; color: $foreground 75%; }
        #verdict.-wrong { color: $text-error; }
        #answers { height: 1; align-horizontal: right; }
        Button { margin-left: 2; min-width: 12; }
    }
    """
    AUTO_FOCUS = ""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self.draft = RunDraft(workspace.form_config)
        self._names = (*_NAMES, *(name for name in RECIPES if name not in _NAMES))
        self._seconds: dict[str, float] = {}
        self._typed = ""
        """The model that the user is typing; "" for the one of the draft."""

    def compose(self) -> ComposeResult:
        with Vertical(id="new-run") as box:
            box.border_title = "New run"
            box.border_subtitle = f"⏎ begin · Tab all {len(ASKED)} settings · Esc cancel"
            yield Static(id="cards")
            yield Static(id="model")
            yield Static(id="dataset")
            yield Static(id="verdict")
            with Horizontal(id="answers"):
                yield Button("Begin", variant="primary", id="begin", compact=True)
                yield Button("Cancel", id="cancel", compact=True)

    def on_mount(self) -> None:
        self._draw()
        self._measure()

    def on_screen_resume(self) -> None:
        self._draw()

    @work(thread=True)
    def _measure(self) -> None:
        try:
            self.post_message(_RecipesMeasured(measure_recipes(self._workspace.folders.runs)))
        except RunError:
            return  # the figures of the documentation stay

    @on(_RecipesMeasured)
    def _show_measured(self, message: _RecipesMeasured) -> None:
        self._seconds = message.seconds
        self._draw()

    def action_recipe(self, rows: int) -> None:
        """Choose the next recipe, after the last one the first, and leave the model's field."""
        at = self._names.index(self.draft.recipe) if self.draft.recipe in self._names else 0
        self._choose_recipe(self._names[(at + rows) % len(self._names)])

    def action_dataset(self, direction: int) -> None:
        """Take the next or the previous dataset."""
        self.draft.step(_DATASET, direction)
        self._draw()

    def on_click(self, event: Click) -> None:
        """A click on a recipe chooses it, a second one begins; one on an arrow beside the dataset takes another."""
        if event.widget is None or (at := event.get_content_offset(event.widget)) is None:
            return
        if event.widget.id == "dataset":
            self.action_dataset(-1 if at.x < _DATASET_ARROW else 1)
        elif event.widget.id == "cards" and 0 < at.y <= len(self._names):
            name = self._names[at.y - 1]
            if name == self.draft.recipe:
                self.action_begin()
            else:
                self._choose_recipe(name)

    def action_backspace(self) -> None:
        """Take back a character of the model, or else what differs from the recipe."""
        if self._typed:
            self._type(self._typed[:-1])
        else:
            self.draft.reset()
            self._draw()

    def take_typed_ahead(self, event: Key) -> None:
        if event.character:
            self._type(self._typed + event.character)

    def on_key(self, event: Key) -> None:
        """What is typed is the model."""
        if event.is_printable and event.character:
            event.stop()
            self._type(self._typed + event.character)

    def on_paste(self, event: Paste) -> None:
        self._type(self._typed + event.text.partition("\n")[0].strip())

    def _type(self, text: str) -> None:
        """Take the text as the model; none is the recipe's own."""
        self._typed = text
        self.draft.type(_MODEL, text or RECIPES[self.draft.recipe].model)
        self._draw()

    def action_tab(self) -> None:
        """Complete the model, or open the form of all settings, which is built only now."""
        completed = self._completion()
        if completed:
            self._type(completed)
            return
        from mnist_tui.tui.screens.settings_form import SettingsForm

        self._typed = ""
        self.app.push_screen(SettingsForm(self.draft), self._return)

    def _completion(self) -> str:
        """The name or path that begins with what was typed; "" if there is none."""
        found = complete_model(self._typed) if self._typed else None
        return found if found and found != self._typed else ""

    def _return(self, begin: bool | None) -> None:
        if begin:
            self.action_begin()

    @on(Button.Pressed, "#begin")
    def action_begin(self) -> None:
        """Begin the run, if nothing is wrong."""
        if self.app.screen is self and not self.draft.find_problems():
            self._workspace.preferences.remember(form=self.draft.values)
            self.dismiss(self.draft.to_config())

    def action_escape(self) -> None:
        """Forget the model that was typed, or close without a run."""
        if self._typed:
            self._type("")
        else:
            self.action_cancel()

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Close without a run."""
        self.dismiss(None)

    def _choose_recipe(self, name: str) -> None:
        self._typed = ""
        self.draft.choose_recipe(name)
        self._draw()

    def _draw(self) -> None:
        """Draw the recipes, what differs from the chosen one, and what is wrong."""
        if not self.is_mounted:
            return
        problems = self.draft.find_problems()
        self.query_one("#cards", Static).update(Content("\n").join(self._cards()))
        self.query_one("#model", Static).update(self._model_line(is_wrong=_MODEL in problems))
        self.query_one("#dataset", Static).update(f"  dataset  ‹ {self.draft.text(_DATASET)} ›")
        verdict = self.query_one("#verdict", Static)
        verdict.set_class(bool(problems), "-wrong")
        verdict.update(Content(next(iter(problems.values()))) if problems else self._differences())
        self.query_one("#begin", Button).disabled = bool(problems)

    def _model_line(self, *, is_wrong: bool) -> Content:
        if not self._typed:
            return Content(f"  model      {self.draft.text(_MODEL)}")
        rest = self._completion()[len(self._typed) :]
        return Content.assemble(
            ("▸ model      ", "bold $text-accent"),
            (self._typed, "bold $text-error" if is_wrong and not rest else "bold"),
            ("▏", "$text-accent"),
            (f"{rest}  Tab completes" if rest else "", "$foreground 75%"),
        )

    def _cards(self) -> Iterator[Content]:
        yield Content.styled(f"  {'recipe':<11}{'epochs':>6}{'time':>10}{'accuracy':>11}", "$foreground 75%")
        for name in self._names:
            yield self._card(name)

    def _card(self, name: str) -> Content:
        figures, is_chosen = RECIPE_FIGURES.get(name), name == self.draft.recipe
        numbers = f"{self._epochs(name):>6}{self._time(name):>10}{self._accuracy(name):>11}"
        summary = f"   {figures.summary if figures else ''}"
        if is_chosen:
            return Content.assemble((f"▸ {name:<11}", "bold $text-accent"), (numbers, "bold"), summary)
        return Content.assemble(f"  {name:<11}", numbers, (summary, "$foreground 75%"))

    def _epochs(self, name: str) -> str:
        return self.draft.text("epochs") if name == self.draft.recipe else str(RECIPES[name].epochs)

    def _time(self, name: str) -> str:
        """As this machine took for it, or else about as long as on two cores."""
        figures, model = RECIPE_FIGURES.get(name), RECIPES[name].model
        seconds = self._seconds.get(name) or (figures.seconds if figures else None)
        if seconds is None or self._model_of(name) != model:
            return "–"
        epochs = self._epochs(name)
        seconds *= (float(epochs) if epochs.isdecimal() else 0.0) / RECIPES[name].epochs
        return f"{'' if name in self._seconds else '~'}{formatting.duration(seconds).replace('.0 s', ' s')}"

    def _accuracy(self, name: str) -> str:
        """The mean that is documented; of other data, networks and settings none is."""
        figures, is_chosen = RECIPE_FIGURES.get(name), name == self.draft.recipe
        is_typical = self.draft.values[_DATASET] in ("auto", "mnist") and self._model_of(name) == RECIPES[name].model
        if figures is None or not is_typical or (is_chosen and self.draft.changed() - {"seed"}):
            return "–"
        return formatting.percent(figures.accuracy)

    def _model_of(self, name: str) -> str:
        """The model that this recipe would train: its own, unless the user has chosen one."""
        is_own = self.draft.values[_MODEL] == RECIPES[self.draft.recipe].model
        return RECIPES[name].model if is_own else str(self.draft.values[_MODEL])

    def _differences(self) -> Content:
        changed = describe_config_diff(self.draft.values)
        if not changed:
            return Content.styled(
                "↑↓ recipe · ←→ dataset · type a model: a name, or a file with completion (→)", "$foreground 75%"
            )
        return Content.assemble("with ", (changed, "bold $text-warning"), "   ", ("⌫", "bold"), " as in the recipe")
