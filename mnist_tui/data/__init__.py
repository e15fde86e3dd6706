"""Everything about images: where they come from and what the network gets to see."""
