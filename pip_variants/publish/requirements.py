"""Dependencies in METADATA, added or replaced; every other byte of it stays."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pip._vendor.packaging.utils import canonicalize_name

from pip_variants.core.errors import RequestError, quoted
from pip_variants.core.markers import PLAIN, bind_markers, variant_comparisons
from pip_variants.core.target_markers import parse_requirement

_Key = tuple[str, frozenset[str]]
"""A project, and the extras of the distribution that need it."""

_extras = re.compile(r"""\bextra\s*==\s*['"]([^'"]*)['"]""").findall


def check_requirement(text: str) -> None:
    """Raise RequestError for a text that is no dependency with a marker about variants."""
    try:
        _key(text)
    except ValueError:
        raise RequestError(f"{quoted(text)} is not a valid requirement") from None
    if not variant_comparisons(text):
        raise RequestError(
            f"{quoted(text)} has no marker about variants, such as variant_label == 'cu129'"
        )


def with_requirements(metadata: bytes, requirements: Sequence[str]) -> bytes:
    """Return METADATA with these dependencies, which are valid.

    They replace those on the same projects, each among the dependencies of the same extras.
    """
    fields = list(_fields(metadata))
    body = metadata[sum(map(len, fields)) :]
    newline = b"\r\n" if metadata.partition(b"\n")[0].endswith(b"\r") else b"\n"
    new = {_key(text) for text in requirements}
    dependencies = [i for i, field in enumerate(fields) if _is_dependency(field)]
    replaced = [i for i in dependencies if _key_or_none(fields[i]) in new]
    place = replaced[0] if replaced else dependencies[-1] + 1 if dependencies else len(fields)
    if fields and not fields[-1].endswith(b"\n"):
        fields[-1] += newline
    added = [b"Requires-Dist: " + text.strip().encode() + newline for text in requirements]
    before, after = (
        fields[:place],
        [field for i, field in enumerate(fields) if i >= place and i not in replaced],
    )
    return b"".join([*before, *added, *after, body])


def variant_markers(metadata: bytes) -> tuple[tuple[str, str], ...]:
    """Return each comparison about variants in METADATA: the marker's name and the string."""
    texts = map(_text, filter(_is_dependency, _fields(metadata)))
    return tuple(found for text in texts for found in variant_comparisons(text))


def _is_dependency(field: bytes) -> bool:
    return field.lower().startswith(b"requires-dist:")


def _text(field: bytes) -> str:
    """Return the value of a field on one line."""
    return " ".join(field.decode("utf-8", "replace").partition(":")[2].split())


def _fields(metadata: bytes) -> Iterator[bytes]:
    """Yield each field with its further lines and the ends of lines."""
    current = b""
    for line in metadata.splitlines(keepends=True):
        if not line.strip(b"\r\n"):
            break
        if current and not line.startswith((b" ", b"\t")):
            yield current
            current = b""
        current += line
    if current:
        yield current


def _key(text: str) -> _Key:
    """Return which dependencies one replaces; raise ValueError if it is invalid."""
    if not text.isprintable():
        raise ValueError("line breaks")
    requirement = parse_requirement(bind_markers(text, PLAIN))
    _, _, marker = text.partition(";")
    return canonicalize_name(requirement.name), frozenset(map(canonicalize_name, _extras(marker)))


def _key_or_none(field: bytes) -> _Key | None:
    try:
        return _key(_text(field))
    except ValueError:  # a finding of lint
        return None
