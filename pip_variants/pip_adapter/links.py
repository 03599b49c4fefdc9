"""Links of pip whose file names are parsed, with the choice that was made among them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pip_variants.core.decision import CandidateFile, Decision, Release, SelectedVariant
from pip_variants.core.filenames import label_of
from pip_variants.core.properties import Label
from pip_variants.remote.transport import RemoteFile

from .compat import Link, all_hashes, copy_link, redact_auth_from_url

if TYPE_CHECKING:
    from .compat import InstallRequirement

_REMOTE_SCHEMES = ("http", "https")
_NO_HASHES = ("egg", "subdirectory")
_is_hash = re.compile(r"[0-9a-fA-F]{8,}").fullmatch


@dataclass(frozen=True, slots=True)
class Choice:
    """Why pip takes a file: its variant (None: plain) and the decision (None: the user gave it).

    ``links`` are those of the files that the decision is about, in its order.
    """

    project: str
    version: str
    selected: SelectedVariant | None = None
    decision: Decision | None = None
    links: tuple[VariantLink, ...] = ()


class VariantLink(Link):
    """A link with its label, None if it is not a variant wheel, and the choice once it is made.

    It equals every other link with the same URL, so that pip's own tables find it.
    """

    __slots__ = ("choice", "label")

    def __init__(self, link: Link, label: Label | None, choice: Choice | None = None) -> None:
        copy_link(link, self)
        self.label = label
        self.choice = choice


def variant_link(link: Link) -> VariantLink:
    """Return a link with its label; the file name is parsed only once."""
    return link if isinstance(link, VariantLink) else VariantLink(link, label_of(link.filename))


def choice_of(link: Link) -> Choice | None:
    """Return the choice that led to a link, if there was one."""
    return link.choice if isinstance(link, VariantLink) else None


def link_of(req: InstallRequirement) -> Link | None:
    """Return the link of the file that a requirement takes, also if its wheel is cached."""
    return req.cached_wheel_source_link or req.link


def set_link(req: InstallRequirement, link: VariantLink) -> None:
    """Replace the link of ``link_of`` by the same link with a choice."""
    if req.cached_wheel_source_link is not None:
        req.cached_wheel_source_link = link
    else:
        req.link = link


def is_remote_wheel(link: Link) -> bool:
    """Return whether a link is a wheel on a server."""
    return link.is_wheel and link.scheme in _REMOTE_SCHEMES


def source_of(link: Link) -> str:
    """Return the page that lists a link, or the folder that it lies in."""
    page = link.comes_from
    return page if isinstance(page, str) and page else link.url.rsplit("/", 1)[0] + "/"


def remote_file(link: Link) -> RemoteFile:
    """Return a link as ``remote`` takes it."""
    return RemoteFile(
        filename=link.filename,
        url=link.url.partition("#")[0],
        shown_url=link.redacted_url.partition("#")[0],
        source=source_of(link),
        hashes={**_fragment_hashes(link), **all_hashes(link)},
        path=_path(link),
        is_listed=bool(link.comes_from),
        label=link.label if isinstance(link, VariantLink) else None,
        size=_stated_size(link),
    )


def _path(link: Link) -> Path | None:
    """Return the path of a file on a local disk; None: it is on a server, or has no valid path."""
    try:
        return Path(link.file_path) if link.is_file else None
    except ValueError:  # another host
        return None


def _fragment_hashes(link: Link) -> dict[str, str]:
    """Return what pip does not take for a hash at the end of a URL, by algorithm."""
    parts = (part.partition("=") for part in link.url.partition("#")[2].split("&"))
    return {name: value for name, _, value in parts if _is_hash(value) and name not in _NO_HASHES}


def _stated_size(link: Link) -> int | None:
    """Return the bytes of a file as a page in JSON states them, or None."""
    size: object = getattr(link, "size", None)  # our own patches add it
    return size if type(size) is int and size > 0 else None


def release_of(project: str, version: str, links: tuple[VariantLink, ...]) -> Release:
    """Return the files of a version as ``core`` takes them."""
    files = tuple(
        CandidateFile(link.filename, link.label, redact_auth_from_url(source_of(link)))
        for link in links
    )
    return Release(project, version, files)
