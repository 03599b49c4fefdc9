"""The texts about mirrors, whole."""

from __future__ import annotations

import pytest

from pip_variants.explain import downloads, mirrors

TEXTS = {
    "no variants": (mirrors.needs("this machine", 1, []), "this machine needs 1 file"),
    "variants": (
        mirrors.needs("gpu.toml", 1234, ["torch-2.8.0-cu128", "flash_attn-2.0-cu128"]),
        "gpu.toml needs 1,234 files; variants: torch-2.8.0-cu128 and flash_attn-2.0-cu128",
    ),
    "name of a file": (mirrors.needs("a\x1b.toml", 2, []), "'a\\x1b.toml' needs 2 files"),
    "nothing fits": (
        mirrors.fits_nothing("gpu.toml", ValueError("No matching distribution found for x")),
        "No matching distribution found for x (for 'gpu.toml')",
    ),
    "another mirror": (
        mirrors.other_writer("a\x1bb"),
        "Another pip is writing to 'a\\x1bb'; waiting until it has finished",
    ),
    "another mirror that does not end": (
        mirrors.busy_writer("a\x1bb", 10.0),
        "Another pip has been writing to 'a\\x1bb' for 10 minutes",
    ),
    "new": (
        mirrors.done("m", 3, 2, "1.5 MB"),
        "m has all that is needed, 3 files: 2 new (1.5 MB)",
    ),
    "nothing new": (
        mirrors.done("m", 1, 0, "0 bytes"),
        "Nothing new: m has all that is needed, 1 file",
    ),
    "one sdist": (
        mirrors.built_from_source(["x-1.0.tar.gz"]),
        (
            "x-1.0.tar.gz is a source distribution, and what building requires is not in the"
            " mirror by itself"
        ),
    ),
    "two sdists": (
        mirrors.built_from_source(["x-1.0.tar.gz", "y-1.0.zip"]),
        (
            "x-1.0.tar.gz and y-1.0.zip are source distributions, and what building requires is"
            " not in the mirror by itself"
        ),
    ),
    "no file": (
        mirrors.no_published_file("x@ git+https://example.org/x"),
        (
            "x@ git+https://example.org/x is not a wheel or a source distribution (.tar.gz, .zip),"
            " which an index could have: build a wheel of it, and mirror that"
        ),
    ),
    "no space": (
        downloads.mirror_full("m", "3.2 GB"),
        "There is not enough space in m: 3.2 GB are missing. What has arrived is kept.",
    ),
}


@pytest.mark.parametrize(("text", "expected"), TEXTS.values(), ids=TEXTS)
def test_text_is_as_expected(text: str, expected: str) -> None:
    """The whole text is as expected."""
    assert text == expected
