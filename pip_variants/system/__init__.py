"""This process and its disk: files replaced atomically, the content cache, child processes."""
