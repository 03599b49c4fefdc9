"""What a hostile or broken server does: small behaviours, of which scripts are composed at random.

A behaviour changes one response. Those in ``FAULTS`` leave what there is to choose from as it is;
those in ``LIES`` serve another index, for which another choice may be right.
"""

from __future__ import annotations

import gzip
import random
from functools import cache

from .hostile_server import Behaviour, Request, Response, Rule
from .hostile_text import mutated_html, mutated_json

_BOMB = 400 << 20
_STATUSES = (
    *(100, 199, 201, 202, 203, 204, 205, 206, 207, 226, 299),
    *(300, 301, 302, 303, 304, 305, 306, 307, 308, 399),
    *(
        400,
        401,
        402,
        403,
        404,
        405,
        406,
        407,
        408,
        409,
        410,
        411,
        412,
        413,
        416,
        418,
        421,
        429,
        451,
    ),
    *(500, 501, 502, 503, 504, 505, 507, 511, 520, 599, 600, 999),
)
_REDIRECTS = (301, 302, 303, 307, 308)
_NUMBERS = (
    *("", "0", "-1", "1", "+5", " 7 ", "1e3", "0x10", "99999999", "9" * 30, "9" * 5000),
    *("abc", "1,1", "1, 2", "1.5", "\xb2"),
)
_WAITS = ("0", "1", "99999999", "-5", "1e9", "abc", "", "Wed, 21 Oct 2099 07:28:00 GMT", "9" * 400)


def status(rng: random.Random, request: Request, response: Response) -> None:
    """Another status, with or without the body."""
    del request
    response.status = rng.choice(_STATUSES)
    # Nobody knows that there was something.
    response.changes_content |= response.status in {403, 404, 410}
    if rng.random() < 0.6:
        response.body = b""
        response.set("Content-Length", "0")


def overload(rng: random.Random, request: Request, response: Response) -> None:
    """A server that is busy, and when to come back."""
    del request
    response.status, response.body = rng.choice([429, 500, 502, 503, 504]), b""
    response.set("Content-Length", "0")
    response.set("Retry-After", rng.choice(_WAITS))


def reason(rng: random.Random, request: Request, response: Response) -> None:
    """A reason with characters that do something to a terminal."""
    del request
    response.reason = rng.choice(["\x1b[2J", "", "a" * 3000, "\xe9\x9b", "\x07\x08", "%s %d"])
    response.status = rng.choice([200, 404, 500])


def length(rng: random.Random, request: Request, response: Response) -> None:
    """A Content-Length that is missing, wrong, repeated or no number."""
    del request
    size = len(response.body)
    value = rng.choice([*_NUMBERS, str(size + 1), str(max(0, size - 1)), str(size * 1000)])
    response.drop("Content-Length")
    for _ in range(rng.choice([0, 1, 1, 2])):
        response.headers.append(("Content-Length", value.encode("latin-1")))
    response.end = rng.choice(["close", "close", "reset", "stall"])


def content_range(rng: random.Random, request: Request, response: Response) -> None:
    """A Content-Range of other bytes, another size or no range at all."""
    del request
    size = len(response.body)
    first, total = rng.choice([0, 1, 7, 10**9]), rng.choice(["*", str(size), "0", "9" * 25, "x"])
    last = rng.choice([first + size - 1, first + size, 0, -1, 10**12])
    unit = rng.choice(["bytes", "bytes", "items", ""])
    response.set("Content-Range", f"{unit} {first}-{last}/{total}")
    if rng.random() < 0.3:
        response.headers.append(("Content-Range", "bytes */5"))


def ignore_range(rng: random.Random, request: Request, response: Response) -> None:
    """The status of a part for everything, or that of everything for a part."""
    del request
    response.status = rng.choice([200, 206, 416])
    if rng.random() < 0.5:
        response.drop("Content-Range")


def shift_range(rng: random.Random, request: Request, response: Response) -> None:
    """A part from somewhere else, or of another length."""
    del request
    body = response.body
    cut = rng.randint(1, max(1, len(body) // 2))
    response.body = rng.choice(
        [body[cut:], body[:-cut], body[cut:] + body[:cut], body + body[:cut]]
    )
    response.set("Content-Length", str(len(response.body)))


def headers(rng: random.Random, request: Request, response: Response) -> None:
    """Headers that are hostile, contradict each other or are very many."""
    del request
    for _ in range(rng.randint(1, 4)):
        name = rng.choice(_HEADER_NAMES)
        value = rng.choice(_HEADER_VALUES)
        response.headers.append((name, value))
    if rng.random() < 0.05:
        response.headers += [(f"X-{number}", "x") for number in range(rng.choice([90, 200]))]


_HEADER_NAMES = (
    *("ETag", "Last-Modified", "Accept-Ranges", "Cache-Control", "Expires", "Date", "Age", "Vary"),
    *("Link", "Set-Cookie", "Content-Disposition", "X-Linked-ETag", "Transfer-Encoding"),
    *("Content-Location", "Connection", "Keep-Alive", "WWW-Authenticate", "X-PyPI-Last-Serial"),
)
_HEADER_VALUES: tuple[str | bytes, ...] = (
    *("", '"', 'W/"x"', "none", "bytes, bytes", "max-age=-1", "max-age=" + "9" * 40, "*", "0"),
    *("chunked", "close", "attachment; filename=../../x", 'Basic realm="a"', "a" * 5000),
    *(
        b"\xff\xfe",
        b"\x1b[31m",
        "Thu, 99 Foo 2026",
        "no-store",
        "<http://[::1>; rel=next",
        "\u202e",
    ),
)


def content_type(rng: random.Random, request: Request, response: Response) -> None:
    """Another type of content, or a charset that is none."""
    del request
    kinds = ("", "text/html", "application/json", "application/vnd.pypi.simple.v1+json", "x" * 900)
    others = ("application/vnd.pypi.simple.v9+json", "text/html; charset=utf-7", "image/png", "//")
    charsets = ("\x00", "rot13", "idna", "punycode", "utf-16", "undefined")
    pages = [f"text/html; charset={charset}" for charset in charsets]
    response.set("Content-Type", rng.choice([*kinds, *others, *pages]))


def encoding(rng: random.Random, request: Request, response: Response) -> None:
    """A body that is, or is not, encoded as stated."""
    del request
    body = response.body
    stated = rng.choice(["gzip", "deflate", "br", "zstd", "x-none", "gzip, gzip", "identity", ""])
    response.set("Content-Encoding", stated)
    packed = gzip.compress(body)
    response.body = rng.choice(
        [body, packed, packed[:-5], packed + b"\0" * 9, gzip.compress(packed)]
    )
    response.set("Content-Length", str(len(response.body)))


def bomb(rng: random.Random, request: Request, response: Response) -> None:
    """A small body that inflates to more than the memory that pip may take."""
    del rng, request
    response.body = _bomb()
    response.set("Content-Encoding", "gzip")
    response.set("Content-Length", str(len(response.body)))


@cache
def _bomb() -> bytes:
    return gzip.compress(b" " * _BOMB, 1)


def redirect(rng: random.Random, request: Request, response: Response) -> None:
    """A redirect to somewhere else."""
    response.status = rng.choice(_REDIRECTS)
    response.body = rng.choice([b"", b"moved"])
    response.set("Content-Length", str(len(response.body)))
    for _ in range(rng.choice([0, 1, 1, 1, 1, 1, 2])):
        response.headers.append(("Location", _location(rng, request)))


def _location(rng: random.Random, request: Request) -> str | bytes:
    host = request.headers.get("host", "127.0.0.1")
    path = request.path
    targets: tuple[str | bytes, ...] = (
        *(path, f"{path}x", f"//{host}{path}", f"http://{host}{path}?{rng.random()}", "", " ", "?"),
        *(
            "file:///proc/version",
            "file:///dev/zero",
            "FILE:/proc/version",
            "file://localhost/proc/version",
        ),
        *("http://127.0.0.1:1/", "https://127.0.0.1:1/", f"https://{host}{path}", "http://[::1"),
        *("//[x", "http://127.0.0.1:99999999/", "http://127.0.0.1:-1/", "http://:80/", "http://"),
        *("ftp://127.0.0.1/x", "data:text/html,x", "javascript:x", "mailto:x", "gopher://[", "///"),
        *(
            b"/\xff\xfe",
            b"http://\xe9/",
            "/\u202e/",
            "http://user:password@127.0.0.1:1/",
            "\\\\x\\y",
        ),
        *(
            f"http://user@{host}{path}",
            f"/{'a' * 9000}",
            "/%00",
            "/%2e%2e/%2e%2e/etc",
            "/%",
            "/a b",
        ),
        *("http://a..b/", f"http://{'a' * 70}.invalid/", "http://xn--a/", "http://0x7f.1:1/", "#x"),
    )
    return rng.choice(targets)


def truncate(rng: random.Random, request: Request, response: Response) -> None:
    """The connection ends before the body does."""
    del request
    response.sent = rng.randint(0, len(response.body))
    response.end = rng.choice(["close", "reset", "stall"])


def drip(rng: random.Random, request: Request, response: Response) -> None:
    """A body that arrives in many small pieces."""
    del request
    response.pieces = rng.choice([3, 20, 1000])
    response.pause = rng.choice([0.01, 0.1, 0.3])


def endless(rng: random.Random, request: Request, response: Response) -> None:
    """A body that does not end."""
    del request
    response.end = "endless"
    if rng.random() < 0.7:
        response.drop("Content-Length")


def close(rng: random.Random, request: Request, response: Response) -> None:
    """A whole response, after which the connection ends badly."""
    del request
    response.end = rng.choice(["close", "reset"])


def replace_body(rng: random.Random, request: Request, response: Response) -> None:
    """Something else: an error page, nothing, noise."""
    del request
    page = b"<html><body><h1>It works!</h1><a href='x'>y</a></body></html>"
    others = (
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xef\xbb\xbf{}",
        b"0" * 5000,
        b"[" * 100_000,
        b"\0" * 500,
    )
    response.body = rng.choice([page, *others, rng.randbytes(rng.randint(1, 3000))])
    response.changes_content = True
    response.set("Content-Length", str(len(response.body)))


def flip_bytes(rng: random.Random, request: Request, response: Response) -> None:
    """Some other bytes."""
    del request
    body = bytearray(response.body)
    for _ in range(rng.choice([1, 3, 30]) if body else 0):
        body[rng.randrange(len(body))] = rng.randrange(256)
    response.body = bytes(body)
    response.changes_content = True


def mutate(rng: random.Random, request: Request, response: Response) -> None:
    """The same document with other contents: names, links, hashes, attributes, types."""
    is_json = "json" in response.get("Content-Type")
    if request.kind in {"page", "json"} and response.status == 200:
        change = mutated_json if is_json else mutated_html
        response.body = change(rng, response.body)
        response.changes_content = True
        response.set("Content-Length", str(len(response.body)))
    else:
        flip_bytes(rng, request, response)


FAULTS: tuple[Behaviour, ...] = (
    *(status, overload, reason, length, content_range, ignore_range, shift_range, headers),
    *(content_type, encoding, redirect, redirect, truncate, truncate, drip, endless, close),
)
LIES: tuple[Behaviour, ...] = (replace_body, flip_bytes, mutate, mutate, mutate, mutate, bomb)
_KINDS = ("page", "page", "json", "json", "metadata", "range", "range", "wheel", "any")


def random_rules(rng: random.Random) -> tuple[Rule, ...]:
    """Return a script of one to three rules."""
    rules = []
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        several = rng.choice([1, 1, 1, 2, 3])
        behaviours = tuple(
            rng.choice(LIES if rng.random() < 0.35 else FAULTS) for _ in range(several)
        )
        rules.append(Rule(rng.choice(_KINDS), behaviours, rng.choice([1, 2, 1 << 20, 1 << 20])))
    return tuple(rules)
