"""A terminal laboratory for small digit classifiers."""

__version__ = "0.1.0"
