"""Which files are downloaded at once: one table of choices, and how a line is measured."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pip_variants.remote.download_order import Line, next_download

MB = 1_000_000
# Sizes of waiting and active files in MB, the width, the most at once, and the size of the next.
NEXT: dict[str, tuple[list[int], list[int], int, int, int | None]] = {
    "nothing waits": ([], [5], 2, 8, None),
    "largest first": ([1, 20, 300, 900], [], 2, 8, 900),
    "then the smallest large one": ([1, 20, 300], [900], 2, 8, 20),
    "then the largest again": ([1, 30, 300], [20, 900], 3, 8, 300),
    "the smallest one has ended": ([1, 30], [300, 900], 3, 8, 30),
    "small ones beside as many large ones as the line carries": ([1, 2, 300], [20, 900], 2, 8, 1),
    "the line is full": ([30, 300], [20, 900], 2, 8, None),
    "all connections are used": ([1, 2, 300], [20, 900, 3], 2, 3, None),
    "one at a time": ([1, 300], [], 2, 1, 300),
    "small ones alone": ([1, 2], [3, 4], 2, 8, 1),
    "unknown sizes": ([0, 0], [0, 0, 0], 2, 8, 0),
}


@pytest.mark.parametrize(
    ("waiting", "active", "width", "most", "expected"), NEXT.values(), ids=NEXT
)
def test_next_download(
    waiting: list[int], active: list[int], width: int, most: int, expected: int | None
) -> None:
    """Large files are limited to the width of the line, all together to the most."""
    sizes = [size * MB for size in waiting]
    found = next_download(sizes, [size * MB for size in active], width=width, most=most)
    assert (None if found is None else waiting[found]) == expected


# MB/s that arrive with each number of connections, and the width that a line settles on.
RATES = {
    "one connection fills the line": (lambda width: 100.0, {2, 3}),  # noqa: ARG005
    "the server limits each connection": (lambda width: 10.0 * width, {7, 8, 9}),
    "five fill the line": (lambda width: min(width, 5) * 20.0, {4, 5, 6}),
}


@pytest.mark.parametrize(("rate", "widths"), RATES.values(), ids=RATES)
def test_line_grows_while_that_pays(rate: Callable[[int], float], widths: set[int]) -> None:
    """A number that does not make the sum faster is taken back."""
    line, now = Line(), 0.0
    seen = []
    for _ in range(200):
        line.arrived(int(rate(line.width) * MB / 10), now)
        now += 0.1
        seen.append(line.width)
    assert max(seen) in widths


def test_line_that_slows_down_is_narrow_again() -> None:
    """Two connections are left in the end, also after bytes that were discarded."""
    line = Line()
    for number in range(50):
        line.arrived(-5 if number == 30 else 10 * MB, number / 10)
    assert line.width == 2
