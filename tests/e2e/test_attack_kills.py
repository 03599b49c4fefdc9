"""Pips that are ended at any moment, and several at once: a fixed selection of the attacks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import build
import pytest
from attacks.family import Family, case_rng
from attacks.kills.kill import Kill
from attacks.kills.together import Together

SEED = 18
SELECTION = {Kill: 3, Together: 1}
"""How many cases of each family are run; the first of a command runs it undisturbed as well."""


@pytest.mark.parametrize("kind", SELECTION, ids=lambda kind: str(kind.__name__).lower())
def test_what_is_promised_is_kept_by_pips_that_are_killed(
    wheel_of: Callable[[str], Path], kind: type[Kill | Together]
) -> None:
    """Each finding has the number of its case, by which `scripts/attack.py` repeats it."""
    family: Family = kind(wheels=[wheel_of(release) for release in build.releases()])
    found = {}
    family.setup()
    try:
        for case in range(SELECTION[kind]):
            finding = family.attempt(case_rng(SEED, family.name, case))
            if finding is not None:
                found[case] = f"{finding.problem}\n{finding.detail}"
    finally:
        family.close()
    assert not found, "\n\n".join(f"case {case}: {text}" for case, text in found.items())
