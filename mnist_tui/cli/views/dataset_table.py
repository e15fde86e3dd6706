"""The description of a dataset, for `data info`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from mnist_tui.render import formatting


def dataset_table(info: Mapping[str, Any]) -> RenderableType:
    """Files with hashes, images per class, pixel statistics; `info` comes from `DatasetInfo.to_dict`."""
    parts: list[RenderableType] = [Text(f"{info['name']} · {info['source']}", style="bold")]
    if info["files"]:
        parts.append(_files(info["files"], info["source"]))
    if info["contents"]:
        parts += [_counts(info["classes"], info["contents"]), _statistics(info["contents"])]
    return Group(*parts)


def _files(files: list[Mapping[str, Any]], folder: str) -> Table:
    """Files outside of `folder` with their full path; unpacked ones with the checksum of their content."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    table.add_column("file")
    table.add_column("size", justify="right", no_wrap=True)
    is_unpacked = any(file.get("sha256") for file in files)
    table.add_column("md5, or sha256 of the content" if is_unpacked else "md5", overflow="fold")
    for file in files:
        mark = Text("✓", style="green") if file["verified"] else Text("✗", style="bold red")
        size = "–" if file["bytes"] is None else formatting.byte_size(file["bytes"])
        path = PurePath(file["path"])
        shown = path.name if str(path.parent) == folder or not file["bytes"] else str(path)
        checksum = file.get("sha256") or file["md5"]
        table.add_row(mark, escape(shown), size, checksum if file["verified"] else escape(file["problem"]))
    return table


def _counts(classes: list[str], contents: Mapping[str, Any]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("class", "train", "test"):
        table.add_column(name, justify="left" if name == "class" else "right")
    train, test = contents["train"], contents["test"]
    for name, *counts in zip(classes, train["per_class"], test["per_class"], strict=True):
        table.add_row(escape(name), *(f"{count:,}" for count in counts))
    table.add_section()
    table.add_row("all", f"{train['images']:,}", f"{test['images']:,}", style="bold")
    return table


def _statistics(contents: Mapping[str, Any]) -> Text:
    return Text(
        f"training pixels in [0, 1]: mean {contents['pixel_mean']:.4f}, deviation {contents['pixel_deviation']:.4f}"
        f" · fingerprint {contents['fingerprint']}"
    )
