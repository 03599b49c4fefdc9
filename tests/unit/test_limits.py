"""The limits of foreign documents: named in the error, and what is beyond costs nothing."""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Callable, Mapping

import pytest

from pip_variants.core import limits
from pip_variants.core.errors import MetadataError, first_of
from pip_variants.core.target_markers import marker_holds, parse_requirement
from pip_variants.formats.reader import parse, read, read_valid_entries
from pip_variants.lint.document import check_document
from tests.support.waiting import within

Json = dict[str, object]
ONE: Json = {"variants": {"a": {"gpu": {"arch": ["1"]}}}}


def many(number: int, name: str = "n") -> list[str]:
    """Return so many different names."""
    return [f"{name}{i}" for i in range(number)]


def labels(number: int, features: Mapping[str, object] | None = None) -> Json:
    """Return a document with so many labels."""
    return {"variants": {name: {"gpu": features or {"arch": ["1"]}} for name in many(number)}}


def provider(**fields: object) -> Json:
    """Return a document with one provider that has these fields."""
    return {**ONE, "providers": {"gpu": {"requires": [], **fields}}}


# What a document has of something, for a number of it; the limit; what the error says.
KINDS: dict[str, tuple[Callable[[int], Json], int, str]] = {
    "labels": (labels, limits.LABELS, "variants: more than 10,000 labels"),
    "properties of a label": (
        lambda n: labels(1, {"arch": many(n)}),
        limits.PROPERTIES,
        "variants['n0'].gpu.arch: more than 1,000 values",
    ),
    "features of a label": (
        lambda n: labels(1, {name: ["1"] for name in many(n)}),
        limits.PROPERTIES,
        "variants['n0'].gpu: more than 1,000 values",
    ),
    "namespaces of all labels": (
        lambda n: {"variants": {ns: {ns: {"arch": ["1"]}} for ns in many(n)}},
        limits.NAMESPACES,
        "variants: more than 1,000 namespaces",
    ),
    "providers": (
        lambda n: {**ONE, "providers": {ns: {"requires": []} for ns in many(n)}},
        limits.NAMESPACES,
        "providers: more than 1,000 namespaces",
    ),
    "priorities": (
        lambda n: {**ONE, "default-priorities": {"namespace": many(n)}},
        limits.NAMESPACES,
        "default-priorities.namespace: more than 1,000 namespaces",
    ),
    "prioritised features": (
        lambda n: {**ONE, "default-priorities": {"feature": {"gpu": many(n)}}},
        limits.PROPERTIES,
        "default-priorities.feature.gpu: more than 1,000 features",
    ),
    "early priorities": (
        lambda n: {**ONE, "default-priorities": {"feature": [f"gpu::{f}" for f in many(n)]}},
        limits.PROPERTIES,
        "default-priorities.feature: more than 1,000 values",
    ),
    "static values": (
        lambda n: {
            **ONE,
            "providers": {"gpu": {"static-properties": {"arch": many(n // 2), "b": many(n // 2)},
                                  "feature-order": ["arch", "b"]}},
        },
        limits.PROPERTIES,
        "providers.gpu.static-properties: more than 1,000 values",
    ),
    "requirements": (
        lambda n: provider(requires=many(n)),
        limits.REQUIREMENTS,
        "providers.gpu.requires: more than 100 requirements",
    ),
    "specifiers": (
        lambda n: provider(requires=["p" + ",".join(f">{i}" for i in range(n + 1))]),
        limits.SPECIFIERS,
        "providers.gpu.requires[0]: more than 100 specifiers",
    ),
    "length of a requirement": (
        lambda n: provider(requires=["p" * n]),
        limits.TEXT_LENGTH,
        "providers.gpu.requires[0]: more than 4,096 characters",
    ),
    "length of enable-if": (
        lambda n: provider(**{"enable-if": "a" * n}),
        limits.TEXT_LENGTH,
        "providers.gpu.enable-if: more than 4,096 characters",
    ),
    "length of plugin-api": (
        lambda n: provider(**{"plugin-api": "a" * n}),
        limits.TEXT_LENGTH,
        "providers.gpu.plugin-api: more than 4,096 characters",
    ),
    "length of a value": (
        lambda n: labels(1, {"arch": ["v" * n]}),
        limits.NAME_LENGTH,
        "variants['n0'].gpu.arch[0]: more than 255 characters",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "limit", "error"), KINDS.values(), ids=KINDS)
def test_document_has_as_much_of_each_as_its_limit(
    make: Callable[[int], Json], limit: int, error: str
) -> None:
    """One more is an error that names the limit, for pip and for `pip variants check`."""
    read(make(limit))
    with pytest.raises(MetadataError) as caught:
        read(make(limit + 2))
    assert str(caught.value) == error
    found = check_document("x", json.dumps(make(limit + 2)).encode()).findings
    assert error in {f"{item.path}: {item.message}" for item in found}


def test_label_and_provider_beyond_a_limit_are_ignored_alone() -> None:
    """The rest of a document counts, as with other invalid entries."""
    document = {
        "variants": {"a": {"gpu": {"arch": ["1"]}}, "b": {"gpu": {"arch": many(2000)}}},
        "providers": {"gpu": {"requires": ["p"]}, "cpu": {"requires": many(500_000)}},
    }
    found, invalid = read_valid_entries(document)
    assert [variant.label for variant in found.variants] == ["a"]
    assert [item.namespace for item in found.providers] == ["gpu"]
    assert [(item.key, item.name) for item in invalid] == [("providers", "cpu"), ("variants", "b")]
    assert all(len(str(item.error)) < 100 for item in invalid)


# Texts that are no documents, or none that is read.
UNREAD: dict[str, tuple[bytes, str]] = {
    "large": (b" " * (16 * 1024 * 1024 + 1), "larger than 16 MiB"),
    "of empty lists": (b"[" + b"[]," * 2_500_000 + b"[]]", "more than 1,000,000 values"),
    "of empty objects": (b"[" + b"{}," * 2_500_000 + b"{}]", "more than 1,000,000 values"),
    "of short strings": (b"[" + '"\u20ac",'.encode() * 2_500_000, "more than 1,000,000 values"),
    "of keys": (
        b"{" + b",".join(b'"%x":1' % i for i in range(500_001)) + b"}",
        "more than 1,000,000 values",
    ),
    "deep": (b"[" * 900_000, "not JSON: nested too deeply"),
    "deep object": (b'{"a":' * 500_000, "not JSON: nested too deeply"),
    "long number": (b"1" * 1_000_000, "not JSON: a number of more than 1,000 digits"),
    "UTF-16 cut off": (b"\xff\xfe{", "not JSON: "),
    "not UTF-8": (b'{"a": "\xff"}', "not JSON: "),
    "twice the same key": (b'{"a": 1, "a": 2}', "the key 'a' occurs twice in one object"),
}


@pytest.mark.parametrize(("text", "error"), UNREAD.values(), ids=UNREAD)
def test_text_that_would_cost_too_much_is_not_parsed(text: bytes, error: str) -> None:
    """Lists and objects take thirty times the memory of their text."""
    tracemalloc.start()
    with pytest.raises(MetadataError) as caught:
        parse(text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert str(caught.value).startswith(error)
    assert peak < 64 * 1024 * 1024


def test_long_requirement_or_marker_is_invalid_at_once() -> None:
    """Requirements come from a platform file, a lock and a command line as well."""
    text = "p" + ",".join(f">{i}" for i in range(100_000))
    marker = " or ".join(["os_name == 'a'"] * 100_000)
    with within(1, time.process_time):
        with pytest.raises(ValueError, match="more than 4,096 characters"):
            parse_requirement(text)
        with pytest.raises(ValueError, match="more than 4,096 characters"):
            marker_holds(marker, {})


def test_of_many_texts_the_first_are_shown_in_a_line() -> None:
    """One more takes no more room than its name."""
    assert first_of(["a", "b"], 2) == ["a", "b"]
    assert first_of(["a", "b", "c"], 2) == ["a", "b", "c"]
    assert first_of(many(2002), 2) == ["n0", "n1", "2,000 more"]
    assert first_of(["x" * 300], 2) == ["x" * 200 + "..."]
    assert first_of(["x" * 300], 2, 400) == ["x" * 300]
