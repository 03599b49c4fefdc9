"""The fields of METADATA and WHEEL against the name of their wheel (PEP 427, core metadata)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from configparser import Error as ConfigError
from configparser import RawConfigParser
from email.parser import HeaderParser

from pip._vendor.packaging.specifiers import SpecifierSet
from pip._vendor.packaging.tags import Tag, parse_tag
from pip._vendor.packaging.utils import canonicalize_name
from pip._vendor.packaging.version import Version

from pip_variants.core.errors import quoted
from pip_variants.core.markers import PLAIN, bind_markers, variant_comparisons
from pip_variants.core.properties import (
    is_feature,
    is_label,
    is_namespace,
    is_value,
    split_parts,
)
from pip_variants.formats.wheel_content import ENTRY_POINTS, METADATA, WHEEL

from .findings import Finding, finding
from .markers import is_valid

_has_variant_marker = re.compile(r"\bvariant_(?:label|namespaces|features|properties)\b").search
# The fields of core metadata that have markers, or have had them, besides Requires-Dist.
_OTHER_FIELDS = ("Requires-External", "Provides-Dist", "Obsoletes-Dist", "Requires-Python")
_linux_standard = re.compile(r"-(?:many|musl)linux[0-9]*(?:_[0-9]+_[0-9]+)?").sub
_wheel_version = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})").fullmatch

_SCRIPTS = ("console_scripts", "gui_scripts")
_is_function = re.compile(r"[\w.]+\s*:\s*[\w.]+\s*(\[[^\[\]]*\])?").fullmatch
_DASHES = 2

Fields = Sequence[tuple[str, str]]


def parse_fields(text: bytes) -> Fields:
    """Return the names and values of the fields of METADATA or WHEEL, in their order."""
    return [
        (name, value.strip())
        for name, value in HeaderParser().parsestr(text.decode("utf-8", "replace")).items()
    ]


def check_metadata(file: str, name: tuple[str, Version], fields: Fields) -> Iterator[Finding]:
    """Yield what is wrong with METADATA; ``name``: project and version by the file name."""
    expected: dict[str, Callable[[str], object]] = {"Name": canonicalize_name, "Version": Version}
    yield from _single(file, METADATA, fields, ("Metadata-Version", *expected))
    for (field, parse), own in zip(expected.items(), name, strict=True):
        for text in _values(fields, field)[:1]:
            if _parsed(parse, text) != own:
                message = f"{quoted(text)} is not that of the file name, {str(own)!r}"
                yield finding("fields", file, f"{METADATA}:{field}", message)
    for text in _values(fields, "Requires-Python"):
        # Newer releases of packaging parse the versions only when they are compared.
        if _parsed(lambda text: SpecifierSet(text).contains("0"), text) is None:
            message = f"{quoted(text)} is not a valid version specifier"
            yield finding("fields", file, f"{METADATA}:Requires-Python", message, "warning")
    yield from _dependencies(file, fields)


def check_wheel_file(
    file: str, build: str, tags: frozenset[Tag], fields: Fields
) -> Iterator[Finding]:
    """Yield what is wrong with WHEEL; ``build`` and ``tags`` are those of the file name."""
    yield from _single(file, WHEEL, fields, ("Wheel-Version", "Root-Is-Purelib"))
    for text in _values(fields, "Wheel-Version")[:1]:
        match = _wheel_version(text)
        if match is None or int(match[1]) != 1:
            message = f"no installer knows version {quoted(text)} of the wheel format"
            yield finding("fields", file, f"{WHEEL}:Wheel-Version", message)
    for text in _values(fields, "Root-Is-Purelib")[:1]:
        if text.lower() not in ("true", "false"):
            message = f"{quoted(text)} is neither true nor false"
            yield finding("fields", file, f"{WHEEL}:Root-Is-Purelib", message)
    listed = _values(fields, "Tag")
    if not listed:
        yield finding("fields", file, f"{WHEEL}:Tag", "missing")
    elif _generic(map(str, frozenset().union(*map(_tags, listed)))) != _generic(map(str, tags)):
        own = _joined(sorted(map(str, tags)))
        message = f"{_joined(listed)} is not that of the file name, {own}"
        yield finding("tags-differ", file, f"{WHEEL}:Tag", message)
    for text in _values(fields, "Build")[:1]:
        if text != build:
            own = f"that of the file name, {build!r}" if build else "in the file name"
            yield finding("tags-differ", file, f"{WHEEL}:Build", f"{quoted(text)} is not {own}")


def check_entry_points(file: str, text: bytes) -> Iterator[Finding]:
    """Yield the scripts in ``entry_points.txt`` for which no installer can write a program."""
    parser = RawConfigParser(delimiters=("=",), comment_prefixes=("#", ";"), strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # as importlib.metadata does
    try:
        parser.read_string(text.decode())
    except (UnicodeDecodeError, ConfigError):
        yield finding("fields", file, ENTRY_POINTS, "cannot be read")
        return
    for section in _SCRIPTS:
        for name, value in parser.items(section) if parser.has_section(section) else ():
            if not _is_function(value):
                message = f"{quoted(f'{name} = {value}')} names no function of a module"
                yield finding("fields", file, f"{ENTRY_POINTS}:{section}", message)


def _single(file: str, where: str, fields: Fields, names: Sequence[str]) -> Iterator[Finding]:
    """Yield the fields that should be there once and are not."""
    for name in names:
        number = len(_values(fields, name))
        if number != 1:
            message = "missing" if number == 0 else "there is more than one"
            yield finding("fields", file, f"{where}:{name}", message)


def _values(fields: Fields, name: str) -> list[str]:
    return [value for key, value in fields if key.lower() == name.lower()]


def _parsed(parse: Callable[[str], object], text: str) -> object:
    try:
        return parse(text)
    except ValueError:
        return None


def _tags(text: str) -> frozenset[Tag]:
    if text.count("-") == _DASHES:
        with contextlib.suppress(ValueError):  # newer releases of packaging refuse some
            return parse_tag(text)
    return frozenset()


def _generic(tags: Iterable[str]) -> frozenset[str]:
    """Return tags without the standards for Linux, which tools add to the name of a file alone."""
    return frozenset(_linux_standard("-linux", tag) for tag in tags)


def _joined(tags: Sequence[str]) -> str:
    more = len(tags) - 1
    return f"{quoted(tags[0])} and {more:,} more" if more else quoted(tags[0])


def _dependencies(file: str, fields: Fields) -> Iterator[Finding]:
    number = -1
    for name, text in fields:
        if name == "Requires-Dist":
            number += 1
            path = f"{METADATA}:{name}[{number}]"
            about_variants = _has_variant_marker(text) is not None
            for problem in _problems(text):
                yield finding("marker" if about_variants else "requirement", file, path, problem)
        elif name in _OTHER_FIELDS and _has_variant_marker(text):
            message = f"markers about variants can only be in Requires-Dist: {quoted(text)}"
            yield finding("marker-elsewhere", file, f"{METADATA}:{name}", message)


def _problems(requirement: str) -> Iterator[str]:
    """Yield what is wrong with a dependency, and with its markers about variants."""
    if not is_valid(bind_markers(requirement, PLAIN), requirement=True):
        yield f"{quoted(requirement)} is not a valid requirement"
        return
    for name, text in variant_comparisons(requirement):
        parts = split_parts(text)
        if name == "variant_label":
            valid = not text or is_label(text)
        else:
            checks = _PARTS[name]
            valid = len(parts) == len(checks) and all(
                check(part) for check, part in zip(checks, parts, strict=True)
            )
        if not valid:
            yield f"{quoted(text)} can never be in {name}"


_PARTS: Mapping[str, tuple[Callable[[object], bool], ...]] = {
    "variant_namespaces": (is_namespace,),
    "variant_features": (is_namespace, is_feature),
    "variant_properties": (is_namespace, is_feature, is_value),
}
