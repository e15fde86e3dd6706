"""Everything that changes weights: the training loop, its state, its backends, and starting and resuming runs."""
