"""What is read from TOML: platform files, tables `[variant]`, and documents inlined in locks."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from random import Random

from pip._vendor import tomli

from pip_variants.core.errors import MetadataError, RequestError
from pip_variants.core.properties import Label, Namespace, ordered_features
from pip_variants.core.supported import SupportedProperties
from pip_variants.formats.lock_table import SPELLINGS, inlined_document
from pip_variants.formats.reader import read
from pip_variants.lint.variant_table import read_variant_table
from pip_variants.pip_adapter.options import read_platform
from pip_variants.providers import platform_file
from pip_variants.remote.index_file import IndexFile, read_index_file
from pip_variants.remote.transport import RemoteFile

from .documents import POOL, Document, features, ranking, valid
from .guard import Case, InFolder, check_text, outcome, promise
from .mutations import edited_bytes, encoded, mutated

_NAMESPACES = ("gpu", "cpu", "x86_64")
_DATES = (dt.date(1979, 5, 27), dt.datetime(1979, 5, 27, 7, 32))  # noqa: DTZ001
_LOCK = "pylock.toml"


class TomlFiles(InFolder):
    """TOML that a user, or another tool, wrote."""

    name = "toml"

    def draw(self, rng: Random) -> Case:
        """Return a platform file, a table or an entry of a lock."""
        kind = rng.randrange(10)
        if kind == 0:
            return _written_platform(rng, self._folder / "written.toml")
        if kind <= 4:
            return self._platform(rng)
        return _table(rng) if kind <= 6 else _entry(rng)

    def _platform(self, rng: Random) -> Case:
        properties = {name: features(rng) for name in rng.sample(_NAMESPACES, 2)}
        document: Document = {"version": 1, "complete": True, "properties": properties}
        text = _mutated(rng, document)
        path = self._folder / "platform.toml"

        def check() -> None:
            path.write_bytes(text)
            found = outcome(lambda: read_platform(str(path)), RequestError)
            if isinstance(found, platform_file.Platform):
                supported = [found.supported(name) for name, _ in found.features]
                written = platform_file.write(
                    [item for item in supported if item is not None], complete=found.complete
                )
                again = platform_file.read(tomli.loads(written), written, found.name)
                promise(again == found, "a platform file is written with another meaning")

        return Case(text, check)


def _written_platform(rng: Random, path: Path) -> Case:
    """Return a machine, which is the same after it was written and read."""
    supported = [
        SupportedProperties(Namespace(name), "user", ordered_features(features(rng).items()))
        for name in rng.sample(_NAMESPACES, 3)
    ]
    text = platform_file.write(supported, complete=False)

    def check() -> None:
        path.write_text(text, encoding="utf-8")
        found = read_platform(str(path))
        again = [found.supported(item.namespace) for item in supported]
        promise(again == supported, "a machine is not read as it was written")

    return Case(text, check)


def _table(rng: Random) -> Case:
    """Return a ``pyproject.toml`` with the table of all variants."""
    _, document = valid(rng)
    document.pop("variants")
    text = _mutated(rng, {"project": {"name": "x"}, "variant": document})

    loaded = _loaded(text)

    def check() -> object:
        if loaded is None:
            return None
        return outcome(lambda: read_variant_table(loaded, "pyproject.toml"), RequestError)

    return Case(text, check)


def _entry(rng: Random) -> Case:
    """Return an entry of a lock with a document, of which the choice is that of the JSON."""
    revision, document = valid(rng)
    key = rng.choice(SPELLINGS)
    labels = {Label(name) for name in _names(document["variants"])}
    seed = rng.randrange(1000)
    unchanged = rng.random() < 0.3
    if unchanged:
        text = as_toml({key: document}).encode()
    else:
        text = _mutated(rng, {key: document, "wheels": [{"name": "x-1.0-py3-none-any-a.whl"}]})

    loaded = _loaded(text)

    def check() -> None:
        promise(loaded is not None or not unchanged, "a valid entry of a lock is not TOML")
        found = outcome(lambda: inlined_document(loaded or {}, labels), MetadataError)
        if found is None or isinstance(found, Exception):
            promise(not unchanged, "a valid entry of a lock is refused")
            return
        file = read_index_file(RemoteFile(_LOCK, _LOCK, _LOCK, _LOCK), found, is_inlined=True)
        if not isinstance(file, IndexFile):
            check_text(str(file), "the error about a lock")
            return
        check_text(file.error or "", "the error about a lock")
        if unchanged:
            expected = read(document)
            promise(file.metadata is not None, "a valid document in a lock is not read")
            if file.metadata is not None:
                promise(file.metadata.revision == revision, "a lock has another revision")
                same = ranking(file.metadata, seed) == ranking(expected, seed)
                promise(same, "a lock means another choice than its JSON")

    return Case(text, check)


def _names(tree: object) -> list[str]:
    return [*tree] if isinstance(tree, dict) else []


def _loaded(text: bytes) -> dict[str, object] | None:
    """Return the values of a file, or None if it is not TOML, for whatever reason.

    It is no part of a check: the time of pip's parser, 6 s for 16 MiB, is not that of a reader.
    """
    try:
        return tomli.loads(text.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None


def _mutated(rng: Random, document: Document) -> bytes:
    """Return a file of a document that is mutated by grammar, by bytes or by both."""
    kind = rng.random()
    tree: object = document
    if kind < 0.7:
        tree = mutated(rng, document, rng.choice((1, 1, 2, 4)), (*POOL, *_DATES))
    try:
        text = as_toml(tree).encode("utf-8", "surrogatepass")
    except RecursionError:
        text = b"x = " + b"{a = " * 3000 + b"1" + b"}" * 3000
    if kind < 0.6:
        return text
    if rng.random() < 0.1:
        text = encoded(rng, text.decode("utf-8", "replace"))
    return edited_bytes(rng, text, rng.choice((1, 2, 4)))


def as_toml(tree: object) -> str:
    """Return a value as a file in TOML, which is invalid for what TOML does not have."""
    if not isinstance(tree, dict):
        return f"x = {_inline(tree)}\n"
    lines = [
        f"{_quoted(key)} = {_inline(item)}"
        for key, item in tree.items()
        if not isinstance(item, dict)
    ]
    for key, item in tree.items():
        if isinstance(item, dict):
            lines += _section(_quoted(key), item)
    return "\n".join(lines) + "\n"


def _section(path: str, table: dict[str, object], depth: int = 0) -> list[str]:
    lines = [f"[{path}]"]
    inner = []
    for key, item in table.items():
        if isinstance(item, dict) and depth < 1:
            inner += _section(f"{path}.{_quoted(key)}", item, depth + 1)
        else:
            lines.append(f"{_quoted(key)} = {_inline(item)}")
    return [*lines, *inner]


def _quoted(text: object) -> str:
    name = str(text)
    if name.isascii() and name.replace("-", "_").isidentifier():
        return name
    return json.dumps(name, ensure_ascii=False)


def _inline(value: object) -> str:
    match value:
        case str():
            return json.dumps(value, ensure_ascii=False)
        case dict():
            pairs = ", ".join(f"{_quoted(key)} = {_inline(item)}" for key, item in value.items())
            return f"{{{pairs}}}"
        case list():
            return _list(value)
        case dt.date():
            return value.isoformat()
    return json.dumps(value)


def _list(value: list[object]) -> str:
    """Return a list, whose depth is not limited by Python's own."""
    depth = 0
    while len(value) == 1 and isinstance(value[0], list):
        value, depth = value[0], depth + 1
    inner = value if depth < 100 else []
    return "[" * depth + f"[{', '.join(map(_inline, inner))}]" + "]" * depth
