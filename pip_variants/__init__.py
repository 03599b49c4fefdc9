"""Wheel variants for pip: which build of a package fits this machine, and why (PEP 825, PEP 850)."""
