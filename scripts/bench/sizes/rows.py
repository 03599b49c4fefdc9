"""The rows of the comparison with real sizes, and how one installer runs one of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bench.cases import DELAY
from bench.indexes import COUNT, project, write_indexes
from bench.sizes import nginx
from bench.sizes.file_server import FileServer
from bench.sizes.index import LABEL, MB, TORCH, VERSION, SizedIndex
from bench.sizes.installed import File, installed_files
from bench.sizes.installers import Installer, copy_environment, site_of
from bench.sizes.usage import Usage, run
from bench.tools import BenchError, clean_environment, fresh_folder, installed
from tests.support.index_server import IndexServer, Request

RATE = 100 * MB
"""Bytes a second of the slow line."""
BREAK = 50 * MB
"""Bytes after which the breaking line breaks; less if all wheels are small."""


class Server(Protocol):
    """An index; `requests` is everything that was requested so far."""

    url: str

    @property
    def requests(self) -> list[Request]:
        """The log."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row: the server it needs, what is installed from it, and how."""

    key: str
    title: str
    server: str
    requirement: str = TORCH
    dry: bool = False
    cached: bool = True
    may_fail: bool = False


ROWS = (
    Row("dry-run", "dry run, loopback", "loopback", dry=True),
    Row("install", "install, loopback", "loopback"),
    Row("no-cache", "install without a cache, loopback", "loopback", cached=False),
    Row("line", f"install, line of {RATE // MB} MB/s", "line"),
    Row(
        "many",
        f"dry run of {COUNT} variant projects, {DELAY * 1000:.0f} ms",
        "many",
        project(0),
        dry=True,
    ),
    Row("broken", "install, a line that breaks", "broken", may_fail=True),
)


@dataclass(frozen=True, slots=True)
class Result:
    """One run: what it used and requested, the bytes in its cache, and the files it installed."""

    usage: Usage
    sent: int
    requests: int
    cache: int
    files: Mapping[str, File] = field(repr=False, default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether the installer ended with an error."""
        return self.usage.status != 0


@dataclass(frozen=True, slots=True)
class Workspace:
    """A temporary folder and the servers by name."""

    folder: Path
    servers: Mapping[str, Server]

    def run(self, row: Row, installer: Installer, *, compare: bool = False) -> Result:
        """Run a row with an empty cache in a new environment; *compare* reads what it installs.

        Raise BenchError if the installer fails and must not.
        """
        server = self.servers[row.server]
        with ExitStack() as stack:
            stack.callback(os.sync)  # nothing of this run is left to be written in the next
            fresh = stack.enter_context(fresh_folder(self.folder))
            environment, cache = fresh / "venv", fresh / "cache"
            copy_environment(installer.template, environment)
            command = installer.command(
                environment,
                row.requirement,
                f"{server.url}{installer.kind}/simple/",
                cache=cache if row.cached else None,
                dry=row.dry,
            )
            before = len(server.requests)
            usage = run(command, clean_environment(), fresh)
            if usage.status and not row.may_fail:
                raise BenchError(f"{installer.name} fails in row {row.key}:\n{usage.output}")
            requests = server.requests[before:]
            files = {}
            if compare and not row.dry and not usage.status:
                site = site_of(environment)
                files = installed_files(site, site_of(installer.template))
                _check_label(installer, site)
            sent = sum(request.sent for request in requests)
            return Result(usage, sent, len(requests), _size(cache), files)


@contextmanager
def serving(index: SizedIndex, rows: Sequence[Row], folder: Path) -> Iterator[Workspace]:
    """Start the servers of some rows while the `with` block runs."""
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(_server(name, index, folder))
            for name in sorted({row.server for row in rows})
        }
        yield Workspace(folder, servers)


def _server(name: str, index: SizedIndex, folder: Path) -> AbstractContextManager[Server]:
    if name == "many":
        write_indexes(folder / "many")
        return IndexServer(folder / "many", cacheable=True, delay=DELAY)
    if name == "line":
        return FileServer(index.root, rate=RATE)
    if name == "broken":
        return FileServer(index.root, break_after=break_after(index))
    if nginx.PROGRAM is None:
        return FileServer(index.root)
    return nginx.serving(index.root, folder / "nginx")


def break_after(index: SizedIndex) -> int:
    """Return the bytes after which the line breaks: 50 MB, or a fifth of the largest wheel."""
    return min(BREAK, max(index.sizes.values()) // 5)


def _check_label(installer: Installer, site: Path) -> None:
    """Raise BenchError unless the best variant is installed, or the plain wheel."""
    label = f"-{LABEL}" if installer.kind == "variants" else ""
    if f"{TORCH}-{VERSION}{label}" not in installed(site):
        raise BenchError(f"{installer.name} does not install {TORCH}{label}")


def _size(folder: Path) -> int:
    """Return the bytes of the files below a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
