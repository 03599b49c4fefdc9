"""Families of attacks and faults, for `scripts/attack.py`."""
