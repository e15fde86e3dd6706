"""The dashboard: a Textual application over the same engine, which it drives in a worker thread."""

import os

# What has changed is drawn at the next of so many moments a second. Textual has 60; with twice as many, a key is
# answered 7 ms sooner (of 31), and a training's news are drawn as often as before. Read when Textual is imported.
os.environ.setdefault("TEXTUAL_FPS", "120")
