"""The fields that revisions share. Each function validates one and raises MetadataError.

``path`` locates the value in its document, for the error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from pip_variants.core import limits
from pip_variants.core.errors import MetadataError, quoted
from pip_variants.core.properties import (
    NULL_LABEL,
    Feature,
    FeatureRequirement,
    Namespace,
    OrderedFeatures,
    Value,
    Variant,
    is_feature,
    is_label,
    is_namespace,
    is_value,
)

_LONGEST_KEY = 80

if TYPE_CHECKING:
    from typing import TypeGuard

Table = Mapping[str, object]

_Text = TypeVar("_Text", bound=str)


def join(path: str, key: object) -> str:
    """Return the path of ``key`` below ``path``; a key that is not a short name is quoted."""
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


def check_number(number: int, path: str, limit: int, what: str) -> None:
    """Raise MetadataError if a document has more of something than its limit."""
    if number > limit:
        raise MetadataError(path, limits.too_many(limit, what))


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
    check_number(len(value), path, limits.TEXT_LENGTH, "characters")
    return value


def optional_text(fields: Table, key: str, path: str) -> str | None:
    """Return the string at ``key``, or None if it is missing or null."""
    value = fields.get(key)
    return None if value is None else text(value, f"{path}.{key}")


def texts(value: object, path: str, limit: int, what: str) -> tuple[str, ...]:
    """Return a list of strings, of which there may be as many as ``limit``."""
    listed = array(value, path)
    check_number(len(listed), path, limit, what)
    return tuple(text(item, f"{path}[{i}]") for i, item in enumerate(listed))


def requirements(value: object, path: str) -> tuple[str, ...]:
    """Return the requirements of a provider."""
    found = texts(value, path, limits.REQUIREMENTS, "requirements")
    for i, item in enumerate(found):
        check_number(item.count(","), f"{path}[{i}]", limits.SPECIFIERS, "specifiers")
    return found


def namespace_table(value: object, path: str) -> Table:
    """Return an object whose keys are namespaces, such as ``providers``."""
    found = table(value, path)
    check_number(len(found), path, limits.NAMESPACES, "namespaces")
    return found


def namespaces(value: object, path: str) -> tuple[Namespace, ...]:
    """Return a list of distinct namespaces."""
    check_number(len(array(value, path)), path, limits.NAMESPACES, "namespaces")
    return _distinct(value, path, is_namespace, _NAME)


def feature_names(value: object, path: str) -> tuple[Feature, ...]:
    """Return a list of distinct feature names."""
    check_number(len(array(value, path)), path, limits.PROPERTIES, "features")
    return _distinct(value, path, is_feature, _NAME)


def values(value: object, path: str) -> tuple[Value, ...]:
    """Return a list of distinct feature values."""
    check_number(len(array(value, path)), path, limits.PROPERTIES, "values")
    return _distinct(value, path, is_value, "a value of a-z, 0-9, _ and .")


def features(value: object, path: str) -> OrderedFeatures:
    """Return ``{feature: [value, ..]}`` with both orders preserved; lists may be empty."""
    found = tuple(
        (feature(key, path), values(item, join(path, key)))
        for key, item in table(value, path).items()
    )
    check_number(sum(len(listed) for _, listed in found), path, limits.PROPERTIES, "values")
    return found


def full_features(value: object, path: str) -> OrderedFeatures:
    """Return ``{feature: [value, ..]}`` where each feature must have a value."""
    found = features(value, path)
    for name, listed in found:
        if not listed:
            raise MetadataError(join(path, name), "expected at least one value")
    return found


def namespace(value: object, path: str) -> Namespace:
    """Return ``value``, a key of the object at ``path``, as a namespace."""
    if not is_namespace(value):
        raise MetadataError(join(path, value), f"not {_NAME}")
    _check_length(value, join(path, value))
    return value


def feature(value: object, path: str) -> Feature:
    """Return ``value``, a key of the object at ``path``, as a feature name."""
    if not is_feature(value):
        raise MetadataError(join(path, value), f"not {_NAME}")
    _check_length(value, join(path, value))
    return value


def variants(value: object) -> tuple[Variant, ...]:
    """Return ``{label: {namespace: {feature: [value, ..]}}}``; the lists of values are sets."""
    found = table(value, "variants")
    check_number(len(found), "variants", limits.LABELS, "labels")
    read = tuple(_variant(label, item) for label, item in found.items())
    number = len({item.namespace for variant in read for item in variant.requirements})
    check_number(number, "variants", limits.NAMESPACES, "namespaces")
    return read


def _variant(label: object, value: object) -> Variant:
    path = f"variants[{quoted(label)}]"
    if not is_label(label):
        raise MetadataError(path, "not a label of a-z, 0-9, _ and .")
    requirements = []
    for key, item in table(value, path).items():
        ns = namespace(key, path)
        for name, listed in full_features(item, join(path, ns)):
            requirements.append(FeatureRequirement(ns, name, frozenset(listed)))
    number = sum(len(item.values) for item in requirements)
    check_number(number, path, limits.PROPERTIES, "properties")
    if label == NULL_LABEL and requirements:
        raise MetadataError(path, "the null variant has no properties")
    return Variant(label, tuple(requirements))


_NAME = "a name of a-z, 0-9 and _"


def _distinct(
    value: object, path: str, valid: Callable[[object], TypeGuard[_Text]], what: str
) -> tuple[_Text, ...]:
    found: dict[_Text, None] = {}
    for i, item in enumerate(array(value, path)):
        if not valid(item):
            raise MetadataError(f"{path}[{i}]", f"{quoted(item)} is not {what}")
        if item in found:
            raise MetadataError(f"{path}[{i}]", f"{quoted(item)} is listed twice")
        _check_length(item, f"{path}[{i}]")
        found[item] = None
    return tuple(found)


def _check_length(name: str, path: str) -> None:
    check_number(len(name), path, limits.NAME_LENGTH, "characters")


def kind_of(value: object) -> str:
    """Return the type of a value of JSON, or of the TOML that a lock has in its place, in words."""
    kinds = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    other = "a number" if isinstance(value, (int, float)) else "a date or a time"
    return kinds.get(type(value), "null" if value is None else other)
