"""Tables whose columns adapt to the width, and the confusion matrix."""
