"""The rules of each revision, as its published JSON schema has them (0.2.0: as PEP 850 has them).

Each test changes one value of the document that has every key.
"""

from __future__ import annotations

import json
import time

import pytest

from pip_variants.formats.reader import revision_of
from pip_variants.lint.document import check_document
from pip_variants.lint.rules import violations
from tests.support.waiting import within
from tests.unit.schema_cases import (
    DOCUMENTS,
    REVISIONS,
    KeyPath,
    changed,
    paths,
    shown,
    value_at,
    without,
)

REQUIRED: dict[str, tuple[KeyPath, ...]] = {
    "0.0.2": (
        ("default-priorities",),
        ("default-priorities", "namespace"),
        ("providers",),
        ("providers", "gpu", "requires"),
        ("variants",),
    ),
    "0.0.3": (
        ("default-priorities",),
        ("default-priorities", "namespace"),
        ("providers",),
        ("providers", "gpu", "requires"),
        ("variants",),
    ),
    "0.1.0": (
        ("$schema",),
        ("default-priorities",),
        ("default-priorities", "namespace"),
        ("variants",),
    ),
    "0.1.1": (
        ("$schema",),
        ("default-priorities",),
        ("default-priorities", "namespace"),
        ("variants",),
    ),
    "0.2.0": (
        ("$schema",),
        ("default-priorities",),
        ("default-priorities", "namespace"),
        ("providers",),
        ("variants",),
    ),
}

# Objects whose keys the schema lists; others have any keys of a pattern. The top level of the old
# revisions may have more.
CLOSED: dict[str, tuple[KeyPath, ...]] = {
    "0.0.2": (("default-priorities",), ("providers", "gpu"), ("providers", "kind")),
    "0.0.3": (("default-priorities",), ("providers", "gpu"), ("providers", "kind")),
    "0.1.0": ((), ("default-priorities",)),
    "0.1.1": ((), ("default-priorities",)),
    "0.2.0": (
        (),
        ("default-priorities",),
        ("providers", "gpu"),
        ("providers", "kind"),
        ("providers", "abi_dependency"),
    ),
}

# Keys that another revision has at the same path.
OTHER_KEYS: dict[str, tuple[KeyPath, ...]] = {
    "0.0.2": (("providers", "gpu", "install-time"), ("providers", "gpu", "builtin")),
    "0.0.3": (("providers", "gpu", "plugin-use"), ("providers", "gpu", "static-properties")),
    "0.1.0": (("providers",), ("static-properties",)),
    "0.1.1": (
        ("providers",),
        ("default-priorities", "feature"),
        ("default-priorities", "property"),
    ),
    "0.2.0": (
        ("static-properties",),
        ("default-priorities", "feature"),
        ("default-priorities", "property"),
        ("providers", "gpu", "enable-if"),
        ("providers", "gpu", "install-time"),
        ("providers", "gpu", "plugin-use"),
    ),
}

# Lists that need an item (True), and lists that do not.
LISTS: dict[str, dict[KeyPath, bool]] = {
    "0.0.2": {
        ("default-priorities", "namespace"): True,
        ("default-priorities", "feature", "gpu"): False,
        ("default-priorities", "property", "gpu", "arch"): False,
        ("providers", "gpu", "requires"): False,
    },
    "0.0.3": {
        ("default-priorities", "namespace"): True,
        ("default-priorities", "feature", "gpu"): False,
        ("default-priorities", "property", "gpu", "arch"): False,
        ("providers", "gpu", "requires"): False,
        ("static-properties", "kind", "order"): False,
    },
    "0.1.0": {
        ("default-priorities", "namespace"): True,
        ("default-priorities", "feature", "gpu"): False,
        ("default-priorities", "property", "gpu", "arch"): False,
    },
    "0.1.1": {("default-priorities", "namespace"): True},
    "0.2.0": {
        ("default-priorities", "namespace"): True,
        ("providers", "gpu", "requires"): True,
        ("providers", "kind", "feature-order"): True,
    },
}

OLD_REVISIONS = ["0.0.2", "0.0.3"]
WITH_PROVIDERS = [*OLD_REVISIONS, "0.2.0"]


def _violations(revision: str, document: object) -> list[tuple[str, str]]:
    """Return what breaks the rules; ``violations`` detects the revision of PEP 825 itself."""
    name = "0.1" if revision.startswith("0.1.") else revision
    return [*violations(name, document)]


@pytest.mark.parametrize("revision", REVISIONS)
def test_document_with_every_key_breaks_no_rule(revision: str) -> None:
    """Every key that the schema of a revision has is known."""
    document = DOCUMENTS[revision]
    found = check_document("x.json", json.dumps(document).encode())
    assert _violations(revision, document) == []
    assert found.findings == ()
    assert revision.startswith(str(revision_of(document)))


@pytest.mark.parametrize("revision", REVISIONS)
def test_exactly_the_required_keys_are_missed(revision: str) -> None:
    """Without a required key there is one violation, without any other key there is none."""
    found = {
        path: _violations(revision, without(revision, path))
        for path in paths(DOCUMENTS[revision])
        if isinstance(path[-1], str) and (path[0] != "variants" or len(path) == 1)
    }
    assert {path for path, broken in found.items() if broken} == {*REQUIRED[revision]}
    for path in REQUIRED[revision]:
        assert found[path] == [(shown(path), "missing")]


@pytest.mark.parametrize("revision", REVISIONS)
def test_unknown_keys_are_reported_where_keys_are_listed(revision: str) -> None:
    """An object whose keys the schema lists has no others."""
    found = {
        path: _violations(revision, changed(revision, (*path, "new"), {}))
        for path in [(), *paths(DOCUMENTS[revision])]
        if isinstance(value_at(DOCUMENTS[revision], path), dict) and path != ("providers",)
    }
    assert {path for path, broken in found.items() if broken} == {*CLOSED[revision]}
    for path in CLOSED[revision]:
        assert found[path] == [(shown((*path, "new")), "not a key of this revision")]


@pytest.mark.parametrize(
    ("revision", "path"),
    [(revision, path) for revision in REVISIONS for path in OTHER_KEYS[revision]],
)
def test_key_of_another_revision_is_not_a_key(revision: str, path: KeyPath) -> None:
    """Revisions are not mixed, except that the old ones allow any key at the top."""
    rule = (shown(path), "not a key of this revision")
    document = changed(revision, path, {})
    # With one of these a document of 0.1.1 would be one of 0.1.0.
    expected = [] if revision == "0.1.1" and path[0] == "default-priorities" else [rule]
    assert _violations(revision, document) == expected


@pytest.mark.parametrize("revision", OLD_REVISIONS)
def test_old_revisions_allow_any_key_at_the_top(revision: str) -> None:
    """The schemas of 0.0.2 and 0.0.3 do not close the document itself."""
    assert _violations(revision, changed(revision, ("comment",), 1)) == []


@pytest.mark.parametrize(
    ("revision", "path"), [(revision, path) for revision in REVISIONS for path in LISTS[revision]]
)
def test_some_lists_need_at_least_one_item(revision: str, path: KeyPath) -> None:
    """The schemas have a minimum for some lists only."""
    expected = [(shown(path), "expected at least one item")] if LISTS[revision][path] else []
    assert _violations(revision, changed(revision, path, [])) == expected


WAIVERS = [
    pytest.param("0.0.2", "plugin-use", "none", True, id="0.0.2 none"),
    pytest.param("0.0.2", "plugin-use", "build", False, id="0.0.2 build"),
    pytest.param("0.0.2", "plugin-use", "all", False, id="0.0.2 all"),
    pytest.param("0.0.3", "install-time", False, True, id="0.0.3 false"),
    pytest.param("0.0.3", "install-time", True, False, id="0.0.3 true"),
]


@pytest.mark.parametrize(("revision", "key", "value", "waived"), WAIVERS)
def test_requires_is_optional_only_without_a_plugin(
    revision: str, key: str, value: object, *, waived: bool
) -> None:
    """A provider needs no packages if it is never used at install time."""
    document = changed(revision, ("providers", "kind"), {key: value})
    expected = [] if waived else [("providers.kind.requires", "missing")]
    assert _violations(revision, document) == expected


TEXTS = [
    pytest.param("plugin-api", "m", None, id="a module"),
    pytest.param("plugin-api", "m.n:C.d", None, id="a class"),
    pytest.param("plugin-api", "m : C", None, id="spaces around the colon"),
    pytest.param("plugin-api", "", "'' is not an object reference", id="an empty reference"),
    pytest.param("plugin-api", "m:", "'m:' is not an object reference", id="nothing after it"),
    pytest.param("plugin-api", "m:C:d", "'m:C:d' is not an object reference", id="two colons"),
    pytest.param("plugin-api", "m-n:C", "'m-n:C' is not an object reference", id="a dash"),
    pytest.param("plugin-api", None, "expected a string, found null", id="null as a reference"),
    pytest.param("enable-if", "", "must not be empty", id="an empty marker"),
    pytest.param("enable-if", None, "expected a string, found null", id="null as a marker"),
    pytest.param("builtin", "", "must not be empty", id="an empty builtin"),
    pytest.param("builtin", None, "expected a string, found null", id="null as a builtin"),
]


@pytest.mark.parametrize(("key", "text", "problem"), TEXTS)
@pytest.mark.parametrize("revision", WITH_PROVIDERS)
def test_text_of_a_provider_follows_its_pattern(
    revision: str, key: str, text: object, problem: str | None
) -> None:
    """A text is not empty, and a plugin is an object reference; other keys are unknown."""
    path = ("providers", "gpu", key)
    if key == ("enable-if" if revision == "0.2.0" else "builtin"):
        problem = "not a key of this revision"
    expected = [] if problem is None else [(shown(path), problem)]
    assert _violations(revision, changed(revision, path, text)) == expected


REQUIREMENTS = [
    pytest.param(["a", ""], ("[1]", "must not be empty"), id="an empty requirement"),
    pytest.param(["a", "b", "a"], ("[2]", "'a' is listed twice"), id="one requirement twice"),
    pytest.param(["a", "a ", "A"], None, id="three different texts"),
]


@pytest.mark.parametrize(("texts", "problem"), REQUIREMENTS)
@pytest.mark.parametrize("revision", WITH_PROVIDERS)
def test_requirements_are_distinct_and_not_empty(
    revision: str, texts: list[str], problem: tuple[str, str] | None
) -> None:
    """The list of packages is a set of texts."""
    path = ("providers", "gpu", "requires")
    expected = [(f"{shown(path)}{problem[0]}", problem[1])] if problem else []
    assert _violations(revision, changed(revision, path, texts)) == expected


@pytest.mark.parametrize("label", ["x" * 16, "x" * 17])
@pytest.mark.parametrize("revision", REVISIONS)
def test_only_early_revisions_limit_labels_to_16_characters(revision: str, label: str) -> None:
    """From 0.1.1 on a label may have any length."""
    limited = revision in ("0.0.2", "0.0.3", "0.1.0") and len(label) > 16
    problem = "a label has at most 16 characters in this revision"
    expected = [(f"variants['{label}']", problem)] if limited else []
    document = changed(revision, ("variants", label), {"gpu": {"arch": ["1"]}})
    assert _violations(revision, document) == expected


def test_unused_feature_order_is_still_a_list_of_features() -> None:
    """``feature-order`` beside ``requires`` has no effect, but has its type."""
    path = ("providers", "gpu", "feature-order")
    assert _violations("0.2.0", changed("0.2.0", path, ["arch"])) == []
    assert _violations("0.2.0", changed("0.2.0", path, "arch")) == [
        ("providers.gpu.feature-order", "expected a list, found a string")
    ]
    assert _violations("0.2.0", changed("0.2.0", path, ["arch", "A"])) == [
        ("providers.gpu.feature-order[1]", "'A' is not a name of a-z, 0-9 and _")
    ]


@pytest.mark.parametrize(
    ("schema", "kind"),
    [(1, "a number"), (None, "null"), ([], "a list"), ({}, "an object"), (True, "a boolean")],
)
@pytest.mark.parametrize("revision", ["0.1.0", "0.1.1", "0.2.0"])
def test_schema_of_a_document_must_be_a_string(revision: str, schema: object, kind: str) -> None:
    """``$schema`` is any URL."""
    assert _violations(revision, changed(revision, ("$schema",), schema)) == [
        ("$schema", f"expected a string, found {kind}")
    ]


def test_many_requirements_are_checked_in_linear_time() -> None:
    """A hostile document with twenty thousand requirements does not occupy the machine."""
    document = changed("0.2.0", ("providers", "gpu", "requires"), [f"p{i}" for i in range(20_000)])
    with within(1, time.process_time):
        assert _violations("0.2.0", document) == []


@pytest.mark.parametrize("document", [None, [], "x", 1])
@pytest.mark.parametrize("revision", [*REVISIONS, "early", None])
def test_other_json_breaks_no_rule_of_a_revision(revision: str | None, document: object) -> None:
    """What is not an object has no keys; the reader reports it."""
    assert [*violations(revision, document)] == []


def test_early_documents_have_no_rules() -> None:
    """There is no schema for the revisions before 0.0.2."""
    early = {"provider-requires": ["p"], "comment": 1, "variants": {}}
    assert [*violations(revision_of(early), early)] == []
