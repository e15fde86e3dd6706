"""Drawing a digit, and what the network makes of it."""
