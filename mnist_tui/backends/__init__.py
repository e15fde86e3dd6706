"""How one step comes about: one contract, several ways, chosen by `--backend`."""
