"""The errors of the engine, and text of others made safe to show in them."""

from __future__ import annotations

_SHOWN = 80
_LONGEST = 200


def shortened(text: str) -> str:
    """Return ``text``, or its first 200 characters and an ellipsis."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def quoted(text: object) -> str:
    """Return ``text`` as an ASCII literal of at most about 80 characters, safe on any terminal."""
    try:
        literal = ascii(text)
    except RecursionError:
        return "a deeply nested value"
    return literal if len(literal) <= _SHOWN else f"{literal[:_SHOWN]}...{literal[0]}"


def printable(text: str) -> str:
    """Return ``text`` unchanged, or quoted if it has control characters."""
    return text if text.isprintable() else quoted(text)


class VariantError(Exception):
    """Base of all errors of the engine; its text is one sentence without a final full stop."""


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
        self.problem = problem


class UnsupportedRevisionError(MetadataError):
    """Variant metadata has a major version that is not known."""


class ArchiveError(MetadataError):
    """A wheel is not an archive that can be read."""


class FetchError(VariantError):
    """Variant metadata could not be fetched."""


class RequestError(VariantError):
    """The user requested something invalid: an option, an environment variable or a wheel."""


class ProviderError(VariantError):
    """A trusted provider package could not be installed."""


class InterpreterError(VariantError):
    """There is no Python interpreter that a child process could run."""
