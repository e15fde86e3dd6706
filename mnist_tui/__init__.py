"""Train, inspect and use small digit classifiers in the terminal."""

__version__ = "0.1.0"
