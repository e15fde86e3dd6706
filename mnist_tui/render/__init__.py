"""Rich renderables for the command line and the dashboard. No torch."""
