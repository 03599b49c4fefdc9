"""One document of each revision, with every key that its published JSON schema has.

``DOCUMENTS`` is by revision; 0.2.0 has no schema yet and follows PEP 850.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

from pip_variants.formats.fields import join

KeyPath = tuple[str | int, ...]
Json = dict[str, object]

VARIANTS = {"a": {"gpu": {"arch": ["1", "1.5"]}}, "s": {"kind": {"order": ["2"]}}, "null": {}}
OLD_PRIORITIES = {
    "namespace": ["gpu", "kind"],
    "feature": {"gpu": ["arch", "cuda"]},
    "property": {"gpu": {"arch": ["1"]}, "kind": {"order": ["1", "2"]}},
}
OLD_PROVIDER = {
    "requires": ["gpu-provider", "other>=1"],
    "plugin-api": "gpu_provider.plugin:Gpu",
    "enable-if": "os_name == 'posix'",
    "optional": True,
}

DOCUMENTS: dict[str, Json] = {
    "0.0.2": {
        "default-priorities": OLD_PRIORITIES,
        "providers": {
            "gpu": {**OLD_PROVIDER, "plugin-use": "all"},
            "kind": {"requires": ["kind-provider"], "plugin-use": "none"},
        },
        "variants": VARIANTS,
    },
    "0.0.3": {
        "default-priorities": OLD_PRIORITIES,
        "providers": {
            "gpu": {**OLD_PROVIDER, "install-time": True},
            "kind": {"requires": ["kind-provider"], "install-time": False},
        },
        "static-properties": {"kind": {"order": ["1", "2"]}},
        "variants": VARIANTS,
    },
    "0.1.0": {
        "$schema": "https://variants-schema.wheelnext.dev/peps/825/v0.1.0.json",
        "default-priorities": OLD_PRIORITIES,
        "variants": VARIANTS,
    },
    "0.1.1": {
        "$schema": "https://variants-schema.wheelnext.dev/peps/825/v0.1.1.json",
        "default-priorities": {"namespace": ["gpu", "kind"]},
        "variants": VARIANTS,
    },
    "0.2.0": {
        "$schema": "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json",
        "default-priorities": {"namespace": ["gpu", "kind", "abi_dependency"]},
        "providers": {
            "gpu": {"requires": ["p", "other>=1"], "plugin-api": "p.plugin:Gpu", "optional": True},
            "kind": {
                "static-properties": {"order": ["1", "2"], "rank": ["1"]},
                "feature-order": ["order", "rank"],
            },
            "abi_dependency": {"builtin": "abi_dependency"},
        },
        "variants": {**VARIANTS, "s": {"kind": {"order": ["2"], "rank": ["1"]}}},
    },
}

REVISIONS = [*DOCUMENTS]


def shown(path: KeyPath) -> str:
    """Return a path as findings show it."""
    text = ""
    for i, key in enumerate(path):
        if isinstance(key, int):
            text += f"[{key}]"
        elif i == 1 and path[0] == "variants":
            text += f"[{key!r}]"
        else:
            text = join(text, key)
    return text


def value_at(document: object, path: KeyPath) -> object:
    """Return the value at ``path``, which exists."""
    for key in path:
        document = document[key]  # type: ignore[index] # the path exists
    return document


def changed(revision: str, path: KeyPath, value: object) -> Json:
    """Return the document of a revision with another value at ``path``."""
    document = copy.deepcopy(DOCUMENTS[revision])
    value_at(document, path[:-1])[path[-1]] = value  # type: ignore[index] # as above
    return document


def without(revision: str, path: KeyPath) -> Json:
    """Return the document of a revision without the key at ``path``."""
    document = copy.deepcopy(DOCUMENTS[revision])
    del value_at(document, path[:-1])[path[-1]]  # type: ignore[attr-defined] # as above
    return document


def paths(value: object, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Yield the path of every value in a document."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths(item, (*path, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from paths(item, (*path, i))
