"""A trained network in use: predictions, evaluation, explanations, export."""
