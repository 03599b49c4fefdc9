"""Runs one command of pip after the other in one process: a JSON line in, a JSON line out.

Each line on stdin has the arguments; each on stdout the exit status and what pip printed.
"""

import contextlib
import io
import json
import sys

from pip._internal.cli.cmdoptions import use_deprecated_feature
from pip._internal.cli.main import main

for line in sys.stdin:
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        status = main(json.loads(line))
    # optparse adds to the default, which pip has once for a process.
    use_deprecated_feature.keywords["default"].clear()  # type: ignore[attr-defined]
    print(json.dumps([status, output.getvalue()]), flush=True)  # noqa: T201 - the protocol
