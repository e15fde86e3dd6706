"""From C++ source to a loaded library: compiler, cache, processes."""
