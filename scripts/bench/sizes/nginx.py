"""nginx on loopback as the server of the index, with a log of its requests."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.tools import BenchError
from tests.support.index_server import Request

# Debian puts it where not everybody's PATH leads.
PROGRAM = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
_READY, _LOGGED = 10.0, 0.1
_CONFIGURATION = """\
daemon off;
user {user};
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    types {{ text/html html; application/json json; }}
    default_type application/octet-stream;
    log_format bench '$request_method $status $body_bytes_sent $uri';
    access_log {folder}/access.log bench;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 100000;
    server {{
        listen 127.0.0.1:{port};
        root {root};
    }}
}}
"""


class NginxServer:
    """A running nginx; `url` is its address, `requests` its log."""

    def __init__(self, port: int, log: Path) -> None:
        self.url = f"http://127.0.0.1:{port}/"
        self._log = log

    @property
    def requests(self) -> list[Request]:
        """Everything that was requested so far; nginx logs a request when it is at its end."""
        time.sleep(_LOGGED)
        found = []
        for line in self._log.read_text(encoding="utf-8").splitlines():
            method, status, sent, path = line.split(" ", 3)
            found.append(Request(method, path, int(status), int(sent), {}))
        return found


@contextmanager
def serving(root: Path, folder: Path) -> Iterator[NginxServer]:
    """Serve *root* with nginx, whose own files are in *folder*; raise BenchError if it fails."""
    folder.mkdir()
    port = _free_port()
    user = pwd.getpwuid(os.geteuid()).pw_name
    text = _CONFIGURATION.format(user=user, folder=folder, port=port, root=root.resolve())
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    command = [str(PROGRAM), "-p", str(folder), "-e", f"{folder}/error.log"]
    with subprocess.Popen([*command, "-c", f"{folder}/nginx.conf"]) as process:
        try:
            _wait(process, port)
            yield NginxServer(port, folder / "access.log")
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    """Return when nginx accepts connections."""
    end = time.monotonic() + _READY
    while process.poll() is None and time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise BenchError("nginx does not start")
