"""Servers that drip, never answer, ask for long pauses or never end; what they cost, and the error.

`tests/unit/test_safety_limits.py` has what a response may take, `test_safety_exchange.py` the rest.
"""

from __future__ import annotations

import gzip
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.e2e.pips import UNREAD, Output, Pip
from tests.support.stand_in import IndexServer, Reply, write_wheel
from tests.support.waiting import within

PLAIN = "plain-1.0-py3-none-any.whl"
LABELS = 60
QUICK = ("--timeout=0.5", "--retries=0", "--no-cache-dir")

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
CLOSING = re.compile(rb"\AHTTP/1\.1 [^\r]*\r\n")
FOREVER = (b"x" * 65536, 0.0)
DRIP = (b"x", 0.1)

Behaviour = tuple[bytes, tuple[bytes, float] | None]
"""What a server sends, and what it repeats then, each time after so many seconds."""

SILENT: Behaviour = (b"", (b"", 0.1))
DRIPPING: Behaviour = (OK + b"Content-Length: 100000\r\n\r\n", DRIP)
ENDLESS: Behaviour = (OK + b"\r\n", FOREVER)


class RawServer:
    """A server that behaves alike for each path that begins so; it counts the requests."""

    def __init__(self, behaviours: Mapping[str, Behaviour]) -> None:
        self._behaviours = behaviours
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self.paths: list[str] = []
        self.stopping = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """End all connections."""
        self.stopping.set()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            request = connection.recv(65536).decode("latin-1")
            path = request.split(" ")[1]
            self.paths.append(path)
            found = (item for start, item in self._behaviours.items() if path.startswith(start))
            first, repeated = next(found, (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", None))
            # Each connection ends with its response, and the client has to know that.
            connection.sendall(CLOSING.sub(rb"\g<0>Connection: close\r\n", first))
            while repeated is not None and not self.stopping.wait(repeated[1]):
                connection.sendall(repeated[0])


@contextmanager
def raw_server(**behaviours: Behaviour) -> Iterator[RawServer]:
    """Run a server, with its behaviours by the first folder of a path."""
    server = RawServer({f"/{name}/": item for name, item in behaviours.items()})
    try:
        yield server
    finally:
        server.close()


def reply(body: bytes, *headers: str) -> Behaviour:
    """Return an honest response."""
    lines = "".join(f"{header}\r\n" for header in (f"Content-Length: {len(body)}", *headers))
    return OK + lines.encode() + b"\r\n" + body, None


def variants(files: str = "/files/") -> Behaviour:
    """Return the page of a project with sixty labels and their JSON, without hashes."""
    names = [f"torch-2.8.0-py3-none-any-l{number}.whl" for number in range(LABELS)]
    links = (
        f'<a href="{files}{name}">{name}</a>' for name in (*names, "torch-2.8.0-variants.json")
    )
    return reply("\n".join(links).encode())


def dry_run(pip: Pip, url: str, project: str, *options: str, status: int = 1) -> Output:
    """Dry-run an installation from the server; it is over soon, and ends without a traceback."""
    with within(30):
        output = pip.dry_run(f"{url}simple/", *QUICK, *options, project, status=status)
    assert "Traceback" not in output.stderr
    return output


BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n"
# What sixty labels and their JSON meet, and how often it is met.
HOSTS: dict[str, Behaviour] = {
    "silent": SILENT,
    "dripping": DRIPPING,
    "busy": (BUSY + b"\r\n", None),
    "busy for a year": (BUSY + b"Retry-After: 99999999\r\n\r\n", None),
}


@pytest.mark.parametrize("behaviour", HOSTS.values(), ids=HOSTS)
def test_host_that_fails_gets_no_request_for_each_label(pip: Pip, behaviour: Behaviour) -> None:
    """The first documents decide about it; the error has the reason."""
    with raw_server(simple=variants(), files=behaviour) as server:
        output = dry_run(pip, server.url, "torch")
    assert output.stderr.startswith(UNREAD)
    # One that drips responds, each time: the JSON, a part of a wheel and the wheel.
    assert len([path for path in server.paths if path.startswith("/files/")]) <= 3


def test_host_that_refuses_connections_is_one_verdict(pip: Pip) -> None:
    """Neither the JSON nor a label is waited for twice."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with raw_server(simple=variants(f"http://127.0.0.1:{port}/")) as server:
        output = dry_run(pip, server.url, "torch", "--retries=2")
    assert output.stderr.count("Retrying") == 2


PAGES = {
    "drips": (DRIPPING, "it did not arrive in time"),
    "drips headers": ((b"HTTP/1.1 200 OK\r\nX: ", DRIP), "the server did not respond in time"),
    "never ends": (ENDLESS, "it has more than 32 MiB"),
    "is a bomb": (
        reply(gzip.compress(bytes(80_000_000), 1), "Content-Encoding: gzip"),
        "it has more than 32 MiB",
    ),
    "is not modified": ((b"HTTP/1.1 304 No\r\n\r\n", None), "the server responded with status 304"),
}


@pytest.mark.parametrize(("behaviour", "reason"), PAGES.values(), ids=PAGES)
def test_page_that_cannot_be_fetched_is_a_warning_and_a_file_an_error(
    pip: Pip, behaviour: Behaviour, reason: str
) -> None:
    """The warning of pip; a file of requirements ends the command."""
    with raw_server(simple=behaviour) as server:
        page = dry_run(pip, server.url, "plain")
        url = f"{server.url}simple/"
        file = pip.run("download", *QUICK, "-r", url, status=1)
    assert f"WARNING: Could not fetch URL INDEX/simple/plain/: {reason} - skipping\n" in page.stderr
    assert file.stderr == f"ERROR: Could not fetch 'INDEX/simple/': {reason}\n"


WHEELS = {
    "drips": (DRIPPING, "incomplete-download"),
    "drips without a size": ((OK + b"\r\n", DRIP), "the server did not respond in time"),
    "chunks without end": (
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", (b"A: b\r\n" * 1000, 0.0)),
        "lines without end",
    ),
    "chunk of less than nothing": (
        (OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nabc", None),
        "the server sent an invalid response",
    ),
    "compressed": (
        reply(gzip.compress(b"x"), "Content-Encoding: gzip"),
        "the server compressed it, which was not requested",
    ),
    "redirect without an address": (
        (b"HTTP/1.1 302 No\r\nLocation:\r\nContent-Length: 0\r\n\r\n", None),
        "302 redirect to '' refused (it is empty)",
    ),
    "challenge": (
        (b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n", None),
        "401 Client Error",
    ),
}


@pytest.mark.parametrize(("behaviour", "reason"), WHEELS.values(), ids=WHEELS)
def test_wheel_that_cannot_be_downloaded_is_an_error(
    pip: Pip, behaviour: Behaviour, reason: str
) -> None:
    """Never a traceback."""
    page = reply(f'<a href="/files/{PLAIN}">{PLAIN}</a>'.encode())
    options = ("--resume-retries=0",)
    with raw_server(simple=page, files=behaviour) as server:
        output = dry_run(pip, server.url, "plain", *options)
    assert reason in output.stderr


@pytest.mark.every_release
def test_what_a_server_says_is_on_the_lines_of_pip(pip: Pip, tmp_path: Path) -> None:
    """The reason why a file is yanked, and a header that is none."""
    wheel = write_wheel(tmp_path, PLAIN)
    reason = f"old&#10;ERROR: forged{'x' * 9999}"
    link = f'<a data-yanked="{reason}" href="/files/{PLAIN}">{PLAIN}</a>'
    with raw_server(simple=reply(link.encode(), "no colon"), files=reply(wheel.read_bytes())) as it:
        output = dry_run(pip, it.url, "plain==1.0", status=0)
    assert "Reason for being yanked: old\\nERROR: forgedxxx" in output.stderr
    lines = [line.split()[0] for line in output.stderr.splitlines()]
    assert lines == ["WARNING:", "WARNING:", "Reason"]
    assert len(output.stderr) < 2000


def test_fast_deps_gives_up_and_downloads(pip: Pip, server: IndexServer, tmp_path: Path) -> None:
    """A file with a gigabyte by its headers, and whose parts are junk, is not walked through."""
    body = write_wheel(tmp_path / "files", PLAIN).read_bytes()

    def choose(method: str, path: str, headers: Mapping[str, str]) -> Reply | None:
        if method == "HEAD":
            return Reply(headers=(("Accept-Ranges", "bytes"),), body=b"x" * 10**8)
        part = headers.get("range", "").removeprefix("bytes=")
        if not part:
            return Reply(body=body if path.endswith(".whl") else page)
        first, last = map(int, part.split("-"))
        content_range = ("Content-Range", f"bytes {first}-{last}/{10**8}")
        return Reply(206, body=b"x" * (last + 1 - first), headers=(content_range,))

    page = f'<a href="/files/{PLAIN}">{PLAIN}</a>'.encode()
    server.ranges, server.json_pages = False, False
    server.source = lambda path: page if path.endswith("index.html") else body
    server.chooser = lambda *request: choose(*request) if request[1].endswith(".whl") else None
    url = f"{server.url}simple/"
    output = pip.dry_run(url, "--no-cache-dir", "--use-feature=fast-deps", "plain")
    assert output.last_line == "Would install plain-1.0"
    assert len(server.requested(".whl")) <= 5


def failing_target(tmp_path: Path) -> dict[str, tuple[str, ...]]:
    """Return arguments by which a download cannot be written."""
    file = tmp_path / "file"
    file.touch()
    return {
        "name": ("--dest", str(tmp_path), f"{'a' * 251}-1.0-py3-none-any.whl"),
        "folder": ("--dest", str(file / "below"), PLAIN),
    }


@pytest.mark.parametrize("case", ["name", "folder"])
def test_download_that_cannot_be_written_is_one_sentence(
    pip: Pip, server: IndexServer, tmp_path: Path, case: str
) -> None:
    """The error of the system says which file it is."""
    body = write_wheel(tmp_path / "files", PLAIN).read_bytes()
    server.source = lambda _: body
    *options, name = failing_target(tmp_path)[case]
    output = pip.run("download", "--no-deps", *options, f"{server.url}{name}", status=1)
    assert re.fullmatch("ERROR: Could not complete the command: /.*/.*: .+\n", output.stderr)
