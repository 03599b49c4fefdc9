"""Wheels that are not what they should be: their archive, their metadata, their members."""

from __future__ import annotations

import io
import json
import random
import struct
import warnings
import zipfile
from collections.abc import Callable

from .hostile_text import hostile, mutated_json
from .oracle import OUTSIDE

Members = dict[str, bytes]
_FILL = 17 << 20
_NAMES = (
    *(
        "../evil.py",
        "../../evil",
        str(OUTSIDE),
        "a/../../evil",
        "a\\..\\evil",
        "C:\\evil",
        "",
    ),
    *(
        "evil.pth",
        "x" * 300,
        "a/" * 200 + "b",
        "con",
        "\x1b[31mevil",
        "\u202eevil",
        "evil\n",
        "./a",
    ),
    *("pip/__init__.py", "json.py", "a//b", "é", "a.dist-info/METADATA", "a/", "bin/python", "."),
    *("~pip-changes-x/done-pip", "~pip-changes-x/done-proj0-1.0.dist-info", "pip-run-x/kept"),
    *("~pip-changes-x", "~roj0/x.py"),
)
_DATA = (
    "scripts/x",
    "scripts/../../../x",
    "data/../../x",
    "purelib/y",
    "none/z",
    "headers/../h",
    "",
)
_ENTRY_POINTS = (
    "[console_scripts]\n{0} = a:b\n",
    "[console_scripts]\nx = {0}:b\n",
    "[gui_scripts]\n/{0} = a:b\n",
    "[console_scripts]\n../../{0} = a:b\n",
    "[{0}]\nx = a\n",
    "{0}",
    "[console_scripts\nx=",
    "[console_scripts]\nx = a:b [{0}]\nx = c:d\n",
)
_METADATA_LINES = (
    *("Name: {0}", "Version: {0}", "Requires-Dist: {0}", "Requires-Dist: a; {0}", "{0}", "Name: b"),
    *(
        "Requires-Python: {0}",
        "Metadata-Version: {0}",
        "Metadata-Version: 9.9",
        "Provides-Extra: {0}",
    ),
    *(
        'Requires-Dist: a; variant_label == "{0}"',
        "Version: 9.9",
        "Requires-Dist: a @ file:///dev/zero",
    ),
    *(
        'Requires-Dist: a; "x" in variant_properties or {0}',
        "Requires-Python: >=99",
        "Summary: {0}",
    ),
    'Requires-Dist: a; "' + "(" * 300,
    *("Content-Type: multipart/mixed; boundary=x", "Content-Type: message/rfc822", " {0}"),
    *("Classifier: a\n {0}", "Project-URL: a\n ERROR: b", "Version: " + "9" * 5000),
)


def mutated_wheel(rng: random.Random, wheel: bytes) -> bytes:
    """Return a wheel with one to three differences in its members, and perhaps in its archive."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    if rng.random() < 0.85:
        for _ in range(rng.choice([1, 1, 2, 3])):
            rng.choice(_MEMBER_CHANGES)(rng, members)
    data = _packed(rng, members)
    if rng.random() < 0.3:
        data = rng.choice(_ARCHIVE_CHANGES)(rng, data)
    return data


def _packed(rng: random.Random, members: Members) -> bytes:
    method = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
    if sum(map(len, members.values())) > _FILL:  # what is requested is a small file
        method = zipfile.ZIP_DEFLATED
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name that is there twice
        for name, data in members.items():
            entry = zipfile.ZipInfo(name.replace("\0", ""))
            entry.compress_type = method
            mode = rng.choice([0o644] * 20 + [0o120777, 0o10644, 0o40755, 0o0, 0o104755, 0o777])
            entry.external_attr = mode << 16
            archive.writestr(entry, data)
            if rng.random() < 0.01:
                archive.writestr(entry, data + b"x")
    return file.getvalue()


def _find(members: Members, name: str) -> str:
    return next((member for member in members if member.endswith(f".dist-info/{name}")), name)


def _info(members: Members) -> str:
    return _find(members, "METADATA").rpartition("/")[0]


def _text(rng: random.Random) -> bytes:
    return hostile(rng, "name").encode("utf-8", "surrogatepass")


def _metadata(rng: random.Random, members: Members) -> None:
    name = _find(members, "METADATA")
    text = members.get(name, b"")
    line = rng.choice(_METADATA_LINES).replace("{0}", hostile(rng, "x"))
    lines = text.split(b"\n")
    lines.insert(rng.randint(0, len(lines)), line.encode("utf-8", "surrogatepass"))
    if rng.random() < 0.3:
        del lines[rng.randrange(len(lines))]
    members[name] = rng.choice([b"\n", b"\n", b"\r\n"]).join(lines)
    if rng.random() < 0.05:
        members[name] = b"".join(b"Requires-Dist: a%d\n" % number for number in range(30_000))


def _wheel_file(rng: random.Random, members: Members) -> None:
    name = _find(members, "WHEEL")
    text = members.get(name, b"")
    changes = (
        (
            b"Wheel-Version: 1.0",
            b"Wheel-Version: " + rng.choice([b"9.9", b"x", b"", b"1.9", _text(rng)]),
        ),
        (b"Root-Is-Purelib: true", b"Root-Is-Purelib: " + rng.choice([b"false", b"", _text(rng)])),
        (b"Tag: ", b"Tag: " + _text(rng)),
        (b"Generator", _text(rng)),
    )
    members[name] = text.replace(*rng.choice(changes))


def _record(rng: random.Random, members: Members) -> None:
    name = _find(members, "RECORD")
    text = members.get(name, b"")
    path = rng.choice(_NAMES).encode("utf-8", "surrogatepass")
    rows = (
        b"%s,,\n" % path,
        b"%s,sha256=x,1\n" % path,
        b"a\n",
        b'"',
        b",,,,,,\n",
        b"\n",
        b"/dev/zero,sha256=x,1\n",
        b"a\0b,,\n",
        b"\xff,,\n",
        text,
    )
    members[name] = rng.choice([text + rng.choice(rows), rng.choice(rows), b"", text[:-5]])


def _variant_json(rng: random.Random, members: Members) -> None:
    name = _find(members, "variant.json")
    text = members.get(name, b'{"variants": {"x": {}}}')
    kind = rng.randrange(8)
    if kind < 3:
        members[name] = mutated_json(rng, text)
    elif kind == 3:
        members.pop(name, None)
    elif kind == 4:
        members[name] = b" " * _FILL + text
    elif kind == 5:
        members[f"{_info(members)}/variant.json/x"] = members.pop(name, b"")
    elif isinstance(document := _parsed(text), dict) and isinstance(document["variants"], dict):
        document["variants"][hostile(rng, "v")] = {"gpu": {"arch": [hostile(rng, "a")]}}
        members[name] = json.dumps(document).encode("utf-8", "surrogatepass")


def _parsed(text: bytes) -> object:
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document if isinstance(document, dict) and "variants" in document else None


def _entry_points(rng: random.Random, members: Members) -> None:
    text = rng.choice(_ENTRY_POINTS).replace("{0}", hostile(rng, "x"))
    members[f"{_info(members)}/entry_points.txt"] = text.encode("utf-8", "surrogatepass")


def _add(rng: random.Random, members: Members) -> None:
    name = rng.choice([*_NAMES, hostile(rng, "evil.py")])
    if rng.random() < 0.4:
        name = f"{_info(members).removesuffix('.dist-info')}.data/{rng.choice(_DATA)}"
    name = name.encode("utf-8", "replace").decode()
    members[name] = rng.choice([b"x = 1\n", b"#!python\n", b"", b"../../home/secret"])


def _remove(rng: random.Random, members: Members) -> None:
    members.pop(rng.choice([*members]), None)


def _noise(rng: random.Random, members: Members) -> None:
    if members:
        members[rng.choice([*members])] = rng.randbytes(rng.randint(0, 200))


def _rename(rng: random.Random, members: Members) -> None:
    old = _info(members)
    new = rng.choice(["other-1.0.dist-info", f"{old}.dist-info", old.upper(), ".dist-info", "x.y"])
    for name in [*members]:
        if name.startswith(f"{old}/") and rng.random() < 0.8:
            members[name.replace(old, new, 1)] = members.pop(name)


def _two(rng: random.Random, members: Members) -> None:
    members[
        f"{rng.choice(['other', 'proj0', hostile(rng)])}-1.0.dist-info/METADATA".encode(
            "utf-8", "replace"
        ).decode()
    ] = b"Name: x\nVersion: 1\n"


def _fill(rng: random.Random, members: Members) -> None:
    name = rng.choice(["METADATA", "RECORD", "WHEEL", "entry_points.txt", "direct_url.json"])
    line = rng.choice([b"\n", b",,\n", b",", b"A:\n", b"a=b\n", b"[", b"{"])
    size = rng.choice([1 << 18, 1 << 20, 1 << 22, _FILL])
    place = _find(members, name)
    place = f"{_info(members)}/{name}" if place == name else place
    members[place] = members.get(place, b"") + line * (size // len(line))


_DIRECT_URLS = (
    *(b"5", b"[]", b"{}", b"9" * 5000, b'{"url": 5}', b"[" * 9999, b"\xff", b'{"url": "x"}'),
    b'{"url": "file://host/x", "dir_info": {"editable": true}}',
    b'{"url": "http://u:password@127.0.0.1/", "archive_info": {}}',
)


def _installer_file(rng: random.Random, members: Members) -> None:
    """Add what only an installer writes."""
    name = rng.choice(["direct_url.json", "direct_url.json", "INSTALLER", "REQUESTED"])
    members[f"{_info(members)}/{name}"] = rng.choice([*_DIRECT_URLS, _text(rng)])


_MEMBER_CHANGES: tuple[Callable[[random.Random, Members], None], ...] = (
    *(_metadata, _metadata, _metadata, _wheel_file, _record, _record),
    *(_variant_json, _variant_json, _variant_json, _variant_json, _entry_points, _entry_points),
    *(_add, _add, _remove, _noise, _rename, _two, _fill, _installer_file),
)


def _flip(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    start = rng.choice([0, data.rfind(b"PK\x01\x02"), data.rfind(b"PK\x05\x06"), len(data) // 2])
    for _ in range(rng.choice([1, 2, 8])):
        place = min(len(data) - 1, start + rng.randrange(80))
        changed[place] = rng.randrange(256)
    return bytes(changed)


def _cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randint(0, len(data))]


def _around(rng: random.Random, data: bytes) -> bytes:
    junk = rng.randbytes(rng.choice([1, 100, 70_000]))
    return rng.choice([junk + data, data + junk, junk, b""])


def _sizes(rng: random.Random, data: bytes) -> bytes:
    """Return an archive whose directory states another size of one member."""
    changed = bytearray(data)
    places = [number for number in range(len(data)) if data.startswith(b"PK\x01\x02", number)]
    if places:
        field = rng.choice([20, 24, 42])
        value = rng.choice([0, 1, 10**6, 0x7FFFFFFF, 0xFFFFFFFF])
        struct.pack_into("<I", changed, rng.choice(places) + field, value)
    return bytes(changed)


def _flags(rng: random.Random, data: bytes) -> bytes:
    """Return an archive with another method or flags, such as those of encryption."""
    changed = bytearray(data)
    places = [number for number in range(len(data)) if data.startswith(b"PK\x01\x02", number)]
    if places:
        field = rng.choice([8, 10, 28, 30, 32])
        value = rng.choice([0, 1, 9, 12, 14, 99, 0x800, 0xFFFF])
        struct.pack_into("<H", changed, rng.choice(places) + field, value)
    return bytes(changed)


_ARCHIVE_CHANGES: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    *(_flip, _flip, _cut, _around, _sizes, _sizes, _flags),
)
