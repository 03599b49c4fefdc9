"""Pages of an index that are not what they should be: what is wrong is left out, with a warning."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from pip._internal.index.collector import IndexContent
from pip._internal.models.link import Link

from .failures import shown_url
from .printing import quoted

logger = logging.getLogger(__name__)

MAX_FILES = 100_000
"""Of a page; those of the largest projects have some ten thousand."""


class InvalidPageError(Exception):
    """A page, or an entry of one, is invalid; the text says what is wrong with it."""


def links_of(parse: Callable[[IndexContent], Iterable[Link]], page: IndexContent) -> list[Link]:
    """Return the links of a page; none, after a warning, if it cannot be read."""
    try:
        return list(parse(page))
    except InvalidPageError as error:
        reason = str(error)
    except (ValueError, LookupError, AssertionError, RecursionError) as error:
        reason = f"it cannot be read: {quoted(str(error))}"
    logger.warning("Ignoring the page %s: %s", shown_url(page.url), reason)
    return []


def files_of(page: object, url: str) -> Iterator[dict[str, object]]:
    """Yield the valid files of a page in JSON (PEP 691); warn once if there are others.

    Raise InvalidPageError if it has no list of files.
    """
    if not isinstance(page, dict):
        raise InvalidPageError("it is not a JSON object")
    files = page.get("files", [])
    if not isinstance(files, list):
        raise InvalidPageError("its files are not a list")
    if len(files) > MAX_FILES:
        raise InvalidPageError(f"it has more than {MAX_FILES:,} files")
    problems = []
    for file in files:
        try:
            _check(file)
        except InvalidPageError as error:
            problems.append(str(error))
        else:
            yield _without_empty_hashes(file)
    if problems:
        number = f"{len(problems)} files" if len(problems) > 1 else "a file"
        logger.warning("Ignoring %s of the page %s: %s", number, shown_url(url), problems[0])


def link_or_none(make: Callable[..., Link | None], *values: object, **named: object) -> Link | None:
    """Return the link that ``make`` returns; None, after a warning, if its URL is invalid.

    One to a repository is invalid, too; of another scheme, such as a mail address, it is none.
    """
    try:
        link = make(*values, **named)
        return link if link is None or _names_file(link) else None
    except ValueError as error:
        page = named.get("page_url", values[-1])
        reason = quoted(str(error))
        logger.warning("Ignoring a link of the page %s: %s", shown_url(str(page)), reason)
        return None


def _names_file(link: Link) -> bool:
    """Return whether a link may be one to a file; raise ValueError if pip would not take it so."""
    if link.scheme in ("http", "https"):
        return True
    if link.is_vcs:
        raise ValueError(f"{link.scheme} is the scheme of a repository, and not of a file")
    return link.is_file and bool(link.file_path)


def _check(file: object) -> None:
    """Raise InvalidPageError if a file of a page has not the types of PEP 691 and PEP 700."""
    if not isinstance(file, dict):
        raise InvalidPageError("it is not a JSON object")
    for key, (is_valid, expected) in _KEYS.items():
        if file.get(key) is not None and not is_valid(file[key]):
            raise InvalidPageError(f"its {key} is not {expected}")


def _without_empty_hashes(file: dict[str, object]) -> dict[str, object]:
    """Return a file with its hashes that are some."""
    hashes = file.get("hashes")
    if not isinstance(hashes, dict) or all(hashes.values()):
        return file
    return {**file, "hashes": {name: digest for name, digest in hashes.items() if digest}}


def _is_hashes(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(digest, str) for digest in value.values())


def _is_metadata(value: object) -> bool:
    return isinstance(value, bool) or _is_hashes(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_size(value: object) -> bool:
    return isinstance(value, int) and value >= 0


def _is_time(value: object) -> bool:
    try:
        datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        return False
    return isinstance(value, str)


_KEYS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "url": (_is_text, "a string"),
    "filename": (_is_text, "a string"),
    "hashes": (_is_hashes, "a table of strings"),
    "requires-python": (_is_text, "a string"),
    "core-metadata": (_is_metadata, "a boolean or a table of strings"),
    "dist-info-metadata": (_is_metadata, "a boolean or a table of strings"),
    "yanked": (lambda value: isinstance(value, (bool, str)), "a boolean or a string"),
    "size": (_is_size, "a number of bytes"),
    "upload-time": (_is_time, "a time"),
}
