"""Installers on wheels of real sizes: `python3 scripts/bench sizes`."""
