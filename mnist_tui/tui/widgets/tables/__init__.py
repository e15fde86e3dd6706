"""Tables that adapt to the width."""
