"""Labels that are comments: in a file of requirements a space before ``#`` begins a comment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pip._vendor.packaging.utils import canonicalize_name

from pip_variants.core.decision import Decision
from pip_variants.core.properties import NULL_LABEL, Label
from pip_variants.explain import requests as messages
from pip_variants.explain.nearest import TYPING_ERROR, nearest

from .compat import redact_auth_from_url

_commented = re.compile(
    r"\s*(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?P<rest>[^#/@;]*?)(?:;[^#]*?)?"
    r"\s#(?P<label>[0-9a-z_.]+)\s*"
).fullmatch


@dataclass(frozen=True, slots=True)
class CommentedLabel:
    """A requirement in a file with a comment that could be a label; lines count from 1."""

    requirement: str
    label: Label
    file: str
    line: int


class CommentedLabels:
    """The comments in files of requirements that could be labels.

    ``files`` are those that have not been read for it, name and content.
    """

    def __init__(self) -> None:
        self.files: list[tuple[str, str]] = []
        self._found: dict[str, CommentedLabel] = {}

    def hint(self, decision: Decision) -> str | None:
        """Return that the label of a variant is a comment, if a file has it so, or None."""
        while self.files:
            self._found.update(commented_labels(*self.files.pop()))
        found = self._found.get(decision.release.project)
        labels = {file.label for file in decision.release.files if file.label is not None}
        if found is None or decision.requested is not None or not labels:
            return None
        labels.add(NULL_LABEL)
        if found.label not in labels and nearest(found.label, labels, TYPING_ERROR) is None:
            return None
        return messages.commented_label(found.requirement, found.label, found.file, found.line)


def commented_labels(file: str, content: str) -> Iterator[tuple[str, CommentedLabel]]:
    """Yield the normalised name of each requirement with such a comment, and the comment."""
    shown = redact_auth_from_url(file)
    for number, line in enumerate(content.splitlines(), 1):
        match = _commented(line) if "#" in line else None
        if match is not None:
            requirement = f"{match['name']}{match['rest'].rstrip()}"
            found = CommentedLabel(requirement, Label(match["label"]), shown, number)
            yield canonicalize_name(match["name"]), found
