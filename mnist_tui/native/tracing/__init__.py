"""From a network to the chain of its layers."""
