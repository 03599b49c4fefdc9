"""Mutations that know nothing of what is mutated but its form: bytes, text, or values of JSON."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

Json = object
"""A value as ``json`` has it: dicts, lists, strings, numbers, booleans, None."""

_LARGE = 20_000
_ENCODINGS = ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp037")
_BITS = 8

_Item = TypeVar("_Item")

TEXTS = (
    "",
    " ",
    "null",
    "a",
    "A",
    "-",
    "..",
    "../../x",
    "a" * 300,
    "a" * _LARGE,
    "0" * _LARGE,
    "9" * 5000,
    "::",
    "a :: b :: c",
    " :: ".join("a" * 200),
    "\n",
    "a\nb",
    "\x1b[31m",
    "\x00",
    "\u202egnp.exe",
    "\u2028",
    "\ufeff",
    "\u00b2",
    "\u0661",
    "\u0130",
    "e\u0301",
    "\U0001f600",
    "\ud800",
    "\udc80",
    "%s%n%d",
    "{0.__class__}",
    "%252f..%2f",
    "__proto__",
    "<script>",
    "'\"\\",
    "1.0",
    "1.0+local.1",
    "1!2.0",
    "v1.0.post1.dev2",
    "x-1.0-py3-none-any.whl",
    "file:///dev/zero",
    "http://[::1",
    "https://user:secret@host/",
    "x @ https://host/x-1.0-py3-none-any.whl ; os_name == 'posix'",
    "x>=1,<2,!=1.5; python_version >= '3' and extra == 'a'",
    "x[" + "a," * 500 + "b]",
    "(" * 2000 + "os_name == 'a'" + ")" * 2000,
    "x" + ">=1," * 2000 + ">=1",
    "os_name == 'posix'",
    "'gpu :: arch :: 1' in variant_properties",
    "variant_label == 'a'",
    "os_name in 'posix' or " * 200 + "os_name == ''",
)
"""Strings that somebody once forgot."""

_NUMBERS = (0, -1, 1, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**400, 0.1, 1e308, -0.0)
_SPECIAL = (float("inf"), float("-inf"), float("nan"))
_ALPHABET = "abz019_.-+ :'\"\\/;,=<>[](){}#%@!~*\n\t\x00\x1b\u00e9\u202e\u2028\ud800"
_RAW = (b"", b"\x00", b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b'"', b"{", b"}", b"[", b"]", b",")


def text(rng: Random) -> str:
    """Return a string that is likely to be wrong."""
    if rng.random() < 0.6:
        return rng.choice(TEXTS)
    return "".join(rng.choices(_ALPHABET, k=rng.choice((1, 3, 10, 40))))


def number(rng: Random) -> float:
    """Return a number at some limit."""
    return rng.choice((*_NUMBERS, *_SPECIAL))


def value(rng: Random, depth: int = 3) -> Json:
    """Return a value of any type."""
    if depth and rng.random() < 0.03:
        return _extreme(rng)
    kind = rng.randrange(7 if depth else 5)
    if kind == 0:
        return rng.choice((None, True, False))
    if kind == 1:
        return number(rng)
    if kind <= 4:
        return text(rng)
    if kind == 5:
        return [value(rng, depth - 1) for _ in range(rng.choice((0, 1, 2, 5)))]
    return {_key(rng): value(rng, depth - 1) for _ in range(rng.choice((0, 1, 2, 5)))}


def _extreme(rng: Random) -> Json:
    """Return a value that is deep, wide or both."""
    kind = rng.randrange(4)
    if kind == 0:
        found: Json = []
        for _ in range(rng.choice((50, 900, 3000))):
            found = [found] if rng.random() < 0.9 else {"a": found}
        return found
    if kind == 1:
        return [f"v{i}" for i in range(rng.choice((100, 3000)))]
    if kind == 2:
        return {f"k{i}": ["1"] for i in range(rng.choice((100, 3000)))}
    return ["a"] * rng.choice((2, 3000))


def _key(rng: Random) -> str:
    return rng.choice((text(rng), "a", "gpu", "arch", "null", "requires"))


def mutated(rng: Random, tree: Json, times: int, pool: Sequence[Json] = ()) -> Json:
    """Return a copy of a value with so many changes; ``pool`` has strings that mean something."""
    with contextlib.suppress(RecursionError):  # it is deep enough
        for _ in range(times):
            tree = _changed(rng, tree, pool)
    return tree


def _changed(rng: Random, tree: Json, pool: Sequence[Json]) -> Json:
    """Return a value with one change at a random place in it."""
    if isinstance(tree, dict) and tree and rng.random() < 0.85:
        key = rng.choice([*tree])
        return {
            name: _changed(rng, item, pool) if name == key else item for name, item in tree.items()
        }
    if isinstance(tree, list) and tree and rng.random() < 0.7:
        place = rng.randrange(len(tree))
        return [*tree[:place], _changed(rng, tree[place], pool), *tree[place + 1 :]]
    changes = [_replaced, _replaced, _wrapped]
    if isinstance(tree, dict):
        changes += [_without_key, _with_key, _renamed_key, _reordered]
    if isinstance(tree, list):
        changes += [_without_item, _with_item, _repeated_items]
    if isinstance(tree, str):
        changes += [_edited, _edited]
    return rng.choice(changes)(rng, tree, pool)


def _replaced(rng: Random, _: Json, pool: Sequence[Json]) -> Json:
    return rng.choice(pool) if pool and rng.random() < 0.5 else value(rng)


def _wrapped(rng: Random, tree: Json, _: Sequence[Json]) -> Json:
    return rng.choice(([tree], {"a": tree}, [tree, tree], str(tree)[:_LARGE]))


def _without_key(rng: Random, tree: Json, _: Sequence[Json]) -> Json:
    found = dict(tree) if isinstance(tree, dict) else {}
    if found:
        del found[rng.choice([*found])]
    return found


def _with_key(rng: Random, tree: Json, pool: Sequence[Json]) -> Json:
    found = dict(tree) if isinstance(tree, dict) else {}
    keys = [item for item in pool if isinstance(item, str)] or ["a"]
    found[rng.choice((text(rng), rng.choice(keys)))] = value(rng)
    return found


def _renamed_key(rng: Random, tree: Json, pool: Sequence[Json]) -> Json:
    found = dict(tree) if isinstance(tree, dict) else {}
    if found:
        old = rng.choice([*found])
        keys = [item for item in pool if isinstance(item, str)] or ["a"]
        found[rng.choice((text(rng), rng.choice(keys), _edited_text(rng, old)))] = found.pop(old)
    return found


def _reordered(rng: Random, tree: Json, _: Sequence[Json]) -> Json:
    items = list(tree.items()) if isinstance(tree, dict) else []
    rng.shuffle(items)
    return dict(items)


def _without_item(rng: Random, tree: Json, _: Sequence[Json]) -> Json:
    found = list(tree) if isinstance(tree, list) else []
    if found:
        del found[rng.randrange(len(found))]
    return found


def _with_item(rng: Random, tree: Json, pool: Sequence[Json]) -> Json:
    found = list(tree) if isinstance(tree, list) else []
    found.insert(rng.randint(0, len(found)), _replaced(rng, None, pool))
    return found


def _repeated_items(rng: Random, tree: Json, _: Sequence[Json]) -> Json:
    return tree * rng.choice((2, 3, 200)) if isinstance(tree, list) and len(tree) < 100 else tree


def _edited(rng: Random, tree: Json, _: Sequence[Json]) -> Json:
    return _edited_text(rng, tree) if isinstance(tree, str) else tree


def _edited_text(rng: Random, old: str) -> str:
    place = rng.randint(0, len(old))
    return rng.choice(
        (
            old[:place] + rng.choice(_ALPHABET) + old[place:],
            old[:place] + old[place + 1 :],
            old[:place] + text(rng) + old[place:],
            old.upper(),
            f" {old} ",
            old * 2,
        )
    )


def edited_text(rng: Random, old: str, times: int) -> str:
    """Return a string with so many changes."""
    for _ in range(times):
        old = _edited_text(rng, old)
    return old


def edited_bytes(rng: Random, data: bytes, times: int, others: Sequence[bytes] = ()) -> bytes:
    """Return bytes with so many flips, cuts, repeats, splices with ``others``, and insertions."""
    for _ in range(times):
        data = _edited_bytes(rng, data, others)
    return data


def _edited_bytes(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    start, end = sorted((rng.randint(0, len(data)), rng.randint(0, len(data))))
    before, part, after = data[:start], data[start:end], data[end:]
    kind = rng.randrange(7)
    if kind == 0:
        part, after = b"", b""
    elif kind == 1:
        part = b""
    elif kind == 2:
        part = part[:200] * rng.choice((2, 3, 50))
    elif kind == 3 and others:
        other = rng.choice(others)
        part, after = b"", other[rng.randint(0, len(other)) :]
    elif kind == 4:
        part = rng.randbytes(min(len(part), rng.choice((1, 4, 8)))) + part[8:]
    elif kind == 5:
        part = rng.choice(_RAW) + part
    elif part:
        part = bytes([part[0] ^ 1 << rng.randrange(_BITS)]) + part[1:]
    return before + part + after


def encoded(rng: Random, document: str) -> bytes:
    """Return a text in some encoding."""
    return document.encode(rng.choice(_ENCODINGS), "replace")


def as_json(rng: Random, tree: Json) -> bytes:
    """Return a document of a value, in any of the forms that JSON has for it."""
    indent = rng.choice((None, None, 0, 1, 4, "\t"))
    separators = rng.choice((None, (",", ":"), (" ,\n", " :\t")))
    try:
        found = json.dumps(
            tree, indent=indent, separators=separators, ensure_ascii=rng.random() < 0.5
        )
    except RecursionError:
        return b"[" * 5000 + b"]" * 5000
    return found.encode("utf-8", "surrogatepass")


def with_repeated_key(rng: Random, document: bytes) -> bytes:
    """Return a JSON document in which a key occurs twice in one object, if it has one."""
    starts = [i for i, byte in enumerate(document[:_LARGE]) if byte == ord("{")]
    if not starts:
        return document
    place = rng.choice(starts) + 1
    again = document[place : document.find(b":", place)] or b'"a"'
    return document[:place] + again + b": null, " + document[place:]


def shuffled(rng: Random, tree: dict[str, _Item]) -> dict[str, _Item]:
    """Return an object with its keys in another order."""
    items = list(tree.items())
    rng.shuffle(items)
    return dict(items)


def one_of(rng: Random, *makers: Callable[[Random], _Item]) -> _Item:
    """Return what one of several functions makes."""
    return rng.choice(makers)(rng)
