"""A step compiled for one network: its chain of layers becomes a plan, the plan C++, and that a library."""
