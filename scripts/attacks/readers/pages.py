"""Pages of an index in HTML (PEP 503) and JSON (PEP 691): read by pip, then by the engine."""

from __future__ import annotations

import json
import warnings
from html import escape
from random import Random
from urllib.parse import quote

from pip._internal.index.collector import IndexContent, parse_links
from pip._internal.models.link import Link

from pip_variants.core.filenames import METADATA_SUFFIX, label_of
from pip_variants.pip_adapter.links import release_of, remote_file, source_of, variant_link
from pip_variants.publish.pages import PageFile, project_html, project_json, root_html, root_json
from pip_variants.publish.release_files import group_by_version, is_published
from pip_variants.remote.fetch import unknown_hashes
from pip_variants.remote.release_metadata import MetadataReader
from pip_variants.remote.transport import RemoteFile
from pip_variants.remote.wheel_metadata import WheelReader

from .guard import Case, InProcess, check_text, promise
from .mutations import TEXTS, edited_bytes, edited_text, encoded, mutated, text

_PASSWORD = "of-this-page"  # noqa: S105 - so that it can be looked for
_PAGE = f"https://user:{_PASSWORD}@host/simple/x/"
_HASH = "0" * 64
_FILES = (
    "x-1.0-py3-none-any.whl",
    "x-1.0-py3-none-any-a.whl",
    "x-1.0-1-cp313-cp313-manylinux_2_28_x86_64-cu129.whl",
    "x-1.0+local-py3-none-any-null.whl",
    "x-1.0-variants.json",
    "X.y_z-1!2.0-variants.json",
    "x-1.0.tar.gz",
)
_KEYS = (
    "filename",
    "url",
    "hashes",
    "size",
    "yanked",
    "requires-python",
    "core-metadata",
    "dist-info-metadata",
    "upload-time",
    "meta",
    "files",
    "versions",
    "sha256",
)
_POOL = (*_KEYS, *_FILES, _HASH, *TEXTS)


class Pages(InProcess):
    """Pages that a server, or this project itself, wrote."""

    name = "pages"

    def draw(self, rng: Random) -> Case:
        """Return a page: our own, in JSON or in HTML."""
        kind = rng.randrange(6)
        if kind == 0:
            return _own(rng)
        content, content_type = _json(rng) if kind <= 3 else _html(rng)
        return Case(content, lambda: check_page(content, content_type))


def _json(rng: Random) -> tuple[bytes, str]:
    entries = [_entry(rng) for _ in range(rng.randint(1, 5))]
    page: object = {"meta": {"api-version": "1.1"}, "name": "x", "files": entries}
    kind = rng.random()
    if kind < 0.8:
        page = mutated(rng, page, rng.choice((1, 1, 3)), _POOL)
    try:
        data = json.dumps(page).encode()
    except RecursionError:
        data = b"[" * 5000
    if kind > 0.7:
        data = edited_bytes(rng, data, rng.choice((1, 3)))
    return data, "application/vnd.pypi.simple.v1+json"


def _entry(rng: Random) -> dict[str, object]:
    name = rng.choice(_FILES)
    entry: dict[str, object] = {
        "filename": name,
        "url": _url(rng, name),
        "hashes": {"sha256": _HASH},
    }
    if rng.random() < 0.5:
        entry["size"] = rng.choice((1, 0, -1, 2**70, True, "1"))
        entry["yanked"] = rng.choice((True, False, "a reason", text(rng)))
        entry["requires-python"] = rng.choice((">=3.8", None, text(rng)))
        entry["core-metadata"] = rng.choice((True, False, {"sha256": _HASH}, {"sha256": 1}))
    return entry


def _url(rng: Random, name: str) -> str:
    base = rng.choice(("", "../../files/", "https://other.host/", "//[", "file:///", "http://h:9/"))
    address = f"{base}{quote(name) if rng.random() < 0.7 else name}"
    if rng.random() < 0.3:
        fragments = (f"#sha256={_HASH}", "#blake3=00112233", "#egg=x&subdirectory=..", "#%00", "#")
        address += rng.choice(fragments)
    return edited_text(rng, address, 1) if rng.random() < 0.2 else address


def _html(rng: Random) -> tuple[bytes, str]:
    lines = ["<!DOCTYPE html><html><head>"]
    if rng.random() < 0.3:
        lines.append(f'<base href="{escape(_url(rng, ""))}">')
    lines.append("</head><body>")
    for _ in range(rng.randint(1, 5)):
        name = rng.choice(_FILES)
        attributes = {"href": _url(rng, name)}
        if rng.random() < 0.4:
            key = rng.choice(("data-yanked", "data-core-metadata", "data-requires-python", "rel"))
            attributes[key] = text(rng)
        written = " ".join(f'{key}="{escape(value)}"' for key, value in attributes.items())
        lines.append(f"<a {written}>{escape(name)}</a><br>")
    content = "\n".join(lines).encode("utf-8", "surrogatepass")
    kind = rng.random()
    if kind < 0.1:
        content = encoded(rng, content.decode("utf-8", "replace"))
    elif kind < 0.7:
        content = edited_bytes(rng, content, rng.choice((1, 2, 5)))
    return content, rng.choice(("text/html", "text/html; charset=utf-8", "text/html; charset=x"))


def _links(content: bytes, content_type: str) -> list[Link] | None:
    """Return the links of a page as pip finds them; None: pip itself refuses it."""
    media, _, parameters = content_type.partition(";")
    encoding = parameters.partition("charset=")[2] or None
    page = IndexContent(content, media, encoding, _PAGE, cache_link_parsing=False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return list(parse_links(page))
    except Exception:  # noqa: BLE001 - before any code of ours; whole runs show what pip prints
        return None


def check_page(content: bytes, content_type: str) -> None:
    """Raise BrokenPromiseError unless the links of a page can be used, or pip refuses it."""
    links = _links(content, content_type)
    reader = MetadataReader(WheelReader())
    files: list[RemoteFile] = []
    variant_links = []
    for link in links or ():
        found = variant_link(link)
        promise(found == link, "a link with a label differs from its link")
        promise(found.label == label_of(link.filename), "a link has another label than its name")
        file = remote_file(found)
        promise("#" not in file.url, "the address of a file has a fragment")
        promise(_PASSWORD not in file.shown_url, "a password is shown")
        promise(file.size is None or file.size > 0, "a file has no size")
        for name in unknown_hashes(file):
            check_text(name, "the name of a hash")
        source_of(found)
        files.append(file)
        variant_links.append(found)
        if file.filename.endswith(METADATA_SUFFIX):
            reader.add_listed(file)
    release_of("x", "1.0", tuple(variant_links))
    named = [_Named(item.filename) for item in files if is_published(item.filename)]
    _, invalid = group_by_version(named)
    for _, error in invalid:
        check_text(str(error), "the error about a name")


class _Named:
    """A file of a page by its name."""

    def __init__(self, name: str) -> None:
        self.name = name


def _own(rng: Random) -> Case:
    """Return the files of a project, whose pages have just these links for pip."""
    files = [_page_file(rng) for _ in range(rng.randint(1, 6))]
    html, data = project_html("x", files), project_json("x", files)

    def check() -> None:
        root_html(["x", "<y>"], files)
        root_json(["x"])
        expected = [(item.name, item.sha256, item.yanked is not None) for item in files]
        pages = {"text/html": html, "application/vnd.pypi.simple.v1+json": data}
        for content_type, page in pages.items():
            links = _links(page, content_type)
            promise(links is not None, "pip cannot read a page of ours")
            found = [(link.filename, str(link.hash), link.is_yanked) for link in links or ()]
            promise(found == expected, "pip finds other files on a page of ours")

    return Case(files, check)


def _page_file(rng: Random) -> PageFile:
    name = rng.choice(_FILES)
    if rng.random() < 0.3:
        start, dot, end = name.rpartition(".")
        weird = "".join(rng.choices("a &<>\"'#?;+=\u00e9\u202e~", k=3))
        name = f"{start}{weird}{dot}{end}"
    return PageFile(
        name,
        f"../{quote(name)}",
        rng.choice((0, 1, 2**40)),
        _HASH,
        "1.0",
        rng.choice(("", ">=3.8", "<3 & \"x'")),
        rng.choice(("", _HASH)),
        rng.choice((None, "", 'a <b> & "c"\'')),
    )
