"""Grids and searches: plans, results and statistics, and one process per trial. No torch, no screen."""
