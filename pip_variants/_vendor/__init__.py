"""What the build vendors: the patched pip, pynvml, and their licences (see patches/README.md)."""
