"""How long pip pauses before it tries a request again."""

from __future__ import annotations

from pip._vendor.urllib3.exceptions import InvalidHeader
from pip._vendor.urllib3.util import retry

from .timed_response import current_limit

_LONGEST_HEADER = 64


def new_retry(**options: object) -> Retry:
    """Return how pip tries again, with the options of urllib3."""
    return Retry(**options)  # type: ignore[no-untyped-call]


class Retry(retry.Retry):
    """pip's retries, with a limit for what a Retry-After header asks for."""

    def parse_retry_after(self, retry_after: str) -> float:
        """Return how many seconds to pause; 0 if the header is invalid."""
        try:
            pause = float(super().parse_retry_after(retry_after[:_LONGEST_HEADER]))  # type: ignore[no-untyped-call]
        except (InvalidHeader, ValueError, OverflowError):
            return 0.0
        limit = current_limit()
        return pause if limit is None else limit.pause(pause)
