"""The trials of a sweep, each in a process of its own, side by side."""
