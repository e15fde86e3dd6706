"""Our two themes, a dark one and a light one. Textual's own are in the palette as well."""

from __future__ import annotations

from textual.theme import Theme

# Train is blue and test amber in every chart; keys are teal; green is what went well, red what did not. The text
# colors are given rather than derived: each can be read on background, surface and panel.
NIGHT = Theme(
    name="mnist-night",
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
    variables={
        "text-primary": "#7cb0ff",
        "text-accent": "#5adbcb",
        "text-warning": "#f6c163",
        "text-error": "#ff8593",
        "text-success": "#62d69a",
        "footer-key-foreground": "#5adbcb",
    },
)
PAPER = Theme(
    name="mnist-paper",
    dark=False,
    background="#fbfaf6",
    surface="#f3f1ea",
    panel="#e7e4da",
    foreground="#20262e",
    primary="#2166c4",
    secondary="#5b8fd6",
    accent="#0f766e",
    warning="#c47a0a",
    error="#c02942",
    success="#1d8a4e",
    variables={
        "text-primary": "#1a55ad",
        "text-accent": "#0b625b",
        "text-warning": "#825000",
        "text-error": "#ad1f38",
        "text-success": "#11663a",
        "footer-key-foreground": "#0b625b",
    },
)
