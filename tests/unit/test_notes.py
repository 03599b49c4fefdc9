"""The texts beside a choice, as whole texts."""

from __future__ import annotations

import pytest

from pip_variants.core.decision import Installed
from pip_variants.core.difference import different_builds
from pip_variants.core.properties import Label
from pip_variants.core.selection import Rejected, select
from pip_variants.explain import notes
from tests.unit.cases import by_namespace, metadata, supported, variant, wheel

TRUST = "its provider (amd-provider) is third-party code, which is not run without --trust-x amd"
AMD = supported("amd", "untrusted", reason=TRUST)
NO_DRIVER = supported("nvidia", "built-in", reason="no NVIDIA driver found")


def _rejected(*properties: str) -> Rejected:
    found = select(
        [wheel("a-1-py3-none-any-x.whl", "x")],
        metadata(variant("x", *properties)),
        by_namespace(AMD, NO_DRIVER),
    )
    (item,) = found.rejected
    return item


def test_reason_of_a_namespace_is_given_once_for_each_wheel() -> None:
    """However many features of it are missing, and without the option to trust a provider."""
    item = _rejected("amd :: a :: 1", "amd :: b :: 2", "nvidia :: c :: 3", "nvidia :: d :: 4")
    assert notes.rejection_reasons(item) == (
        (
            "needs amd :: a :: 1, this machine has none"
            " (its provider is third-party code, which is not run)"
        ),
        "needs amd :: b :: 2, this machine has none",
        "needs nvidia :: c :: 3, this machine has none (no NVIDIA driver found)",
        "needs nvidia :: d :: 4, this machine has none",
    )


KEPT = "which satisfies the requirement and is kept"
# What is installed, and the lines about it.
INSTALLED: dict[str, tuple[Installed, list[str]]] = {
    "replaced": (Installed("2.7", None), ["Installed: torch 2.7, which is replaced"]),
    "variant that is replaced": (
        Installed("2.7", variant("cu126")),
        ["Installed: torch 2.7 (cu126), which is replaced"],
    ),
    "kept": (
        Installed("2.8", variant("cu126"), is_kept=True, upgrade=""),
        [
            f"Installed: torch 2.8 (cu126), {KEPT}",
            "pip install --upgrade torch would install nothing else",
        ],
    ),
    "kept, with an upgrade that is not known": (
        Installed("2.8", None, is_kept=True),
        [f"Installed: torch 2.8, {KEPT}"],
    ),
    "kept, with an upgrade": (
        Installed("2.8", None, is_kept=True, upgrade="torch-2.9-py3-none-any-cu129.whl"),
        [
            f"Installed: torch 2.8, {KEPT}",
            "pip install --upgrade torch would install torch-2.9-py3-none-any-cu129.whl",
        ],
    ),
    "local version": (
        Installed("2.8+cu128", None, True, "", (Label("cu128"), Label("null"))),
        [
            f"Installed: torch 2.8+cu128, {KEPT}",
            (
                "The installed torch 2.8+cu128 is newer than 2.8 in the order of versions:"
                " the variants cu128 and null of torch 2.8 are passed over for it"
            ),
            "pip install --upgrade torch would install nothing else",
        ],
    ),
}


@pytest.mark.parametrize(("found", "lines"), INSTALLED.values(), ids=INSTALLED)
def test_lines_about_what_is_installed(found: Installed, lines: list[str]) -> None:
    """What `pip install` would do, and what an upgrade would (trial 5)."""
    assert list(notes.installed_lines("torch", found)) == lines


def test_builds_that_differ_are_named_with_their_values() -> None:
    """Values are in the order of people."""
    (found,) = different_builds(
        {
            "torch": variant("new", "gpu :: cuda :: 12.10"),
            "vision": variant("old", "gpu :: cuda :: 12.9"),
        }
    )
    assert notes.different_builds(found) == (
        "torch takes new and vision takes old: their builds differ in gpu :: cuda (12.9, 12.10)"
    )
