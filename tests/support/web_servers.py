"""Real web servers and package indexes that serve a folder on a loopback port."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.venvs import THIS_PYTHON, Venv, interpreter, make_venv, once, online_env

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "pip-variants-tests")

_NGINX = """\
daemon off; master_process off; pid {work}/pid; error_log {work}/error;
events {{}}
http {{
    access_log off;
    client_body_temp_path {work}/1; proxy_temp_path {work}/2; fastcgi_temp_path {work}/3;
    uwsgi_temp_path {work}/4; scgi_temp_path {work}/5;
    server {{ listen 127.0.0.1:{port}; location / {{ root {root}; autoindex on; }} }}
}}
"""


class CannotBeHadError(Exception):
    """A server is not here; the text says why, and how to get it."""


def programs(requirement: str, *, install: bool) -> Path:
    """Return the folder with the commands of a distribution, in a venv that is kept in the cache.

    Raise CannotBeHadError if it is not there and is not to be installed, or cannot be.
    """
    root = _CACHE / f"{requirement}-{THIS_PYTHON}"
    if not install and not root.with_name(f"{root.name}.done").exists():
        raise CannotBeHadError(f"{requirement} is not installed: --servers installs it")

    def make(folder: Path) -> None:
        python = interpreter(THIS_PYTHON)
        assert python is not None
        venv = make_venv(folder, python)
        command = (venv.python, "-m", "pip", "install", "--quiet", requirement)
        done = subprocess.run(command, env=online_env(), capture_output=True, check=False)
        if done.returncode:
            raise CannotBeHadError(f"{requirement} cannot be had from the package index")

    _CACHE.mkdir(parents=True, exist_ok=True)
    return Venv(once(root, make)).python.parent


@contextmanager
def http_server(python: Path, root: Path) -> Iterator[str]:
    """Serve a folder with `python -m http.server` and yield its address."""
    arguments = ("-m", "http.server", "--bind", "127.0.0.1", "--directory", root)
    with _started(python, *arguments, "{port}") as url:
        yield url


@contextmanager
def nginx(program: str, root: Path, work: Path) -> Iterator[str]:
    """Serve a folder with nginx and its autoindex, and yield its address."""
    work.mkdir()
    config = work / "nginx.conf"
    port = _free_port()
    config.write_text(_NGINX.format(work=work, root=root, port=port))
    with _started(program, "-c", config, "-e", work / "start", port=port) as url:
        yield url


@contextmanager
def pypiserver(commands: Path, root: Path) -> Iterator[str]:
    """Serve a folder with pypiserver, and yield the address of the index."""
    options = ("-i", "127.0.0.1", "-p", "{port}", "--disable-fallback", "-a", ".", "-P", ".")
    with _started(commands / "pypi-server", "run", *options, root) as url:
        yield f"{url}simple/"


@contextmanager
def simple_repository(commands: Path, source: Path | str) -> Iterator[str]:
    """Serve a folder, or an index at an address, with simple-repository-server."""
    options = ("--host", "127.0.0.1", "--port", "{port}")
    with _started(commands / "simple-repository-server", *options, source) as url:
        yield f"{url}simple/"


@contextmanager
def devpi(commands: Path, work: Path, mirrored: str = "") -> Iterator[str]:
    """Run devpi and yield the address of an index, `+simple/` of which is for pip.

    It mirrors the index at an address, or is empty: then its own is that to upload to.
    """
    setup = (commands / "devpi-init", "--serverdir", work, "--no-root-pypi", "--root-passwd", "x")
    subprocess.run(setup, check=True, capture_output=True)
    options = ("--serverdir", work, "--host", "127.0.0.1", "--port", "{port}")
    with _started(commands / "devpi-server", *options) as url:
        stage, mirror = {"type": "stage"}, {"type": "mirror", "mirror_url": mirrored}
        index = json.dumps(mirror if mirrored else stage).encode()
        assert _send(f"{url}root/dev", index, "application/json", "PUT") == 200
        yield f"{url}root/dev/"


def upload(url: str, project: str, version: str, file: Path) -> int:
    """Upload a file as twine does, and return the status of the response."""
    fields = {":action": "file_upload", "name": project, "version": version}
    parts = [f'"{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()]
    content = f'"content"; filename="{file.name}"\r\n\r\n'.encode() + file.read_bytes() + b"\r\n"
    head = b"--limit\r\nContent-Disposition: form-data; name="
    body = b"".join(head + part for part in (*parts, content)) + b"--limit--\r\n"
    return _send(url, body, "multipart/form-data; boundary=limit", "POST")


def _send(url: str, body: bytes, kind: str, method: str) -> int:
    password = base64.b64encode(b"root:x").decode()
    headers = {"Content-Type": kind, "Authorization": f"Basic {password}"}
    request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@contextmanager
def _started(*command: str | Path, port: int | None = None) -> Iterator[str]:
    """Run a server, whose arguments may have `{port}`, and yield its address once it listens."""
    port = port or _free_port()
    arguments = [str(part).replace("{port}", str(port)) for part in command]
    with subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            limit = time.monotonic() + 60
            while not _listens(port):
                assert process.poll() is None, f"{arguments} ended"
                assert time.monotonic() < limit, f"{arguments} does not listen"
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
