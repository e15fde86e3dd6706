"""File formats of images as numbers: IDX, CSV, arrays, tensors."""
