"""Datasets: where they come from, how they are fetched and checked, and the tensors they become."""
