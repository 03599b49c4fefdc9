"""The engine in pip: hooks that the patched pip calls, and every use that is made of pip itself."""
