"""Commands whose modules are imported when they are called, so that no start waits for the others."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

# The order of the help. A function is a command, a `typer.Typer` a group.
COMMANDS = {
    "dashboard": "dashboard:dashboard",
    "train": "train:train",
    "inspect-model": "inspect_model:inspect_model",
    "check": "check:check",
    "eval": "evaluate:evaluate",
    "predict": "predict:predict",
    "export": "export:export",
    "data": "data:app",
    "runs": "runs:app",
    "watch": "watch:watch",
    "sweep": "sweep:app",
    "bench": "bench:bench",
}


class LazyCommands(TyperGroup):
    """The commands of the table above, imported on demand."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in COMMANDS and cmd_name not in self.commands:
            self.commands[cmd_name] = _import_command(cmd_name)
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Import all commands if the name is unknown, so that Typer can suggest a similar one."""
        if args and args[0] not in COMMANDS:
            for name in COMMANDS:
                self.get_command(ctx, name)
        return super().resolve_command(ctx, args)


def _import_command(name: str) -> Any:
    module, _, attribute = COMMANDS[name].partition(":")
    target = getattr(import_module(f"mnist_tui.cli.{module}"), attribute)
    if isinstance(target, typer.Typer):
        group = typer.main.get_group(target)
        group.name = name
        return group
    alone = typer.Typer(add_completion=False, rich_markup_mode="rich")
    alone.command(name)(target)
    return typer.main.get_command(alone)
