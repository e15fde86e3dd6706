"""A run, as the dashboard shows it."""
