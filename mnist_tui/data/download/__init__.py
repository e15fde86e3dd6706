"""Fetching the files of a dataset, and verifying them on disk."""
