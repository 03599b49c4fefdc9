"""Stand-alone script: query a driver through its library and write the result.

``python -I -S _probe.py MODULE ARGUMENT...`` prints an empty line at once, so that one can see that
this script runs, and then the JSON form of what ``read(ARGUMENT...)`` of MODULE, which lies beside
this script, returns. What the library prints is discarded. The exit status is 0 whenever the result
was printed.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path


def main(module: str, *arguments: str) -> None:
    """Print the result."""
    output = os.dup(1)
    with open(os.devnull, "wb") as nothing:  # noqa: PTH123 - the other name of a descriptor
        os.dup2(nothing.fileno(), 1)
    os.write(output, b"\n")
    # Behind the standard library, so that nothing hides a part of that.
    sys.path.append(str(Path(__file__).parents[2]))
    found = importlib.import_module(f"pip_variants.providers.{module}").read(*arguments)
    with open(output, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor
        json.dump(found, file)


def load(libraries: Sequence[str]) -> tuple[ctypes.CDLL | None, str | None]:
    """Return the first library that can be loaded, and else why not.

    Each is a path or a name for the linker. None and None: there is none of them.
    """
    problem = None
    for library in libraries:
        try:
            return ctypes.CDLL(library), None
        except OSError as error:
            if not _is_missing(library, str(error)):
                problem = problem or str(error)
    return None, problem


def _is_missing(library: str, error: str) -> bool:
    """Return whether the linker found no such file; another one may be missing that it needs."""
    if Path(library).name != library:
        return not Path(library).exists()
    return library in error.partition("(needed by")[0] and "No such file" in error


if __name__ == "__main__":
    main(*sys.argv[1:])
    # The result is there: nothing is left to wait for, nor what the library does at the end.
    os._exit(0)
