"""Everything that measures; `python3 scripts/bench` is the entry point."""
