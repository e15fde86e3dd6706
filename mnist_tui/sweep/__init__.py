"""Sweeps as values: what is to be trained, what came of it, and its statistics. No torch, no screen, no process."""
