"""What the patches that answer an advisory call, copied into pip as ``pip/_safety``.

Each module is one kind of check on what a server or an archive supplies. None of them is imported
before pip does what it is about.
"""
