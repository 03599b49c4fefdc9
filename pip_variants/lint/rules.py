"""The rules of each revision beyond what is needed to read it: known keys, required keys, minima.

They follow the published JSON schemas; PEP 850 is followed for 0.2.0. Types and grammars are
checked by the readers in ``formats``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pip_variants.core.errors import MetadataError, quoted
from pip_variants.formats.fields import feature_names, join, kind_of

_is_endpoint = re.compile(r"[a-zA-Z0-9._]+( *: *[a-zA-Z0-9._]+)?").fullmatch

_OLD_PRIORITIES = ("namespace", "feature", "property")
_OLD_PROVIDER = ("requires", "plugin-api", "enable-if", "optional")
_NEW_PROVIDER = (
    "requires",
    "plugin-api",
    "static-properties",
    "feature-order",
    "builtin",
    "optional",
)
_TEXTS = ("plugin-api", "enable-if", "builtin")
_SHORT_LABEL = 16


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one revision.

    ``extra`` allows unknown keys at the top. ``without_requires`` is a key of a provider and its
    value that make ``requires`` optional; None: it always is. ``not_empty`` are the lists of a
    provider that need an item.
    """

    top: tuple[str, ...]
    required: tuple[str, ...]
    priorities: tuple[str, ...] = ("namespace",)
    provider: tuple[str, ...] = ()
    without_requires: tuple[str, object] | None = None
    not_empty: tuple[str, ...] = ()
    extra: bool = False
    longest_label: int | None = None


_RULES: Mapping[str, Rules] = {
    "early": Rules(
        top=("default-priorities", "provider-requires", "providers", "variants"),
        required=(),
        priorities=_OLD_PRIORITIES,
        provider=("requires", "plugin-api", "enable-if"),
        extra=True,
    ),
    "0.0.2": Rules(
        top=("default-priorities", "providers", "variants"),
        required=("default-priorities", "providers", "variants"),
        priorities=_OLD_PRIORITIES,
        provider=(*_OLD_PROVIDER, "plugin-use"),
        without_requires=("plugin-use", "none"),
        extra=True,
        longest_label=_SHORT_LABEL,
    ),
    "0.0.3": Rules(
        top=("default-priorities", "providers", "static-properties", "variants"),
        required=("default-priorities", "providers", "variants"),
        priorities=_OLD_PRIORITIES,
        provider=(*_OLD_PROVIDER, "install-time"),
        without_requires=("install-time", False),
        extra=True,
        longest_label=_SHORT_LABEL,
    ),
    "0.1.0": Rules(
        top=("$schema", "default-priorities", "variants"),
        required=("$schema", "default-priorities", "variants"),
        priorities=_OLD_PRIORITIES,
        longest_label=_SHORT_LABEL,
    ),
    "0.1.1": Rules(
        top=("$schema", "default-priorities", "variants"),
        required=("$schema", "default-priorities", "variants"),
    ),
    "0.2.0": Rules(
        top=("$schema", "default-priorities", "providers", "variants"),
        required=("$schema", "default-priorities", "providers", "variants"),
        provider=_NEW_PROVIDER,
        not_empty=("requires", "feature-order"),
    ),
}

STANDARDS = ("0.1", "0.1.0", "0.1.1", "0.2.0")
"""The revisions that are published as standards; older ones only have to be readable."""

Violation = tuple[str, str]
"""The path of a value, and what is wrong with it."""

_stated_revision = re.compile(
    r"(?:.*/)?v?([0-9]+\.[0-9]+\.[0-9]+)(?:\.json)?/?", re.ASCII
).fullmatch


def violations(revision: str | None, document: object) -> Iterator[Violation]:
    """Yield the rules of a revision that a document breaks; ``0.1`` is either of PEP 825."""
    if not isinstance(document, dict) or revision is None:
        return
    rules = _RULES[exact_revision(revision, document)]
    yield from _keys(document, "", rules.top, rules.required, extra=rules.extra)
    if revision == "early":
        yield from _later_keys(document)
    if "$schema" in document and not isinstance(document["$schema"], str):
        yield "$schema", f"expected a string, found {kind_of(document['$schema'])}"
    priorities = document.get("default-priorities")
    if isinstance(priorities, dict):
        path = "default-priorities"
        yield from _keys(priorities, path, rules.priorities, ("namespace",))
        yield from _empty(priorities.get("namespace"), f"{path}.namespace")
    for name, provider in _tables(document.get("providers")):
        yield from _provider(provider, join("providers", name), rules)
    for label in _names(document.get("variants")):
        if rules.longest_label is not None and len(label) > rules.longest_label:
            problem = f"a label has at most {rules.longest_label} characters in this revision"
            yield f"variants[{quoted(label)}]", problem


def stated_revision(document: object) -> str | None:
    """Return the revision that ``$schema`` states, or None if that is not a known one."""
    schema = document.get("$schema") if isinstance(document, dict) else None
    match = _stated_revision(schema) if isinstance(schema, str) else None
    return match[1] if match and match[1] in _RULES else None


def _later_keys(document: Mapping[str, object]) -> Iterator[Violation]:
    """Yield what an early document has of a later revision: its top-level keys, or lists."""
    if "static-properties" in document:
        yield "static-properties", "not a key of this revision"
    texts, lists = (
        [
            join(join(f"variants[{quoted(label)}]", namespace), feature)
            for label, variant in _tables(document.get("variants"))
            for namespace, features in _tables(variant)
            for feature, value in features.items()
            if isinstance(value, kind)
        ]
        for kind in (str, list)
    )
    if texts and lists:
        yield texts[0], "a string, though other features have lists"


def exact_revision(revision: str, document: Mapping[str, object]) -> str:
    """Return which of the revisions of PEP 825 a document is: only 0.1.0 had the old priorities."""
    if revision != "0.1":
        return revision
    priorities = document.get("default-priorities")
    old = isinstance(priorities, dict) and priorities.keys() & {"feature", "property"}
    return "0.1.0" if old else "0.1.1"


def _provider(provider: Mapping[str, object], path: str, rules: Rules) -> Iterator[Violation]:
    required: tuple[str, ...] = ()
    if rules.without_requires is not None:
        key, value = rules.without_requires
        required = () if key in provider and provider[key] == value else ("requires",)
    yield from _keys(provider, path, rules.provider, required)
    for key in rules.not_empty:
        if key in provider:
            yield from _empty(provider[key], f"{path}.{key}")
    for key in _TEXTS:
        if key in provider and key in rules.provider:
            yield from _text(key, provider[key], f"{path}.{key}")
    if "feature-order" in provider and "feature-order" in rules.provider:
        try:
            # Needed only with static values, so only then is it read.
            feature_names(provider["feature-order"], f"{path}.feature-order")
        except MetadataError as error:
            yield error.path, error.problem
    yield from _requirements(provider.get("requires"), f"{path}.requires")


def _text(key: str, value: object, path: str) -> Iterator[Violation]:
    if value is None:
        # To a reader null is a missing key.
        yield path, "expected a string, found null"
    elif key == "plugin-api":
        if isinstance(value, str) and not _is_endpoint(value):
            yield path, f"{quoted(value)} is not an object reference"
    elif value == "":
        yield path, "must not be empty"


def _requirements(value: object, path: str) -> Iterator[Violation]:
    seen: set[str] = set()
    for i, text in enumerate(value if isinstance(value, list) else ()):
        if text == "":
            yield f"{path}[{i}]", "must not be empty"
        elif isinstance(text, str):
            if text in seen:
                yield f"{path}[{i}]", f"{quoted(text)} is listed twice"
            seen.add(text)


def _keys(
    table: Mapping[str, object],
    path: str,
    known: Sequence[str],
    required: Sequence[str],
    *,
    extra: bool = False,
) -> Iterator[Violation]:
    for key in required:
        if key not in table:
            yield join(path, key), "missing"
    for key in table:
        if not extra and key not in known:
            yield join(path, key), "not a key of this revision"


def _empty(value: object, path: str) -> Iterator[Violation]:
    if value == []:
        yield path, "expected at least one item"


def _tables(value: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    for key, item in value.items() if isinstance(value, dict) else ():
        if isinstance(item, dict):
            yield key, item


def _names(value: object) -> Iterator[str]:
    yield from value if isinstance(value, dict) else ()
