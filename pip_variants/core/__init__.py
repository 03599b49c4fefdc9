"""The standard as pure functions over frozen values (PEP 825, PEP 850)."""
