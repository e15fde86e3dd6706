"""The network: its layers, and images of what they compute."""
