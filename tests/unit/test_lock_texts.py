"""The texts about lock files, whole."""

from __future__ import annotations

import pytest

from pip_variants.core.errors import MetadataError
from pip_variants.core.properties import Label
from pip_variants.core.union import Contradiction
from pip_variants.explain import locks
from tests.unit.cases import variant

TORCH = ("torch", "2.8.0")
OTHERS = (Label("cu126"), "cublas==12.6"), (None, "cublas==12.8")

TEXTS = [
    (
        locks.locked_labels(*TORCH, ["cu126", "cu126", "null", None]),
        "Locked cu126, null and the plain wheel of torch 2.8.0",
    ),
    (
        locks.without_hash(*TORCH, ["cu128", "cu129"]),
        (
            "cu128 and cu129 of torch 2.8.0 are not in the lock, which needs a hash of each"
            " file: their page states none, and they are not downloaded for it"
        ),
    ),
    (
        locks.downloaded_for_hash("x.whl"),
        "x.whl is downloaded for its hash, which the lock needs and its page does not state",
    ),
    (
        locks.without_hash(*TORCH, [None]),
        (
            "the plain wheel of torch 2.8.0 is not in the lock, which needs a hash of each "
            "file: their page states none, and they are not downloaded for it"
        ),
    ),
    (
        locks.no_table(*TORCH, MetadataError("variants", "the label x is not described")),
        (
            "The lock does not describe the variants of torch 2.8.0: variants: the label x "
            "is not described"
        ),
    ),
    (
        locks.partly_needed(*TORCH, [("cublas", ["cu126", "cu128"]), ("cpu-only", [None])]),
        (
            "Needed by some of the variants of torch 2.8.0 only, but locked for all of "
            "them, because a lock has no conditions about variants: cublas (cu126 and "
            "cu128) and cpu-only (the plain wheel)"
        ),
    ),
    (
        locks.contradiction(*TORCH, Contradiction(*OTHERS)),
        (
            "One lock cannot have all variants of torch 2.8.0: cu126 needs cublas==12.6 and"
            " the plain wheel needs cublas==12.8; lock for one machine after the other, "
            "with --variant-platform FILE for each in place of --variants all"
        ),
    ),
    (
        locks.unread_dependencies("x.whl", "x.whl: there is no METADATA in it"),
        (
            "The dependencies of x.whl cannot be read, which the lock has to list: x.whl: "
            "there is no METADATA in it"
        ),
    ),
    (
        locks.lock_for("gpu.toml", "pylock.gpu.toml"),
        "Locking for 'gpu.toml': pylock.gpu.toml",
    ),
    (
        locks.unsuitable_name("a.b.toml", "pylock.a.b.toml"),
        (
            "--variant-platform: the lock for 'a.b.toml' would be named 'pylock.a.b.toml', "
            "and no dot is allowed there: rename the platform file"
        ),
    ),
    (
        locks.same_name("a/gpu.toml", "b/GPU.toml", "pylock.GPU.toml"),
        (
            "--variant-platform: the locks for 'a/gpu.toml' and 'b/GPU.toml' would both be "
            "named 'pylock.GPU.toml'"
        ),
    ),
    (
        locks.read_once("--requirement", "/dev/stdin"),
        (
            "--requirement: '/dev/stdin' is not a regular file, and is read again for each of"
            " several platform files"
        ),
    ),
    (
        locks.output_of_several("-"),
        (
            "--output: with several platform files each lock has a name of its own: '-' "
            "must be a folder, or pylock.toml in one"
        ),
    ),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_text_is_as_a_user_reads_it(text: str, expected: str) -> None:
    """Each is one sentence."""
    assert text == expected


def test_contradiction_of_a_lock_names_file_project_lock_and_both_descriptions() -> None:
    """Text of the lock or the wheel that is long is cut, and unprintable text is quoted."""
    long = variant("a", f"gpu :: arch :: {'b' * 300}")
    text = locks.contradicted_lock("x-1-py3-none-any-a.whl", "x 1", "a\nb", variant("a"), long)
    assert text == (
        f"x-1-py3-none-any-a.whl contradicts 'a\\nb', which describes this wheel of x 1 as a: null:"
        f" it is a: gpu :: arch :: {'b' * 182}..."
    )
    assert locks.contradicted_lock("f", "x 1", "pylock.toml", variant("a"), None).endswith(
        "as a: null: it has no valid variant.json"
    )


def test_lock_with_nothing_but_variants_names_the_option() -> None:
    """It is the end of an error of pip that names the lock."""
    assert locks.only_variants("x") == (
        "all files of x are variant wheels, and --no-variants is given"
    )
