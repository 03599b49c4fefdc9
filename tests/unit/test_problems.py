"""The texts about variant metadata that cannot be used."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pip_variants.core.decision import Decision, SourceSelection, decide
from pip_variants.core.metadata import FileProblems, SourceMetadata
from pip_variants.core.properties import Label
from pip_variants.core.selection import select
from pip_variants.explain import problems
from tests.unit.cases import by_namespace, metadata, supported, variant
from tests.unit.explain_cases import release

FILES = ("demo-1.0-py3-none-any-a.whl", "demo-1.0-py3-none-any-b.whl", "demo-1.0-py3-none-any.whl")
DEMO = release("demo", "1.0", *FILES)
METADATA = metadata(variant("a", "cpu :: level :: v4"), variant("b", "cpu :: level :: v3"))
CPU = supported("cpu", "built-in", (("level", ("v3", "v2", "v1")),))
JSON = "demo-1.0-variants.json"
NOT_FOUND = FileProblems(JSON, "the server responded with status 404")


def decided(
    problem: FileProblems | None = None,
    *,
    failures: Sequence[tuple[str, str]] = (),
    unread: Sequence[tuple[str, str]] = (),
    requested: str | None = None,
) -> Decision:
    """Return the decision about a version of which `b` fits, with these problems."""
    found = SourceMetadata(
        METADATA,
        tuple((Label(label), reason) for label, reason in failures),
        unread=tuple((Label(label), reason) for label, reason in unread),
        file_problems=problem,
    )
    indexes = (0, 1)
    selection = select(DEMO.wheels(indexes), METADATA, by_namespace(CPU))
    sources = [SourceSelection(indexes, found, selection)]
    return decide(DEMO, sources, None if requested is None else Label(requested))


WARNINGS = {
    "readable": (decided(), []),
    "nothing of a source is used": (
        decide(DEMO, [SourceSelection((0,), error="major version 2 is not supported")], None),
        ["Ignoring the variant wheels of demo 1.0: major version 2 is not supported"],
    ),
    "labels": (
        decided(failures=(("a", "too large"), ("b" * 300, "missing"))),
        [f"Ignoring the variants labelled a and {'b' * 200}... of demo 1.0: too large"],
    ),
    "file": (
        decided(NOT_FOUND),
        [
            (
                "Reading the variant metadata of demo 1.0 from its wheels, not from"
                " demo-1.0-variants.json: the server responded with status 404"
            )
        ],
    ),
    "an entry": (
        decided(FileProblems(JSON, invalid_entries=("variants['A']: not a label",))),
        ["Ignoring an invalid entry in demo-1.0-variants.json: variants['A']: not a label"],
    ),
    "several entries": (
        decided(FileProblems(JSON, invalid_entries=("providers.x: missing", "b", "c"))),
        ["Ignoring an invalid entry in demo-1.0-variants.json: providers.x: missing (and 2 more)"],
    ),
    "hashes": (
        decided(FileProblems(JSON, unknown_hashes=("'blake3'", "'k12'"))),
        [
            (
                "demo-1.0-variants.json is not verified: its link has no hash of a known kind,"
                " only 'blake3', 'k12'"
            )
        ],
    ),
    "many hashes": (
        decided(FileProblems(JSON, unknown_hashes=tuple(f"'h{n}'" for n in range(50_000)))),
        [
            (
                "demo-1.0-variants.json is not verified: its link has no hash of a known kind,"
                " only 'h0', 'h1', 'h2', 'h3', 'h4', 49,995 more"
            )
        ],
    ),
}


@pytest.mark.parametrize(("decision", "warnings"), WARNINGS.values(), ids=WARNINGS)
def test_each_problem_of_the_metadata_is_one_warning(
    decision: Decision, warnings: list[str]
) -> None:
    """A warning names the version, the file and the reason."""
    assert list(problems.metadata_problems(decision)) == warnings


UNREAD = decided(NOT_FOUND, unread=(("a", "a.whl: status 503"), ("c", "a.whl: status 503")))


def test_unread_metadata_is_an_error_with_files_reasons_and_option() -> None:
    """The user sees which labels are unknown, and how to go on without variants."""
    assert problems.unread_variants(UNREAD) == (
        "Cannot select a variant of demo 1.0, because the metadata of a and c cannot be read:"
        " demo-1.0-variants.json: the server responded with status 404; a.whl: status 503."
        " To install without variants, use --no-variants."
    )


def test_upgrade_without_readable_metadata_keeps_what_is_installed() -> None:
    """The reason is the same."""
    assert problems.kept_for_unread(decided(unread=(("a", "a.whl: status 503"),))) == (
        "Keeping the installed demo 1.0, because the metadata of a cannot be read:"
        " a.whl: status 503"
    )


PINNED = {
    "does not fit": (
        FILES[0],
        (
            "The required hash is that of demo-1.0-py3-none-any-a.whl, another build of demo 1.0"
            " than demo-1.0-py3-none-any-b.whl, which is selected here; a does not fit: a needs"
            " cpu :: level :: v4, this machine has up to v3"
        ),
    ),
    "fits": (
        FILES[1],
        (
            "The required hash is that of demo-1.0-py3-none-any-b.whl, another build of demo 1.0"
            " than demo-1.0-py3-none-any.whl, which is selected here; to install it, require"
            " demo==1.0#b"
        ),
    ),
    "plain": (
        FILES[2],
        (
            "The required hash is that of demo-1.0-py3-none-any.whl, another build of demo 1.0"
            " than demo-1.0-py3-none-any-b.whl, which is selected here; it is a plain wheel, ranked"
            " after all variants"
        ),
    ),
    "unknown": (
        None,
        (
            "demo-1.0-py3-none-any-b.whl, selected for this machine (a needs cpu :: level :: v4,"
            " this machine has up to v3), does not have the required hash, which may be that of"
            " another build of demo 1.0: a"
        ),
    ),
}


@pytest.mark.parametrize(("pinned", "text"), PINNED.values(), ids=PINNED)
def test_pinned_build_is_named_with_the_reason(pinned: str | None, text: str) -> None:
    """Which build the hash is of, if that is known, and why it is not the selected one."""
    selected = FILES[2] if pinned == FILES[1] else FILES[1]
    assert problems.pinned_build(decided(), selected, pinned) == text


def test_wheel_given_by_the_user_without_metadata_is_refused() -> None:
    """The file is named once."""
    assert problems.unreadable_wheel("x.whl", "x.whl: not JSON") == (
        "x.whl has no usable variant metadata: not JSON"
    )


REQUESTS = {
    "nothing requested": (None, ["a", "c"]),
    "another label, which fits": ("b", []),
    "the unread label": ("c", ["c"]),
    "null": ("null", ["a", "c"]),
    "a label of which nothing is known": ("d", []),
}


@pytest.mark.parametrize(("requested", "labels"), REQUESTS.values(), ids=REQUESTS)
def test_unread_label_counts_unless_another_one_is_requested(
    requested: str | None, labels: list[str]
) -> None:
    """An unknown variant may be better than those that are known, or null."""
    found = decided(unread=(("a", "x"), ("c", "x")), requested=requested)
    assert [label for label, _ in found.unread] == labels
    assert not found.sources[0].is_complete
