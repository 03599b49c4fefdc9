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

Table = Mapping[str, object]
Change = Callable[[object], object]


def join(path: str, key: object) -> str:
    """Return the path of ``key`` below ``path``; keys that are no plain names are quoted."""
    if is_name(key) or (isinstance(key, str) and key.replace("-", "_").isidentifier()):
        return f"{path}.{key}" if path else str(key)
    return f"{path}[{quoted(key)}]"


def table(value: object, path: str) -> Table:
    """Return ``value`` as a JSON object."""
    if not isinstance(value, dict):
        raise MetadataError(path, f"expected an object, found {_kind(value)}")
    return value


def array(value: object, path: str) -> list[object]:
    """Return ``value`` as a JSON array."""
    if not isinstance(value, list):
        raise MetadataError(path, f"expected a list, found {_kind(value)}")
    return value


def boolean(value: object, path: str) -> bool:
    """Return ``value`` as a boolean."""
    if not isinstance(value, bool):
        raise MetadataError(path, f"expected true or false, found {_kind(value)}")
    return value


def text(value: object, path: str) -> str:
    """Return ``value`` as a string of printable characters."""
    if not isinstance(value, str):
        raise MetadataError(path, f"expected a string, found {_kind(value)}")
    if not value.isprintable():
        raise MetadataError(path, f"{quoted(value)} has unprintable characters")
    return value


def texts(value: object, path: str) -> tuple[str, ...]:
    """Return a list of strings."""
    return tuple(text(item, f"{path}[{i}]") for i, item in enumerate(array(value, path)))


def names(value: object, path: str) -> tuple[str, ...]:
    """Return a list of distinct namespaces or features."""
    return _distinct(value, path, is_name, "a name of a-z, 0-9 and _")


def values(value: object, path: str) -> tuple[str, ...]:
    """Return a non-empty list of distinct feature values."""
    found = _distinct(value, path, is_value, "a value of a-z, 0-9, _ and .")
    if not found:
        raise MetadataError(path, "expected at least one value")
    return found


def features(value: object, path: str) -> Features:
    """Return ``{feature: [value, ..]}`` with both orders kept."""
    return tuple(
        (name(key, path), values(item, join(path, key))) for key, item in table(value, path).items()
    )


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
    wants = tuple(
        Wanted(name(namespace, path), feature, frozenset(wanted))
        for namespace, item in table(value, path).items()
        for feature, wanted in features(item, join(path, namespace))
    )
    if label == NULL_LABEL and wants:
        raise MetadataError(path, "the null variant has no properties")
    return Variant(label, wants)


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


def _kind(value: object) -> str:
    kinds = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    return kinds.get(type(value), "null" if value is None else "a number")
