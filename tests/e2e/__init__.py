"""End to end: the patched pip in a real venv, against served indexes and folders of wheels."""
