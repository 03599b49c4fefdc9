"""METADATA fetched in the background, beside the variant metadata, where a guess is likely right.

Projects that belong together have the same labels, and the label selected for one is most likely
the one of the next. A guess decides nothing; a wrong one costs one request and is the last.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from pip_variants.core.properties import Label

_Response = TypeVar("_Response")


class Prefetch(Generic[_Response]):
    """One request that runs in the background. ``send`` returns None for any failure."""

    def __init__(self, send: Callable[[], _Response | None]) -> None:
        self._response: _Response | None = None
        self._thread = threading.Thread(target=self._run, args=(send,), daemon=True)
        self._thread.start()

    def _run(self, send: Callable[[], _Response | None]) -> None:
        self._response = send()

    def response(self) -> _Response | None:
        """Wait for the response and return it."""
        self._thread.join()
        return self._response


class LabelGuesses:
    """Guesses the label that will be selected, from those selected before."""

    def __init__(self) -> None:
        self._selected: dict[frozenset[Label], Label] = {}
        self._reliable = True

    def guess(self, labels: frozenset[Label]) -> Label | None:
        """Return the label selected last among the same labels, unless a guess was ever wrong."""
        return self._selected.get(labels) if self._reliable else None

    def learn(
        self, labels: frozenset[Label], selected: Label | None, guessed: Label | None
    ) -> None:
        """Record what was selected among ``labels``, and what had been guessed."""
        if guessed is not None and guessed != selected:
            self._reliable = False
        if selected is not None:
            self._selected[labels] = selected
