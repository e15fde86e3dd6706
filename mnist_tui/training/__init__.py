"""Everything that changes weights: the loop, its state, its backends, and starting and resuming a run."""
