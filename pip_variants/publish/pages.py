"""The pages of an index: HTML (PEP 503, 592, 714) and JSON (PEP 691, 700), as text."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

API_VERSION = "1.1"
GENERATOR = '<meta name="generator" content="pip variants index">'
"""What every HTML page has that is written here."""


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file on a page, with its address relative to the page.

    ``version`` is "" for a metadata file. ``metadata`` is the hash of the ``.metadata`` file beside
    a wheel, or "". ``yanked`` is the reason for which it is yanked, or None.
    """

    name: str
    url: str
    size: int
    sha256: str
    version: str = ""
    requires_python: str = ""
    metadata: str = ""
    yanked: str | None = None


def project_html(project: str, files: Iterable[PageFile]) -> bytes:
    """Return the HTML page of a project."""
    return _html(f"Links for {project}", map(_anchor, files))


def project_json(project: str, files: Sequence[PageFile]) -> bytes:
    """Return the JSON page of a project."""
    versions = list(dict.fromkeys(file.version for file in files if file.version))
    entries = [_entry(file) for file in files]
    return _json({"name": project, "versions": versions, "files": entries})


def root_html(projects: Iterable[str], files: Iterable[PageFile] = ()) -> bytes:
    """Return the HTML page with all projects; ``files`` are those that lie beside it.

    An index needs only the projects; the files serve --find-links.
    """
    links = [f'<a href="{html.escape(name)}/">{html.escape(name)}</a>' for name in projects]
    return _html("Simple index", [*links, *map(_anchor, files)])


def root_json(projects: Iterable[str]) -> bytes:
    """Return the JSON page with all projects."""
    return _json({"projects": [{"name": name} for name in projects]})


def _anchor(file: PageFile) -> str:
    attributes = {"href": f"{file.url}#sha256={file.sha256}"}
    if file.requires_python:
        attributes["data-requires-python"] = file.requires_python
    if file.metadata:
        for name in ("data-core-metadata", "data-dist-info-metadata"):
            attributes[name] = f"sha256={file.metadata}"
    if file.yanked is not None:
        attributes["data-yanked"] = file.yanked
    text = " ".join(f'{name}="{html.escape(value)}"' for name, value in attributes.items())
    return f"<a {text}>{html.escape(file.name)}</a>"


def _entry(file: PageFile) -> dict[str, object]:
    entry: dict[str, object] = {
        "filename": file.name,
        "url": file.url,
        "hashes": {"sha256": file.sha256},
        "size": file.size,
    }
    if file.requires_python:
        entry["requires-python"] = file.requires_python
    if file.metadata:
        entry["core-metadata"] = entry["dist-info-metadata"] = {"sha256": file.metadata}
    if file.yanked is not None:
        entry["yanked"] = file.yanked or True
    return entry


def _html(title: str, links: Iterable[str]) -> bytes:
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta name="pypi:repository-version" content="{API_VERSION}">',
        GENERATOR,
        f"<title>{html.escape(title)}</title>",
        "</head>",
        "<body>",
        *(f"{link}<br>" for link in links),
        "</body>",
        "</html>",
    ]
    # The text of a link may differ from the name of a file that is not UTF-8; its address counts.
    return "".join(f"{line}\n" for line in lines).encode(errors="replace")


def _json(page: Mapping[str, object]) -> bytes:
    return f"{json.dumps({'meta': {'api-version': API_VERSION}, **page})}\n".encode()
