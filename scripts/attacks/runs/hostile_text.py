"""Names, links and values that somebody might put into a page, a document or a file, at random."""

from __future__ import annotations

import html
import json
import random
import re
from collections.abc import Callable
from typing import Any

_PARTS = (
    *("", " ", ".", "..", "/", "\\", "-", "_", "%2e%2e%2f", "%00", "%0a", "%252f", "%", "#", "?"),
    *(
        "\x1b[31m",
        "\x07",
        "\r",
        "\n",
        "\t",
        "\x00",
        "\x9b2J",
        "\u202e",
        "\u2066",
        "\u200b",
        "\ufeff",
    ),
    *("\u2028", "\ue000", "\U000e0001", "\ud800", "e\u0301", "ß", "名前", "'", '"', "<b>", "&amp;"),
    *(
        "${HOME}",
        "$(id)",
        "`id`",
        "{}",
        "{0}",
        "%s",
        "[red]",
        "[/]",
        ":warning:",
        "a" * 300,
        "0",
        "9" * 5000,
    ),
)
_VALUES: tuple[object, ...] = (
    *(None, True, False, 0, -1, 1.5, 10**30, "", "x", [], {}, [[]], {"": ""}, [None], "1" * 5000),
    *("\u202e", "\x1b[2J", "../../../../tmp/x", "file:///proc/version", "http://[::1", "//[x"),
)
_HREFS = (
    *(
        "file:///dev/zero",
        "file:///proc/version",
        "http://[::1",
        "http://127.0.0.1:1/x.whl",
        "//[x",
    ),
    *("javascript:0", "data:,", "http://user:password@127.0.0.1:1/a", "../../../../attack-outside"),
    *(
        "file://host/proj0-9.0-py3-none-any.whl",
        "git+ssh://127.0.0.1:1/proj0-9.0-py3-none-any.whl",
        "git+file:///nowhere/proj0-9.0.tar.gz",
        "//user:password@127.0.0.1:1/proj0-9.0-py3-none-any.whl",
        f"proj0-{'9' * 5000}-py3-none-any.whl",
    ),
    *("?x", "#sha256=zz", "#egg=a&subdirectory=..", "http://127.0.0.1:99999999/", "\\\\h\\x", ""),
)
_HASHES: tuple[object, ...] = (
    *({"sha256": "0" * 64}, {"sha256": "x"}, {"md5": ""}, [], {"shake_128": "00"}),
    *({"a\nERROR: b": "0"}, {f"hash{number}": "0" for number in range(1000)}),
)


def hostile(rng: random.Random, text: str = "") -> str:
    """Return a text with parts that are hostile to a reader, a path or a terminal."""
    parts = rng.choices(_PARTS, k=rng.randint(1, 3))
    place = rng.randint(0, len(text))
    return text[:place] + "".join(parts) + text[place:]


def value(rng: random.Random, old: object) -> object:
    """Return something else where a value was."""
    if isinstance(old, str) and rng.random() < 0.5:
        return hostile(rng, old)
    if rng.random() < 0.1:
        return [old] * rng.choice([2, 50])
    return rng.choice(_VALUES)


def mutate(rng: random.Random, document: object) -> object:
    """Return a parsed document in which one thing is different."""
    if isinstance(document, dict) and document:
        key = rng.choice([*document])
        changed = {**document}
        action = rng.random()
        if action < 0.6:
            changed[key] = mutate(rng, document[key])
        elif action < 0.75:
            changed[key] = value(rng, document[key])
        elif action < 0.85:
            del changed[key]
        else:
            changed[hostile(rng, str(key))] = document[key]
        return changed
    if isinstance(document, list) and document:
        place = rng.randrange(len(document))
        items = [*document]
        action = rng.random()
        if action < 0.7:
            items[place] = mutate(rng, items[place])
        elif action < 0.85:
            items.insert(place, value(rng, items[place]))
        else:
            del items[place]
        return items
    return value(rng, document)


def mutated_json(rng: random.Random, body: bytes) -> bytes:
    """Return a JSON document with some differences, or with a damage of its text."""
    try:
        document: Any = json.loads(body)
    except (ValueError, RecursionError):  # it has been mutated before
        return body + b"}"
    for _ in range(rng.choice([1, 1, 2, 5])):
        document = mutate(rng, document)
    if (
        isinstance(document, dict)
        and isinstance(document.get("files"), list)
        and rng.random() < 0.5
    ):
        _mutate_files(rng, document["files"])
    text = json.dumps(document, ensure_ascii=rng.random() < 0.5)
    damages: tuple[Callable[[str], str], ...] = (
        lambda text: text[: rng.randint(0, len(text))],
        lambda text: text.replace(":", ": NaN, ", 1),
        lambda text: f"{text}{text}",
        lambda text: text.replace('"', "'", 2),
    )
    if rng.random() < 0.1:
        text = rng.choice(damages)(text)
    return text.encode("utf-8", "surrogatepass")


_FILE_KEYS = (
    *("filename", "url", "hashes", "requires-python", "yanked", "core-metadata", "size"),
    *("data-dist-info-metadata", "dist-info-metadata", "upload-time", "provenance", "gpg-sig"),
)


def _mutate_files(rng: random.Random, files: list[Any]) -> None:
    for entry in files:
        if isinstance(entry, dict) and rng.random() < 0.4:
            key = rng.choice(_FILE_KEYS)
            old = entry.get(key)
            if key == "url":
                entry[key] = rng.choice(_HREFS)
            elif key == "hashes":
                entry[key] = rng.choice(_HASHES)
            else:
                entry[key] = value(rng, old)


def mutated_html(rng: random.Random, body: bytes) -> bytes:
    """Return a page of links with other names, links, hashes and attributes."""
    lines = body.decode("utf-8", "replace").split("\n")
    links = [number for number, line in enumerate(lines) if "<a " in line]
    for number in rng.sample(links, min(len(links), rng.choice([1, 1, 3, 100]))):
        lines[number] = rng.choice(_LINK_CHANGES)(rng, lines[number])
    if rng.random() < 0.1:
        base = html.escape(rng.choice(_HREFS), quote=True)
        lines.insert(1, f'<base href="{base}">')
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _attribute(rng: random.Random, line: str) -> str:
    name = rng.choice(
        ["data-yanked", "data-requires-python", "data-core-metadata", "data-dist-info-metadata"]
    )
    text = rng.choice(["", ">=99", "<4", "sha256=0", "true", "=", hostile(rng, ">=3"), "x" * 9000])
    return line.replace("<a ", f'<a {name}="{html.escape(text, quote=True)}" ', 1)


def _href(rng: random.Random, line: str) -> str:
    address = html.escape(rng.choice(_HREFS), quote=True)
    return re.sub(r'href="[^"]*"', lambda _: f'href="{address}"', line)


def _hash(rng: random.Random, line: str) -> str:
    fragment = rng.choice(["", "#", "#sha256=00", "#md5=0", "#sha256=" + "0" * 64, "#sha512=é"])
    return re.sub(r"#sha256=\w+", lambda _: fragment, line)


def _name(rng: random.Random, line: str) -> str:
    found = re.search(r'href="([^"#]*)', line)
    if found is None:
        return line
    name = found[1]
    return line.replace(name, html.escape(hostile(rng, name), quote=True))


def _label(rng: random.Random, line: str) -> str:
    label = rng.choice(["a" * 40, "..", "null", "A-B", hostile(rng), "-", "v0-v1", "\u202e", "é"])
    return line.replace("-any.whl", f"-any-{html.escape(label, quote=True)}.whl")


def _damage(rng: random.Random, line: str) -> str:
    place = rng.randint(0, len(line))
    return (
        line[:place]
        + rng.choice(["<", ">", '"', "&#0;", "&#x110000;", "<!--", "\x00"])
        + line[place:]
    )


_LINK_CHANGES = (_attribute, _attribute, _href, _hash, _name, _name, _label, _damage)
