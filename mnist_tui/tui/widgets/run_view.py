"""A run as the dashboard draws it: curves, epoch table, batch losses, model, progress. Live or from a log."""
