"""What real servers keep of a folder that `pip variants index --all` wrote; README has the table.

Servers of the package index are installed once, with --servers, into the user's cache.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import pytest

from tests.e2e.pips import NEW_DRIVER, Pip
from tests.e2e.test_variants_index import METADATA, index
from tests.support.stand_in import write_wheel
from tests.support.web_servers import (
    NGINX,
    CannotBeHadError,
    devpi,
    http_server,
    nginx,
    programs,
    pypiserver,
    simple_repository,
    upload,
)

DEVPI = "devpi-server==6.20.3"
PYPISERVER = "pypiserver==2.4.2"
SIMPLE_REPOSITORY = "simple-repository-server==0.10.0"

JSON = "torch-2.8.0-variants.json"
WHEEL = "torch-2.8.0-py3-none-any-cu129.whl"
REQUIRES_PYTHON = ">=3.9"


@dataclass(frozen=True, slots=True)
class Kept:
    """What is left of a published folder: on the page of the project, and of its files."""

    variants_json: bool = True
    metadata: bool = True
    hashes: bool = True
    requires_python: bool = True
    ranges: bool = True


SERVERS: Mapping[str, Kept] = {
    "http.server": Kept(ranges=False),
    "nginx": Kept(),
    "pypiserver": Kept(variants_json=False, metadata=False, requires_python=False),
    "pypiserver, uploaded": Kept(variants_json=False, metadata=False, requires_python=False),
    "devpi, uploaded": Kept(variants_json=False, metadata=False, ranges=False),
    "devpi before http.server": Kept(variants_json=False, metadata=False, ranges=False),
    "simple-repository-server": Kept(hashes=False, requires_python=False),
    "simple-repository-server before nginx": Kept(),
}


def publish(pip: Pip, root: Path) -> Path:
    """Write two variants and an index of them into a folder; return the folder of the project."""
    folder = root / "torch"
    for label in ("null", "cu129"):
        name = f"torch-2.8.0-py3-none-any-{label}.whl"
        write_wheel(folder, name, variant_json=METADATA, requires_python=REQUIRES_PYTHON)
    index(pip, "--all", root)
    return folder


def upload_all(url: str, folder: Path) -> None:
    """Upload wheels, which are accepted with a label in their names, and the JSON, which is not."""
    for file in folder.glob("*.whl"):
        assert upload(url, "torch", "2.8.0", file) == 200
    assert upload(url, "torch", "2.8.0", folder / JSON) == 400


@contextmanager
def served(name: str, pip: Pip, work: Path, *, install: bool) -> Iterator[str]:
    """Publish with a server and yield the address of its index; raise CannotBeHadError."""
    root = work / "published"
    folder = publish(pip, root)
    empty = work / "empty"
    empty.mkdir()
    with ExitStack() as stack:
        enter = stack.enter_context
        if name == "http.server":
            yield enter(http_server(pip.python, root))
        elif name == "pypiserver":
            yield enter(pypiserver(programs(PYPISERVER, install=install), root))
        elif name == "pypiserver, uploaded":
            url = enter(pypiserver(programs(PYPISERVER, install=install), empty))
            upload_all(url.removesuffix("simple/"), folder)
            yield url
        elif name == "devpi, uploaded":
            url = enter(devpi(programs(DEVPI, install=install), work / "devpi"))
            upload_all(url, folder)
            yield f"{url}+simple/"
        elif name == "devpi before http.server":
            commands = programs(DEVPI, install=install)
            origin = enter(http_server(pip.python, root))
            yield f"{enter(devpi(commands, work / 'devpi', origin))}+simple/"
        elif name == "simple-repository-server":
            commands = programs(SIMPLE_REPOSITORY, install=install)
            yield enter(simple_repository(commands, root))
        else:
            if NGINX is None:
                raise CannotBeHadError("nginx is not installed")
            url = enter(nginx(NGINX, root, work / "nginx"))
            if name != "nginx":
                commands = programs(SIMPLE_REPOSITORY, install=install)
                url = enter(simple_repository(commands, url))
            yield url


def kept(url: str) -> Kept:
    """Return what the page of torch and the server of its files have."""
    with urllib.request.urlopen(f"{url}torch/") as response:  # noqa: S310
        page = response.read().decode()
    anchors = [line for line in page.splitlines() if f"{WHEEL}</a>" in line]
    (anchor,) = anchors
    address = anchor.partition('href="')[2].partition('"')[0].partition("#")[0]
    file = urljoin(f"{url}torch/", address)
    request = urllib.request.Request(file, headers={"Range": "bytes=-100"})  # noqa: S310
    with urllib.request.urlopen(request) as response:  # noqa: S310
        status = response.status
    return Kept(
        variants_json=f"{JSON}</a>" in page,
        metadata="data-core-metadata=" in anchor and _is_there(f"{file}.metadata"),
        hashes="#sha256=" in anchor,
        requires_python="data-requires-python=" in anchor,
        ranges=status == 206,
    )


def _is_there(url: str) -> bool:
    try:
        with urllib.request.urlopen(url):  # noqa: S310
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return False


@pytest.mark.parametrize("name", SERVERS)
def test_variants_are_installed_from_a_server_whatever_it_loses(
    name: str, pip: Pip, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The best build is selected; what the server does not have is read out of the wheels."""
    try:
        with served(name, pip, tmp_path, install=request.config.getoption("--servers")) as url:
            assert kept(url) == SERVERS[name]
            options = ("--dry-run", "--index-url", url, "torch")
            output = pip.run("install", *options, machine=NEW_DRIVER)
            assert output.last_line == "Would install torch-2.8.0-cu129"
            assert "WARNING" not in output.stderr
            pip.run("variants", "check", f"{url}torch/")
    except CannotBeHadError as error:
        pytest.skip(str(error))
