"""The dashboard's background threads: training, evaluation, explanations, reading of drawings."""
