"""From a chain of layers to C++ source."""
