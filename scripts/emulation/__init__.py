"""The providers and the whole product under emulated CPUs; `scripts/emulated.py` is the command."""
