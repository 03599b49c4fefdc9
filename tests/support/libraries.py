"""Libraries of drivers, compiled for a test in place of real ones."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

COMPILER = next((found for name in ("cc", "gcc", "clang") if (found := shutil.which(name))), None)

needs_compiler = [
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux has LD_LIBRARY_PATH"),
    pytest.mark.skipif(COMPILER is None, reason="no C compiler for the fake driver library"),
]


def compile_library(folder: Path, name: str, source: str, *options: str) -> Path:
    """Write a shared library of this name into ``folder``; return the folder."""
    assert COMPILER is not None
    text = folder / f"{name}.c"
    text.write_text(source, encoding="utf-8")
    output = str(folder / name)
    subprocess.run([COMPILER, "-shared", "-fPIC", *options, "-o", output, str(text)], check=True)
    return folder
