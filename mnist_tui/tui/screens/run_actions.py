"""What can be done with the run under the cursor: resume, rename, delete, export, compare."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from mnist_tui import runs
from mnist_tui.errors import RunError
from mnist_tui.runs import Run
from mnist_tui.runs.export import export_epochs
from mnist_tui.runs.history import RunStatus
from mnist_tui.runs.index import ScannedRun
from mnist_tui.system import atomic_file, regular_file
from mnist_tui.tui.messages import NewRunRequested, ResumeRequested
from mnist_tui.tui.run_colors import RunColors
from mnist_tui.tui.screens.base import BaseScreen
from mnist_tui.tui.screens.dialogs.base import AskDialog, ConfirmDialog
from mnist_tui.tui.screens.dialogs.export import ExportDialog


class RunActions(BaseScreen):
    """The actions of the Runs screen. What touches the disk runs in a thread; what fails is said in a toast."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark"),
        Binding("c", "compare", "Compare"),
        Binding("r", "resume", "Resume"),
        Binding("e", "rename", "Rename", show=False),
        Binding("x", "export", "Export", show=False),
        Binding("d", "delete", "Delete"),
        Binding("n", "again", "New run like this", show=False),
    ]

    marks: RunColors

    def selected(self) -> ScannedRun | None:
        """The run under the cursor."""
        raise NotImplementedError

    def marked(self) -> list[tuple[Run, int]]:
        """The runs to compare, with their colours' numbers."""
        raise NotImplementedError

    def changed(self, name: str = "") -> None:
        """Runs were changed on disk."""
        raise NotImplementedError

    def action_resume(self) -> None:
        """Ask the app to train on."""
        found = self.selected()
        if found is None:
            return
        refusal = _why_not_resumed(found)
        if refusal:
            self._refuse(refusal)
        else:
            self.post_message(ResumeRequested(found.run))

    def action_again(self) -> None:
        """Ask the app for a new run that begins with this one's settings."""
        found = self.selected()
        if found is not None:
            self.post_message(NewRunRequested(found.record.config if found.record else {}, found.run))

    @work
    async def action_rename(self) -> None:
        """Ask for another name."""
        found = self.selected()
        if found is None or self._is_in_use(found.run):
            return
        old = found.run.name
        dialog = AskDialog("Rename", f"A new name for {old}", old, check=_name_check(found.run), yes="Rename")
        name = await self.app.push_screen_wait(dialog)
        if name is not None and name != old:
            self._change(lambda: self._rename(found.run, name))

    @work
    async def action_delete(self) -> None:
        """Ask, then delete with all files."""
        found = self.selected()
        if found is None or self._is_in_use(found.run):
            return
        question = f"Delete {found.run.name} with its log, checkpoint and weights? This cannot be undone."
        if await self.app.push_screen_wait(ConfirmDialog("Delete", question, "Delete", "Keep", danger=True)):
            self._change(lambda: self._delete(found.run))

    @work
    async def action_export(self) -> None:
        """Ask for format and path, then write the epoch table."""
        found = self.selected()
        if found is None:
            return
        if not found.rows:
            self._refuse(f"{found.run.name} has no finished epoch to export.")
            return
        path = await self.app.push_screen_wait(ExportDialog(found.run.name))
        if path is not None:
            self._change(lambda: self._export(found.run, path))

    def action_compare(self) -> None:
        """The marked runs over each other."""
        marked = self.marked()
        if len(marked) < 2:
            self._refuse("Mark two or more runs with space, then compare them.")
            return
        from mnist_tui.tui.screens.compare import CompareScreen  # plots, and is slow to import

        self.app.push_screen(CompareScreen(marked))

    def _rename(self, run: Run, name: str) -> str:
        run.rename(name)
        self.call_later(self.marks.rename, run.name, name)
        self.call_later(self.changed, name)
        return f"{run.name} is now {name}"

    def _delete(self, run: Run) -> str:
        run.delete()
        self.call_later(self.changed)
        return f"Deleted {run.name}"

    def _export(self, run: Run, path: Path) -> str:
        atomic_file.write_text(
            path, export_epochs(run.history(progress=False), path.suffix.lstrip(".").lower())
        )
        return f"Wrote {path}"

    @work(thread=True)
    def _change(self, change: Callable[[], str]) -> None:
        """Do it, and say what was done or why not."""
        try:
            self.app.notify(change(), markup=False)
        except RunError as error:
            self._refuse(f"{error}. {error.remedy}")
        except OSError as error:
            self._refuse(f"{error.filename}: {error.strerror}")

    def _is_in_use(self, run: Run) -> bool:
        in_use = run.is_locked()
        if in_use:
            self._refuse(f"{run.name} is being written by a running training. Stop that first.")
        return in_use

    def _refuse(self, why: str) -> None:
        self.app.notify(why, severity="warning", markup=False)


def _why_not_resumed(found: ScannedRun) -> str:
    """ "" where it can be."""
    name = found.run.name
    if found.summary.status == RunStatus.FINISHED:
        return f"{name} is finished: nothing is left to resume."
    if not regular_file.exists(found.run.checkpoint_file):
        return f"{name} has no checkpoint to resume from."
    if found.run.is_locked():
        return f"{name} is being trained already."
    return ""


def _name_check(run: Run) -> Callable[[str], str]:
    """Says what is wrong with a new name for this run."""

    def complaint(name: str) -> str:
        if name == run.name:
            return ""
        try:
            runs.check_name(name)
        except RunError as error:
            return error.remedy
        return f"There is a run {name} already." if run.folder.with_name(name).exists() else ""

    return complaint
