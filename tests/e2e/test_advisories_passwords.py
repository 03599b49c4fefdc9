"""Passwords of a netrc file: each goes to its own host, whatever an address looks like."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.indexes import CUDA_LABELS, TORCH_JSON, torch_files
from tests.e2e.pips import Pip
from tests.support.stand_in import IndexServer, Listed, Reply, write_simple_index, write_wheel

pytestmark = pytest.mark.every_release

PLAIN = "plain-1.0-py3-none-any.whl"
TORCH = "torch-2.8.0-py3-none-any"
BASIC = f"Basic {base64.b64encode(b'owner:password').decode()}"

# An address that names the host `good.example` and goes to HOST, the server of somebody else.
TRICKS = {
    "user with an empty password": "http://good.example:@HOST/",
    "user with a port for a password": "http://good.example:443@HOST/",
    "user alone": "http://good.example@HOST/",
    "user and password": "http://good.example:x:y@HOST/",
    "host behind an encoded slash": "http://good.example%2F:@HOST/",
}


@pytest.fixture
def netrc(tmp_path: Path) -> str:
    """Return a netrc file with the password of `good.example`."""
    path = tmp_path / "netrc"
    path.write_text("machine good.example login owner password password\n")
    path.chmod(0o600)
    return str(path)


@pytest.fixture
def other_server(tmp_path: Path) -> Iterator[IndexServer]:
    """Return another server, which has what the index redirects to it."""
    root = tmp_path / "other"
    *wheels, document = torch_files(root, "py3-none-any", (None, *CUDA_LABELS))
    write_wheel(root, PLAIN)
    (root / "metadata").write_text("Metadata-Version: 2.1\nName: plain\nVersion: 1.0\n")
    (root / "page.html").write_text("".join(f'<a href="{file.name}"></a>' for file in wheels))
    document.rename(root / "document.json")
    with IndexServer(root) as server:
        yield server


# What the index redirects, by its path, and the file of the other server.
REDIRECTED = {
    "page": ("/simple/plain/", "page.html"),
    "wheel": (f"/files/{PLAIN}", PLAIN),
    "metadata": (f"/files/{PLAIN}.metadata", "metadata"),
    "variants JSON": (TORCH_JSON, "document.json"),
    "variant wheel": (f"/files/{TORCH}-cu129.whl", f"{TORCH}-cu129.whl"),
}


@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS)
@pytest.mark.parametrize(("path", "file"), REDIRECTED.values(), ids=REDIRECTED)
def test_redirect_does_not_send_the_password_of_another_host(
    pip: Pip,
    server: IndexServer,
    other_server: IndexServer,
    tmp_path: Path,
    netrc: str,
    path: str,
    file: str,
    trick: str,
) -> None:
    """The server that the index names gets no password at all."""
    folder = tmp_path / "index" / "files"
    plain = Listed(write_wheel(folder, PLAIN), core_metadata=True)
    *wheels, document = torch_files(folder, "py3-none-any", (None, *CUDA_LABELS))
    torch: list[Path | Listed] = [*wheels, Listed(document, hashed=False)]
    write_simple_index(tmp_path / "index", {"plain": [plain], "torch": torch})
    host = other_server.url.removeprefix("http://").rstrip("/")
    target = trick.replace("HOST", host) + file
    server.replies[path] = Reply(302, headers=(("Location", target),))
    project = "torch" if "torch" in path else "plain"
    command = ("download", "--no-cache-dir", "--no-input", project)
    status = 1 if path.startswith("/simple/") else 0
    pip.run(*command, "--index-url", f"{server.url}simple/", NETRC=netrc, status=status)
    assert other_server.requested(file) != []
    assert {request.headers.get("authorization") for request in other_server.requests} == {None}
    assert {request.headers.get("authorization") for request in server.requests} == {None}


def test_own_password_is_sent_to_the_index_and_after_a_redirect_to_it(
    pip: Pip, server: IndexServer, other_server: IndexServer, tmp_path: Path
) -> None:
    """The password of a host goes with every request to it, and only with these."""
    folder = tmp_path / "index" / "files"
    write_simple_index(tmp_path / "index", {"plain": [write_wheel(folder, PLAIN)]})
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login owner password password\n")
    url = server.url.replace("127.0.0.1", "localhost")
    target = f"{other_server.url}{PLAIN}"
    server.replies[f"/files/{PLAIN}"] = Reply(302, headers=(("Location", target),))
    back = Reply(302, headers=(("Location", f"{url}back"),))
    other_server.replies[f"/{PLAIN}"] = back
    server.replies["/back"] = Reply(body=(folder / PLAIN).read_bytes())
    command = ("install", "--dry-run", "--no-cache-dir", "plain", "--index-url", f"{url}simple/")
    pip.run(*command, NETRC=str(netrc))
    assert server.requested("/back") == ["/back"]
    assert {request.headers.get("authorization") for request in server.requests} == {BASIC}
    assert {request.headers.get("authorization") for request in other_server.requests} == {None}
