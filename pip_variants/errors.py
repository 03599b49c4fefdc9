"""The errors of the engine: what is wrong, where, in one sentence that a user can act on."""

from __future__ import annotations

_SHOWN = 80
_LONGEST = 200


def shortened(text: str) -> str:
    """Return ``text``, or its beginning if it is longer than a sentence of ours should be."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def quoted(text: object) -> str:
    """Return ``text`` as an ASCII literal of at most about 80 characters, safe on any terminal."""
    try:
        literal = ascii(text)
    except RecursionError:
        return "a deeply nested value"
    return literal if len(literal) <= _SHOWN else f"{literal[:_SHOWN]}...{literal[0]}"


def printable(text: str) -> str:
    """Return ``text`` as it is, or quoted if it has anything that a terminal would obey."""
    return text if text.isprintable() else quoted(text)


class VariantError(Exception):
    """Something about variants is wrong; ``str(error)`` is one sentence without a trailing dot."""


class FilenameError(VariantError):
    """A wheel's file name does not follow PEP 825, "File name"."""


class MetadataError(VariantError):
    """A variants document is broken.

    ``path`` names the bad value as the document spells it (``variants['cu13'].nvidia.sm_arch[0]``),
    or is empty for the document as a whole.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem


class FetchError(VariantError):
    """A variants document could not be had from where it should lie."""


class RequestError(VariantError):
    """The user asked for something impossible: a bad option, variable or wheel (exit status 1)."""


class ProviderError(VariantError):
    """A provider package that the user trusts could not be had."""
