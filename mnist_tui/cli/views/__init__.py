"""What only the command line prints."""
