"""Requests sent in the background before their responses are needed.

Projects that belong together have the same labels, and the label selected for one is most likely
the one of the next. A guess decides nothing; a wrong one costs one request and is the last.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from pip_variants.core.properties import Label
from pip_variants.system.workers import Workers

_Result = TypeVar("_Result")


class Prefetch(Generic[_Result]):
    """The result of ``send``, which a thread calls, or its error."""

    def __init__(self, send: Callable[[], _Result], workers: Workers) -> None:
        self._send = send
        self._results: list[_Result] = []
        self._error: Exception | None = None
        self._done = threading.Event()
        workers.add(self._run)

    def _run(self) -> None:
        try:
            self._results.append(self._send())
        except Exception as error:  # noqa: BLE001 - it belongs to whoever waits for the result
            self._error = error
        self._done.set()

    def result(self) -> _Result:
        """Wait for the result and return it, or raise the error."""
        self._done.wait()
        if self._error is not None:
            raise self._error
        return self._results[0]


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
