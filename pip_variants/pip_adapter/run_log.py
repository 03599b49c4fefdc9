"""What is logged about variants in one run."""

from __future__ import annotations

import logging
from collections.abc import Hashable

from pip_variants.core.errors import one_line

logger = logging.getLogger(__name__)


class RunLog:
    """Messages of one run, each logged once, if at all: at the level ``least`` or above."""

    def __init__(self, least: int = logging.NOTSET) -> None:
        self.least = least
        self._levels: dict[str, int] = {}
        self._topics: set[Hashable] = set()
        self.reasons: dict[str, str] = {}
        """By reason for passing wheels over, the release that it was first given for."""

    def once(self, level: int, text: str, topic: str = "", *, is_block: bool = False) -> None:
        """Log a message unless this run has logged it before, on one line but for a block.

        Of messages on the same topic only the first is logged.
        """
        if not self.is_first(topic or text):
            return
        self._levels[text] = level
        if self.shows(level):
            logger.log(level, "%s", text if is_block else one_line(text))

    def shows(self, level: int) -> bool:
        """Return whether messages of a level are logged."""
        return level >= self.least and logger.isEnabledFor(level)

    def is_first(self, topic: Hashable) -> bool:
        """Return whether this is the first call with this topic."""
        if topic in self._topics:
            return False
        self._topics.add(topic)
        return True

    def warnings(self) -> tuple[str, ...]:
        """Return the warnings and errors of this run."""
        return tuple(text for text, level in self._levels.items() if level >= logging.WARNING)
