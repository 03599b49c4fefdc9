"""Wheel variants for pip: which build fits this machine, and why (PEP 825, PEP 850)."""
