"""The dashboard: a Textual application over the same engine, which it drives in a worker thread."""
