"""Corrections of Textual's behavior."""
