"""Print what tells one interpreter from another: a program that `interpreter.py` runs."""

import sys

print(sys.version, sys.implementation.name, sys.maxsize)  # noqa: T201 - its result
