"""The shapes that revisions share: each function checks one and names the path of a bad value."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pip_variants.errors import MetadataError, quoted
from pip_variants.properties import (
    NULL_LABEL,
    Features,
    Variant,
    Wanted,
    is_label,
    is_name,
    is_value,
)

_LONGEST_KEY = 80

Table = Mapping[str, object]
Change = Callable[[object], object]


def join(path: str, key: object) -> str:
    """Return the path of ``key`` below ``path``; keys that are no plain, short names are quoted."""
    if (
        isinstance(key, str)
        and len(key) <= _LONGEST_KEY
        and key.isascii()
        and key.removeprefix("$").replace("-", "_").isidentifier()
    ):
        return f"{path}.{key}" if path else key
    return f"{path}[{quoted(key)}]"


def table(value: object, path: str) -> Table:
    """Return ``value`` as a JSON object."""
    if not isinstance(value, dict):
        raise MetadataError(path, f"expected an object, found {kind_of(value)}")
    return value


def array(value: object, path: str) -> list[object]:
    """Return ``value`` as a JSON array."""
    if not isinstance(value, list):
        raise MetadataError(path, f"expected a list, found {kind_of(value)}")
    return value


def boolean(value: object, path: str) -> bool:
    """Return ``value`` as a boolean."""
    if not isinstance(value, bool):
        raise MetadataError(path, f"expected true or false, found {kind_of(value)}")
    return value


def text(value: object, path: str) -> str:
    """Return ``value`` as a string of printable characters."""
    if not isinstance(value, str):
        raise MetadataError(path, f"expected a string, found {kind_of(value)}")
    if not value.isprintable():
        raise MetadataError(path, f"{quoted(value)} has unprintable characters")
    return value


def optional_text(fields: Table, key: str, path: str) -> str | None:
    """Return the string at ``key``, or None if it is missing or null."""
    value = fields.get(key)
    return None if value is None else text(value, f"{path}.{key}")


def texts(value: object, path: str) -> tuple[str, ...]:
    """Return a list of strings."""
    return tuple(text(item, f"{path}[{i}]") for i, item in enumerate(array(value, path)))


def names(value: object, path: str) -> tuple[str, ...]:
    """Return a list of distinct namespaces or features."""
    return _distinct(value, path, is_name, "a name of a-z, 0-9 and _")


def values(value: object, path: str) -> tuple[str, ...]:
    """Return a list of distinct feature values."""
    return _distinct(value, path, is_value, "a value of a-z, 0-9, _ and .")


def features(value: object, path: str) -> Features:
    """Return ``{feature: [value, ..]}`` with both orders kept; lists may be empty."""
    return tuple(
        (name(key, path), values(item, join(path, key))) for key, item in table(value, path).items()
    )


def full_features(value: object, path: str) -> Features:
    """Return the same of a place where each feature needs a value."""
    found = features(value, path)
    for feature, listed in found:
        if not listed:
            raise MetadataError(join(path, feature), "expected at least one value")
    return found


def name(value: object, path: str) -> str:
    """Return ``value``, a key of the object at ``path``, as a namespace or feature."""
    if not isinstance(value, str) or not is_name(value):
        raise MetadataError(join(path, value), "not a name of a-z, 0-9 and _")
    return value


def variants(value: object) -> tuple[Variant, ...]:
    """Return ``{label: {namespace: {feature: [value, ..]}}}``; lists of values are sets there."""
    return tuple(_variant(label, item) for label, item in table(value, "variants").items())


def _variant(label: object, value: object) -> Variant:
    path = f"variants[{quoted(label)}]"
    if not isinstance(label, str) or not is_label(label):
        raise MetadataError(path, "not a label of a-z, 0-9, _ and .")
    wants = []
    for key, item in table(value, path).items():
        namespace = name(key, path)
        for feature, wanted in full_features(item, join(path, namespace)):
            wants.append(Wanted(namespace, feature, frozenset(wanted)))
    if label == NULL_LABEL and wants:
        raise MetadataError(path, "the null variant has no properties")
    return Variant(label, tuple(wants))


def _distinct(
    value: object, path: str, valid: Callable[[object], bool], what: str
) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for i, item in enumerate(array(value, path)):
        if not isinstance(item, str) or not valid(item):
            raise MetadataError(f"{path}[{i}]", f"{quoted(item)} is not {what}")
        if item in found:
            raise MetadataError(f"{path}[{i}]", f"{quoted(item)} is listed twice")
        found[item] = None
    return tuple(found)


def kind_of(value: object) -> str:
    """Return what a JSON value is, in words."""
    kinds = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    return kinds.get(type(value), "null" if value is None else "a number")
