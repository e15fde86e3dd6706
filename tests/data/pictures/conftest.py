"""Fixtures of the pictures: MNIST, for the campaign."""

from tests.data.conftest import mnist_folder

__all__ = ["mnist_folder"]
