"""How a training step is computed: one protocol, several implementations, chosen by `--backend`."""
