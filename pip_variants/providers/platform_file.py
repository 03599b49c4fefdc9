"""The platform file: a machine described by the user, in TOML.

``version``, ``complete`` and ``properties``, a table of features for each namespace. Features are
in the order of the table, values best first. A mistake is an error with its line and key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pip_variants.core.errors import RequestError, quoted
from pip_variants.core.properties import (
    Namespace,
    OrderedFeatures,
    is_feature,
    is_namespace,
    is_value,
    ordered_features,
)
from pip_variants.core.supported import SupportedProperties

VERSION = 1
_KEYS = ("version", "complete", "properties")
_LONGEST_KEY = 80

_table = re.compile(r"\s*\[([^\[\]]+)\]\s*(?:#.*)?").fullmatch
_pair = re.compile(r"\s*([A-Za-z0-9_\-\"'. ]+?)\s*=").match


@dataclass(frozen=True, slots=True)
class Platform:
    """A described machine: the supported features of each namespace, best first.

    If the description is ``complete``, a namespace that it does not list supports nothing;
    otherwise such a namespace is not described. ``name`` is that of the file.
    """

    name: str
    features: tuple[tuple[Namespace, OrderedFeatures], ...]
    complete: bool = False

    def supported(self, namespace: Namespace) -> SupportedProperties | None:
        """Return what is supported in a namespace, or None if it is not described."""
        for listed, features in self.features:
            if listed == namespace:
                reason = None if features else f"{self.name} lists nothing for it"
                return SupportedProperties(namespace, "user", features, reason)
        if self.complete:
            return SupportedProperties(namespace, "user", reason=f"{self.name} does not list it")
        return None


def read(document: Mapping[str, object], text: str, name: str) -> Platform:
    """Return the platform of a parsed file; ``text`` is its text, for line numbers.

    Raise RequestError with the line and the key of a mistake.
    """
    for path, problem in _mistakes(document):
        line = _line(text, path)
        where = f"line {line}: " if line else ""
        keys = ".".join(_shown(key) for key in path)
        raise RequestError(f"{name}: {where}{keys}: {problem}")
    tables: Mapping[str, Mapping[str, Sequence[str]]] = document.get("properties", {})  # type: ignore[assignment]
    features = tuple(
        (
            Namespace(namespace),
            ordered_features((key, values) for key, values in table.items() if values),
        )
        for namespace, table in tables.items()
    )
    return Platform(name, features, bool(document.get("complete", False)))


def _shown(key: str) -> str:
    """Return a key for a message, quoted if it is none or long."""
    return key if is_feature(key) and len(key) <= _LONGEST_KEY else quoted(key)


def _mistakes(document: Mapping[str, object]) -> Iterator[tuple[list[str], str]]:
    """Yield the path and the description of each mistake."""
    for key in document:
        if key not in _KEYS:
            yield [key], f"unknown key, not one of {', '.join(_KEYS)}"
    version = document.get("version")
    if version is None:
        yield ["version"], f"missing; write version = {VERSION}"
    elif version != VERSION or isinstance(version, bool):
        yield ["version"], f"{quoted(version)} is not a known version ({VERSION})"
    if not isinstance(document.get("complete", False), bool):
        yield ["complete"], "must be true or false"
    properties = document.get("properties", {})
    if isinstance(properties, Mapping):
        yield from _mistakes_in(properties)
    else:
        yield ["properties"], "must be a table"


def _mistakes_in(properties: Mapping[str, object]) -> Iterator[tuple[list[str], str]]:
    for namespace, features in properties.items():
        path = ["properties", namespace]
        if not is_namespace(namespace):
            yield path, "not a namespace (a-z, 0-9 and _)"
        if not isinstance(features, Mapping):
            yield path, "must be a table of features"
            continue
        for feature, values in features.items():
            problem = _problem(feature, values)
            if problem is not None:
                yield [*path, feature], problem


def write(supported: Sequence[SupportedProperties], *, complete: bool) -> str:
    """Return a platform file with these supported properties, and who reports them as comments.

    A namespace whose provider could not be queried is left out.
    """
    lines = [f"version = {VERSION}", f"complete = {str(complete).lower()}"]
    for item in supported:
        if item.state in ("failed", "cross-target"):
            continue
        lines += ["", f"# {item.state}", f"[properties.{item.namespace}]"]
        for feature, values in item.features:
            quotes = ", ".join(f'"{value}"' for value in values)
            lines.append(f"{feature} = [{quotes}]")
    return "\n".join(lines) + "\n"


def _problem(feature: str, values: object) -> str | None:
    """Return what is wrong with a feature, or None."""
    if not is_feature(feature):
        return "not a feature name (a-z, 0-9 and _)"
    if not isinstance(values, list):
        return f"must be a list of strings, not {quoted(values)}"
    for value in values:
        if not isinstance(value, str):
            return f"{quoted(value)} must be a string, in quotes"
        if not is_value(value):
            return f"{quoted(value)} is not a value (a-z, 0-9, _ and .)"
    if len(set(values)) != len(values):
        return "has a value twice"
    return None


def _line(text: str, path: Sequence[str]) -> int | None:
    """Return the number of the line of a key, or of the nearest table or key above it."""
    table: list[str] = []
    best, found = 0, None
    for number, line in enumerate(text.splitlines(), 1):
        header, pair = _table(line), _pair(line)
        if header:
            table = _parts(header[1])
            current = table
        elif pair:
            current = [*table, *_parts(pair[1])]
        else:
            continue
        if len(current) > best and current == list(path[: len(current)]):
            best, found = len(current), number
    return found


def _parts(text: str) -> list[str]:
    return [part.strip().strip("\"'") for part in text.split(".")]
