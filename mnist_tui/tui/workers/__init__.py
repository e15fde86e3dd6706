"""The dashboard's background threads: training, and answers to what the screens ask of networks and data."""
