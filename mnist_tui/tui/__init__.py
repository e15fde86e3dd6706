"""The dashboard: a Textual application, which trains in a thread."""

import os

# How often per second changes are drawn. Textual has 60; with twice as many, a key is answered 7 ms sooner (of 31),
# and what a training reports is drawn as often as before. Read when Textual is imported.
os.environ.setdefault("TEXTUAL_FPS", "120")
