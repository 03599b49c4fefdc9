"""How long a server may take for one response, and how much it may send.

pip's ``--timeout`` is how long a server may be silent; one that sends a byte before each of them
ends never stops. So all that is waited for in one response has a limit, in multiples of it: a
document, which pip reads into memory, must be there by then; a download, which may take hours, must
have brought a little in each such period.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable

PATIENCE = 4
"""How many times pip's time-out may be waited in all: one minute by default."""
SLOWEST = 16 * 1024
"""Bytes that a download must bring in that time."""
MAX_DOCUMENT = 32 * 1024 * 1024
"""Bytes of a page, of a file of requirements or of METADATA, sent and decompressed."""
MAX_HEADERS = 1024 * 1024
"""Bytes before a body, with interim responses, and around it."""
MAX_DOWNLOAD = 8 * 1024**3
"""Bytes of a file whose size the server does not state."""
DEFAULT_TIMEOUT = 15.0
"""Seconds, for a pause that a server asks for where pip has no time-out."""


class TooMuchError(OSError):
    """A server sent more than was to be expected."""


class Limit:
    """What one request may take, with all its tries; changed as its responses arrive.

    ``timeout`` is that of pip in seconds, None: there is none. ``ends`` is when all must be over by
    ``clock``.
    """

    def __init__(
        self,
        timeout: float | None,
        clock: Callable[[], float] = time.monotonic,
        ends: float | None = None,
    ) -> None:
        self.clock = clock
        self.is_expired = False
        self.has_begun = False
        """Whether something of a response has arrived."""
        self.seconds = None if timeout is None else timeout * PATIENCE
        self._ends = ends
        self._pause = DEFAULT_TIMEOUT if timeout is None else timeout
        self._is_download = False
        self._waited = 0.0
        self._arrived = 0
        self._left = MAX_HEADERS

    @property
    def is_brief(self) -> bool:
        """Whether it ends earlier than others, because nobody waits longer for this one."""
        return self._ends is not None

    @property
    def is_document(self) -> bool:
        """Whether a document is expected, and no download."""
        return not self._is_download

    def begin(self) -> None:
        """Take note that a response begins, perhaps of another try."""
        self._is_download, self._waited, self._left = False, 0.0, MAX_HEADERS

    def expect_document(self, size: int = MAX_DOCUMENT) -> None:
        """Let a body follow that must be there in time, and has no more bytes than this."""
        self._is_download = False
        self._left = size + MAX_HEADERS

    def expect_download(self, size: int | None) -> None:
        """Let a body of so many bytes follow; None: as many as a quarter of the space holds."""
        if size is None:
            size = min(MAX_DOWNLOAD, shutil.disk_usage(tempfile.gettempdir()).free // 4)
        self._is_download, self._waited, self._arrived = True, 0.0, 0
        # What a chunk has beside its content is little, unless it is all there is.
        self._left = size + size // 8 + MAX_HEADERS

    def seconds_left(self) -> float | None:
        """Return how long to wait for the next bytes, or None: as pip does; raise TimeoutError."""
        if self.is_expired or self._is_over():
            self.is_expired = True
            raise TimeoutError("timed out")
        return min(self._periods(), default=None)

    def arrived(self, count: int, seconds: float) -> None:
        """Take note of bytes that arrived after so many seconds, if any; raise TooMuchError."""
        self.has_begun = True
        self._left -= count
        if self._left < 0:
            raise TooMuchError("the server sends more than it may")
        self._waited += seconds
        self._arrived += count
        if self._is_download and self._arrived >= SLOWEST:
            self._waited, self._arrived = 0.0, 0
        self.is_expired = self._is_over()

    def _periods(self) -> list[float]:
        left = [] if self.seconds is None else [self.seconds - self._waited]
        return left if self._ends is None else [*left, self._ends - self.clock()]

    def _is_over(self) -> bool:
        return min(self._periods(), default=1) <= 0

    def pause(self, seconds: float) -> float:
        """Return how long to pause, if a server asks for so many seconds before another try.

        All pauses of a request together are no longer than pip's time-out.
        """
        granted = max(0.0, min(seconds, self._pause))
        if self._ends is not None:
            granted = max(0.0, min(granted, self._ends - self.clock()))
        self._pause -= granted
        return granted
