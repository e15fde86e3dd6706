"""What can be done with a run: resume, evaluate, pin, rename, delete or export it, or start a new one like it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from textual.screen import Screen

from mnist_tui import runs
from mnist_tui.errors import MnistTuiError, RunError
from mnist_tui.runs import Run
from mnist_tui.runs.export import export_epochs
from mnist_tui.runs.history import RunStatus
from mnist_tui.runs.index import RunScanner, ScannedRun
from mnist_tui.system import atomic_file, regular_file
from mnist_tui.tui.code_trust import find_untrusted_code
from mnist_tui.tui.screens.dialogs.base import AskDialog, ConfirmDialog, TrustDialog
from mnist_tui.tui.screens.dialogs.export import ExportDialog
from mnist_tui.tui.workers.network_export import export_saved_network
from mnist_tui.tui.workspace import NewRunRequested, ResumeRequested, Workspace


class RunActions:
    """For a screen. What touches the disk runs in a thread; a toast says what was done, or why not.

    `on_change` is called on the screen's thread after a run was deleted or renamed, with its new name or "".
    """

    def __init__(
        self, screen: Screen[Any], workspace: Workspace, on_change: Callable[[Run, str], None] = lambda run, name: None
    ) -> None:
        self._screen, self._workspace, self._on_change = screen, workspace, on_change

    def start_for(self, name: str, run: Run) -> None:
        """Start an action with a run that has not been scanned."""
        self.start(name, RunScanner(run).scan())

    def start(self, name: str, run: ScannedRun) -> None:
        """Start the action of this name."""
        match name:
            case "evaluate":
                self._evaluate(run.run)
            case "pin":
                self._pin(run.run)
            case "resume":
                self._resume(run)
            case "new_run":
                config = run.record.config if run.record else {}
                self._screen.post_message(NewRunRequested(config, run.run))
            case "rename":
                self._ask(self._rename(run.run))
            case "delete":
                self._ask(self._delete(run.run))
            case "export":
                self._ask(self._export(run))

    def refuse(self, reason: str) -> None:
        """Notify the user why something cannot be done."""
        self._screen.app.notify(reason, severity="warning", markup=False)

    def _ask(self, dialog: Coroutine[None, None, None]) -> None:
        self._screen.run_worker(dialog, name="dialog")

    def _resume(self, run: ScannedRun) -> None:
        refusal = _why_not_resumable(run)
        if refusal:
            self.refuse(refusal)
        else:
            self._screen.post_message(ResumeRequested(run.run))

    async def _rename(self, run: Run) -> None:
        if self._is_in_use(run):
            return
        old = run.name
        dialog = AskDialog("Rename", f"A new name for {old}", old, check=_name_check(run), yes="Rename")
        new = await self._screen.app.push_screen_wait(dialog)
        if new is None or new == old:
            return

        def rename() -> str:
            run.rename(new)
            self._screen.call_later(self._on_change, run, new)
            return f"{old} is now {new}"

        self._change(rename)

    async def _delete(self, run: Run) -> None:
        if self._is_in_use(run):
            return
        question = f"Delete {run.name} with its log, checkpoint and weights? This cannot be undone."
        dialog = ConfirmDialog("Delete", question, "Delete", "Keep", danger=True)
        if not await self._screen.app.push_screen_wait(dialog):
            return

        def delete() -> str:
            run.delete()
            self._screen.call_later(self._on_change, run, "")
            return f"Deleted {run.name}"

        self._change(delete)

    async def _export(self, run: ScannedRun) -> None:
        has_network = run.run.saved_weights is not None
        if not run.rows and not has_network:
            self.refuse(f"{run.run.name} has neither weights nor a finished epoch to export.")
            return
        dialog = ExportDialog(run.run.name, has_network=has_network, has_table=bool(run.rows))
        choice = await self._screen.app.push_screen_wait(dialog)
        if choice is None:
            return
        format = choice.network_format
        if format is None:
            self._change(lambda: _write_epochs(run.run, choice.path))
        elif await self._trusts(run.run):
            self._screen.app.notify(f"Exporting {run.run.name}, and comparing the file with the network …")
            self._change(lambda: export_saved_network(run.run, format, choice.path, self._workspace.folders.data))

    async def _trusts(self, run: Run) -> bool:
        """Whether the run's code may be run; asks about what this machine did not train."""
        try:
            unknown = find_untrusted_code(run)
        except MnistTuiError as error:
            self.refuse(f"{error}. {error.remedy}")
            return False
        for code in unknown:
            if not await self._screen.app.push_screen_wait(TrustDialog(code)):
                return False
            code.trust()
        return True

    def _evaluate(self, run: Run) -> None:
        if run.saved_weights is None:
            self.refuse(f"{run.name} has no weights to evaluate yet.")
            return
        self._workspace.network = run
        self._screen.app.call_later(self._screen.app.run_action, "open('evaluate')")

    def _pin(self, run: Run) -> None:
        """Pin the run as the one to compare with, or unpin it."""
        pinned = self._workspace.reference
        is_pinned = pinned is not None and pinned.folder == run.folder
        self._workspace.reference = None if is_pinned else run
        what = "no longer pinned: the best finished run is" if is_pinned else "pinned: it is"
        self._screen.app.notify(f"{run.name} is {what} drawn behind the live curve.", markup=False)

    def _change(self, change: Callable[[], str]) -> None:
        """Call `change` in a thread, and say what was done or why not."""

        def work() -> None:
            try:
                self._screen.app.notify(change(), markup=False)
            except MnistTuiError as error:
                self.refuse(f"{error}. {error.remedy}".strip())
            except OSError as error:
                self.refuse(f"{error.filename}: {error.strerror}")

        self._screen.run_worker(work, thread=True)

    def _is_in_use(self, run: Run) -> bool:
        in_use = run.is_locked()
        if in_use:
            self.refuse(f"{run.name} is being written by a running training. Stop that first.")
        return in_use


def _write_epochs(run: Run, path: Path) -> str:
    kind = path.suffix.lstrip(".").lower()
    atomic_file.write_text(path, export_epochs(run.history(progress=False), kind))
    return f"Wrote {path}"


def _why_not_resumable(found: ScannedRun) -> str:
    """ "" where it is."""
    name = found.run.name
    if found.summary.status == RunStatus.FINISHED:
        return f"{name} is finished: nothing is left to resume."
    if not regular_file.exists(found.run.checkpoint_file):
        return f"{name} has no checkpoint to resume from."
    if found.run.is_locked():
        return f"{name} is being trained already."
    return ""


def _name_check(run: Run) -> Callable[[str], str]:
    """A function that says what is wrong with a new name for this run; "" for nothing."""

    def complaint(name: str) -> str:
        if name == run.name:
            return ""
        try:
            runs.check_name(name)
        except RunError as error:
            return error.remedy
        return f"There is a run {name} already." if run.folder.with_name(name).exists() else ""

    return complaint
