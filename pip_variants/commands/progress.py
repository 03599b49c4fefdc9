"""A spinner for what may take long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from pip_variants.pip_adapter.compat import SpinnerInterface, open_spinner

_DELAY = 1.0
"""Seconds."""


@contextmanager
def spinning(text: str) -> Iterator[Callable[[], None]]:
    """Yield what to call now and then; a spinner with this text appears if the block takes long."""
    start = time.monotonic()
    spinner: SpinnerInterface | None = None
    with ExitStack() as stack:

        def spin() -> None:
            nonlocal spinner
            if spinner is None and time.monotonic() - start > _DELAY:
                spinner = stack.enter_context(open_spinner(text))
            if spinner is not None:
                spinner.spin()

        yield spin
