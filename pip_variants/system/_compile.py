"""Compile Python files: a program that `bytecode.py` runs, not a module.

Each line of standard input is a JSON list: the source file, the path that tracebacks show, the file
to write. The response is a line of its own for each, "1" if the file was written, else "0".
"""

import json
import py_compile
import sys
import warnings


def _compile(source: str, shown: str, target: str) -> bool:
    try:
        py_compile.compile(source, cfile=target, dfile=shown, doraise=True)
    except (py_compile.PyCompileError, OSError, ValueError, RecursionError, MemoryError):
        return False
    return True


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    for line in sys.stdin:
        sys.stdout.write("1\n" if _compile(*json.loads(line)) else "0\n")
        sys.stdout.flush()
