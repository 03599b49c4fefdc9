"""From wheels to an index: the files of each version, and their index-level metadata."""
