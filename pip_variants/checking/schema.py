"""The JSON schemas of the revisions, in our own words: a table of shapes, and what breaks them.

Readers take what can be understood; a schema asks for more: it knows every key and every list that
must not be empty. Each revision's table is as strict as its published schema.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pip_variants.errors import quoted
from pip_variants.readers.shapes import join, kind_of


@dataclass(frozen=True, slots=True)
class Text:
    """A string: any, one of ``choices``, or one that ``pattern`` matches, which is called ``noun``.

    ``least`` is the smallest length.
    """

    pattern: str | None = None
    noun: str = "string"
    least: int = 0
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of distinct strings, at least ``least`` of them."""

    item: Text
    least: int = 0


@dataclass(frozen=True, slots=True)
class Mapped:
    """An object with any keys that match ``key``."""

    key: Text
    value: Shape


@dataclass(frozen=True, slots=True)
class Fields:
    """An object with known keys. ``extra`` are tolerated; ``unless`` waives a key that is required.

    ``unless`` is (required key, other key, its value).
    """

    fields: Mapping[str, Shape]
    required: tuple[str, ...] = ()
    extra: bool = False
    unless: tuple[str, str, object] | None = None


Shape = Text | Flag | Listed | Mapped | Fields

_NAME = Text(r"[a-z0-9_]+", "name of a-z, 0-9 and _")
_DOTTED = Text(r"[a-z0-9_.]+", "name of a-z, 0-9, _ and .")
_VALUE = Text(r"[a-z0-9_.]+", "value of a-z, 0-9, _ and .")
_LABEL = Text(r"[a-z0-9_.]+", "label of a-z, 0-9, _ and .")
_SHORT_LABEL = Text(r"[a-z0-9_.]{1,16}", "label of a-z, 0-9, _ and . with at most 16 characters")
_ANY_CASE = Text(r"[A-Za-z0-9_]+", "name of letters, 0-9 and _")
_PLUGIN = Text(r"[a-zA-Z0-9._]+( *: *[a-zA-Z0-9._]+)?", "object reference")
_SOME_TEXT = Text(least=1, noun="text that is not empty")

_NAMESPACES = Listed(_NAME, least=1)
_FEATURES = Mapped(_NAME, Listed(_NAME))
_VALUES = Mapped(_NAME, Mapped(_NAME, Listed(_VALUE)))
_PRIORITIES = Fields({"namespace": _NAMESPACES}, required=("namespace",))
_OLD_PRIORITIES = Fields(
    {"namespace": _NAMESPACES, "feature": _FEATURES, "property": _VALUES}, required=("namespace",)
)
_VARIANTS = Mapped(_LABEL, Mapped(_NAME, Mapped(_NAME, Listed(_VALUE, least=1))))
_OLD_VARIANTS = Mapped(_SHORT_LABEL, Mapped(_DOTTED, Mapped(_DOTTED, Listed(_VALUE, least=1))))

_OLD_PROVIDER: Mapping[str, Shape] = {
    "plugin-api": _PLUGIN,
    "enable-if": _SOME_TEXT,
    "optional": Flag(),
    "requires": Listed(_SOME_TEXT),
}
_PROVIDER_0_0_2 = Fields(
    {**_OLD_PROVIDER, "plugin-use": Text(choices=("none", "build", "all"))},
    required=("requires",),
    unless=("requires", "plugin-use", "none"),
)
_PROVIDER_0_0_3 = Fields(
    {**_OLD_PROVIDER, "install-time": Flag()},
    required=("requires",),
    unless=("requires", "install-time", False),
)
_PROVIDER_0_2_0 = Fields(
    {
        "requires": Listed(_SOME_TEXT, least=1),
        "plugin-api": _PLUGIN,
        "static-properties": Mapped(_NAME, Listed(_VALUE, least=1)),
        "feature-order": Listed(_NAME, least=1),
        "builtin": _SOME_TEXT,
        "optional": Flag(),
    }
)

_OLD_REQUIRED = ("default-priorities", "providers", "variants")
_REQUIRED = ("$schema", "default-priorities", "variants")

SCHEMAS: Mapping[str, Fields] = {
    "0.0.2": Fields(
        {
            "default-priorities": _OLD_PRIORITIES,
            "providers": Mapped(_ANY_CASE, _PROVIDER_0_0_2),
            "variants": _OLD_VARIANTS,
        },
        required=_OLD_REQUIRED,
        extra=True,
    ),
    "0.0.3": Fields(
        {
            "default-priorities": _OLD_PRIORITIES,
            "providers": Mapped(_ANY_CASE, _PROVIDER_0_0_3),
            "static-properties": _VALUES,
            "variants": _OLD_VARIANTS,
        },
        required=_OLD_REQUIRED,
        extra=True,
    ),
    "0.1.0": Fields(
        {"$schema": Text(), "default-priorities": _OLD_PRIORITIES, "variants": _OLD_VARIANTS},
        required=_REQUIRED,
    ),
    "0.1.1": Fields(
        {"$schema": Text(), "default-priorities": _PRIORITIES, "variants": _VARIANTS},
        required=_REQUIRED,
    ),
    "0.2.0": Fields(
        {
            "$schema": Text(),
            "default-priorities": _PRIORITIES,
            "providers": Mapped(_NAME, _PROVIDER_0_2_0),
            "variants": _VARIANTS,
        },
        required=("$schema", "default-priorities", "providers", "variants"),
    ),
}


def violations(shape: Shape, value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path of each value that breaks ``shape``, and what is wrong with it."""
    expected, check = _CHECKS[type(shape)]
    if isinstance(value, expected):
        yield from check(shape, value, path)
    else:
        yield path, f"expected {_NOUNS[expected]}, found {kind_of(value)}"


def _text(shape: Text, value: str, path: str) -> Iterator[tuple[str, str]]:
    if shape.choices and value not in shape.choices:
        yield path, f"{quoted(value)} is none of {', '.join(shape.choices)}"
    matches = shape.pattern is None or re.fullmatch(shape.pattern, value) is not None
    if not matches or len(value) < shape.least:
        yield path, f"{quoted(value)} is not a {shape.noun}"


def _flag(_: Flag, __: bool, ___: str) -> Iterator[tuple[str, str]]:
    return iter(())


def _listed(shape: Listed, value: Sequence[object], path: str) -> Iterator[tuple[str, str]]:
    if len(value) < shape.least:
        yield path, "expected at least one item"
    seen = set()
    for i, item in enumerate(value):
        where = f"{path}[{i}]"
        yield from violations(shape.item, item, where)
        if isinstance(item, str):
            if item in seen:
                yield where, f"{quoted(item)} is listed twice"
            seen.add(item)


def _mapped(shape: Mapped, value: Mapping[str, object], path: str) -> Iterator[tuple[str, str]]:
    for key, item in value.items():
        where = f"{path}[{quoted(key)}]" if path == "variants" else join(path, key)
        if any(True for _ in _text(shape.key, key, where)):
            yield where, f"not a {shape.key.noun}"
        else:
            yield from violations(shape.value, item, where)


def _fields(shape: Fields, value: Mapping[str, object], path: str) -> Iterator[tuple[str, str]]:
    for key in shape.required:
        if key not in value and not _waived(shape, value, key):
            yield join(path, key), "missing"
    for key, item in value.items():
        if key in shape.fields:
            yield from violations(shape.fields[key], item, join(path, key))
        elif not shape.extra:
            yield join(path, key), "not a key of this revision"


def _waived(shape: Fields, value: Mapping[str, object], key: str) -> bool:
    if shape.unless is None:
        return False
    waived, other, wanted = shape.unless
    return key == waived and other in value and value[other] == wanted


_NOUNS = {str: "a string", bool: "true or false", list: "a list", dict: "an object"}
_CHECKS: Mapping[type, tuple[type, Callable[..., Iterator[tuple[str, str]]]]] = {
    Text: (str, _text),
    Flag: (bool, _flag),
    Listed: (list, _listed),
    Mapped: (dict, _mapped),
    Fields: (dict, _fields),
}
