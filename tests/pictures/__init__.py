"""Synthetic photographs and scans of digits, for quick tests and for the campaign of docs/pictures.md."""
