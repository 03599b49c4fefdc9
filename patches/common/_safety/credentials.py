"""Users and passwords for which pip asks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

logger = logging.getLogger(__name__)

Answer = tuple["str | None", "str | None", bool]


def prompted(prompt: Callable[[Any], Answer], host: Any) -> Answer:  # noqa: ANN401 - which upstream types as bytes
    """Return what a prompt for user and password yields; nothing if nobody is there to answer."""
    try:
        return prompt(host)
    except EOFError:
        logger.warning(
            "%s requires a user and a password, and there is no terminal to enter them.", host
        )
        return None, None, False
