"""Receptive fields: which pixels each element of a layer's output depends on."""
