"""Our themes: three pairs of a dark one and a light one. Textual's own are in the palette as well.

Each gives every color that our widgets use (`theme_colors.complete`). Text has a contrast of at least 4.5 on
background, surface and panel, lines that carry a meaning at least 3; a test measures it. The curves of training,
validation and test differ in luminance too, and the colors of compared runs also for most color-blind eyes.
"""

from __future__ import annotations

from typing import Any

from textual.theme import Theme

from mnist_tui.tui.theme_colors import RUN_COLORS


def _theme(name: str, *, texts: dict[str, str], lines: dict[str, str], runs: tuple[str, ...], **colors: Any) -> Theme:
    """A theme; `texts` are its colors of text, `lines` those of curves, borders and the cursor."""
    variables = {
        **{f"text-{role}": color for role, color in texts.items()},
        **lines,
        **dict(zip(RUN_COLORS, runs, strict=True)),
        "text-muted": lines["muted"],
        "footer-key-foreground": texts["accent"],
        "block-cursor-foreground": lines["on-primary"],
        "border-blurred": lines["line"],
    }
    return Theme(name=f"mnist-{name}", variables=variables, **colors)


# Train is blue, test amber and validation green in every chart. Keys are teal, green is what went well, red what
# did not.
NIGHT = _theme(
    "night",
    dark=True,
    background="#0e1117",
    surface="#151a23",
    panel="#1c2330",
    foreground="#d8dfea",
    primary="#4c8dff",
    secondary="#2f62b8",
    accent="#43d0c0",
    warning="#f0b142",
    error="#f0566a",
    success="#3fbf7f",
    texts={
        "primary": "#7cb0ff",
        "accent": "#5adbcb",
        "warning": "#f6c163",
        "error": "#ff8593",
        "success": "#62d69a",
    },
    lines={
        "muted": "#98a0ac",
        "line": "#6b7280",
        "guide": "#2b313b",
        "ghost": "#7c8494",
        "on-primary": "#000000",
        "selected": "#203659",
        "train": "#458cf3",
        "validation": "#45c17b",
        "test": "#ffbe5c",
    },
    runs=("#1783eb", "#ea5107", "#81dd4b", "#e656af", "#46e2ea", "#a7a2fd", "#a1a469", "#feaea9"),
)
PAPER = _theme(
    "paper",
    dark=False,
    background="#fbfaf6",
    surface="#f3f1ea",
    panel="#e7e4da",
    foreground="#20262e",
    primary="#2166c4",
    secondary="#5b8fd6",
    accent="#0f766e",
    warning="#b06a00",
    error="#c02942",
    success="#1d8a4e",
    texts={
        "primary": "#1a55ad",
        "accent": "#0b625b",
        "warning": "#7a4a00",
        "error": "#a31c34",
        "success": "#0f5f36",
    },
    lines={
        "muted": "#575c61",
        "line": "#85888a",
        "guide": "#d9d8d3",
        "ghost": "#7d8083",
        "on-primary": "#ffffff",
        "selected": "#cbdaec",
        "train": "#0351b0",
        "validation": "#054a28",
        "test": "#a05b01",
    },
    runs=("#2b3cb8", "#8a2603", "#0c563d", "#87197c", "#11778a", "#8152cb", "#836810", "#bc3d67"),
)
EMBER = _theme(
    "ember",
    dark=True,
    background="#171210",
    surface="#201916",
    panel="#2b221d",
    foreground="#eadfd3",
    primary="#e17858",
    secondary="#9c4a33",
    accent="#2ca6a0",
    warning="#d1ad32",
    error="#f16788",
    success="#4ca853",
    texts={
        "primary": "#f7997c",
        "accent": "#62c0ba",
        "warning": "#d1ad32",
        "error": "#fe90a5",
        "success": "#75c278",
    },
    lines={
        "muted": "#a99f96",
        "line": "#7c736c",
        "guide": "#392f2a",
        "ghost": "#8b8178",
        "on-primary": "#000000",
        "selected": "#4a2c23",
        "train": "#468df4",
        "validation": "#46c27c",
        "test": "#fec067",
    },
    runs=("#4c7dff", "#d9641c", "#8eea59", "#db4ba2", "#66b8bb", "#c999ff", "#d9ac1e", "#fecbc2"),
)
FROST = _theme(
    "frost",
    dark=False,
    background="#f6f9fc",
    surface="#eaf0f6",
    panel="#dde6ef",
    foreground="#1b2733",
    primary="#0067b5",
    secondary="#5aa3dd",
    accent="#027d83",
    warning="#a26108",
    error="#d62646",
    success="#01823a",
    texts={
        "primary": "#005a9d",
        "accent": "#036267",
        "warning": "#804c06",
        "error": "#ad1936",
        "success": "#03662d",
    },
    lines={
        "muted": "#525c65",
        "line": "#7f8790",
        "guide": "#cfd8e1",
        "ghost": "#767e87",
        "on-primary": "#ffffff",
        "selected": "#c4def1",
        "train": "#0250af",
        "validation": "#034827",
        "test": "#9e5b0b",
    },
    runs=("#2b3cb8", "#8a2603", "#0c563d", "#87197c", "#11778a", "#8152cb", "#836810", "#bc3d67"),
)
CONTRAST = _theme(
    "contrast",
    dark=True,
    background="#000000",
    surface="#0c0c0c",
    panel="#1a1a1a",
    foreground="#ffffff",
    primary="#6cb2ff",
    secondary="#3891e3",
    accent="#28d0c1",
    warning="#e6b40e",
    error="#ff7f88",
    success="#54d278",
    texts={
        "primary": "#83c0ff",
        "accent": "#28d0c1",
        "warning": "#e6b40e",
        "error": "#fea2a4",
        "success": "#54d278",
    },
    lines={
        "muted": "#bfbfbf",
        "line": "#9a9a9a",
        "guide": "#3a3a3a",
        "ghost": "#a6a6a6",
        "on-primary": "#000000",
        "selected": "#1f3d5c",
        "train": "#4a91f9",
        "validation": "#4cc781",
        "test": "#fec87c",
    },
    runs=("#7aadfb", "#b46711", "#4bdcc8", "#f564bc", "#188d7b", "#a75ee4", "#efc420", "#ff9a80"),
)
PROJECTOR = _theme(
    "projector",
    dark=False,
    background="#ffffff",
    surface="#f7f7f7",
    panel="#ececec",
    foreground="#000000",
    primary="#0449a0",
    secondary="#1771e6",
    accent="#055555",
    warning="#8a5000",
    error="#b00020",
    success="#046a3a",
    texts={
        "primary": "#0449a0",
        "accent": "#055555",
        "warning": "#714006",
        "error": "#9d0221",
        "success": "#045830",
    },
    lines={
        "muted": "#404040",
        "line": "#6b6b6b",
        "guide": "#c4c4c4",
        "ghost": "#666666",
        "on-primary": "#ffffff",
        "selected": "#c7dbf2",
        "train": "#0449a0",
        "validation": "#044022",
        "test": "#945404",
    },
    runs=("#1669d6", "#a45808", "#04756a", "#9b2f8f", "#063c4d", "#6f1ea6", "#5c5209", "#c01048"),
)

THEMES = (NIGHT, PAPER, EMBER, FROST, CONTRAST, PROJECTOR)
"""Each dark one is followed by its light partner."""


def partner(name: str, *, dark: bool) -> str:
    """The theme that is light where this one is dark, or dark where it is light."""
    for one, other in zip(THEMES[::2], THEMES[1::2], strict=True):
        if name in (one.name, other.name):
            return other.name if name == one.name else one.name
    return PAPER.name if dark else NIGHT.name
