"""The errors of the engine, and text of others made safe to show in them."""

from __future__ import annotations

from collections.abc import Sequence

_SHOWN = 80
_LONGEST = 200


def shortened(text: str, longest: int = _LONGEST) -> str:
    """Return ``text``, or its first characters, by default 200, and an ellipsis."""
    return text if len(text) <= longest else f"{text[:longest]}..."


def quoted(text: object) -> str:
    """Return ``text`` as an ASCII literal of at most about 80 characters, safe on any terminal."""
    try:
        literal = ascii(text)
    except RecursionError:
        return "a deeply nested value"
    return literal if len(literal) <= _SHOWN else f"{literal[:_SHOWN]}...{literal[0]}"


def first_of(texts: Sequence[str], most: int, longest: int = _LONGEST) -> list[str]:
    """Return texts for one line, each shortened: of many only the first, and how many more."""
    more = len(texts) - most
    shown = texts if more <= 1 else [*texts[:most], f"{more:,} more"]
    return [shortened(text, longest) for text in shown]


def one_line(text: str) -> str:
    """Return ``text`` on one line; what would end a line or control a terminal is escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def printable(text: str) -> str:
    """Return ``text`` unchanged, or quoted if it has control characters."""
    return text if text.isprintable() else quoted(text)


class VariantError(Exception):
    """Base of all errors of the engine; its text is one sentence without a final full stop."""

    def __str__(self) -> str:
        return one_line(super().__str__())


class PropertyError(VariantError):
    """A text is not a valid variant property (PEP 825, "Variant properties")."""


class FilenameError(VariantError):
    """A wheel's file name is invalid (PEP 825, "File name")."""


class MetadataError(VariantError):
    """Variant metadata is invalid.

    ``path`` locates the bad value in the document (``variants['cu13'].nvidia.sm_arch[0]``); it is
    empty for the document as a whole.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = one_line(problem)


class UnsupportedRevisionError(MetadataError):
    """Variant metadata has a major version that is not known."""


class ArchiveError(MetadataError):
    """A wheel is not an archive that can be read."""


def is_about_content(error: VariantError) -> bool:
    """Return whether a wheel was read and its content is what is wrong."""
    return isinstance(error, MetadataError) and not isinstance(error, ArchiveError)


class FetchError(VariantError):
    """Variant metadata could not be fetched."""


class RequestError(VariantError):
    """The user requested something invalid: an option, an environment variable or a wheel."""


class ProviderError(VariantError):
    """A trusted provider package could not be installed."""


class InterpreterError(VariantError):
    """There is no Python interpreter that a child process could run."""
