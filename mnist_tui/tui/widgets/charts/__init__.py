"""Charts: axes, curves, sparklines, bars."""
