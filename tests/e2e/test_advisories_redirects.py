"""Redirects to anything but http and https, and headers that are no address at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.attacks import into
from tests.e2e.indexes import CUDA_LABELS, TORCH_JSON, torch_files, with_variants
from tests.e2e.pips import READING, UNREAD, Output, Pip
from tests.support.stand_in import IndexServer, Listed, Reply, dump, write_simple_index, write_wheel

pytestmark = pytest.mark.every_release

PLAIN = "plain-1.0-py3-none-any.whl"
REFUSED = "redirect to {} refused (only http and https are followed)"


class AfterTheFirst(dict[str, Reply]):
    """Replies that a server sends from the second request for their path on."""

    def __init__(self, replies: dict[str, Reply]) -> None:
        super().__init__(replies)
        self._requested: set[str] = set()

    def get(self, path: str, default: Reply) -> Reply:  # type: ignore[override]
        """Return the usual reply to the first request for a path."""
        if path in self._requested:
            return super().get(path, default)
        self._requested.add(path)
        return default


def redirect(target: str, status: int = 302) -> Reply:
    """Return a reply that redirects to `target`, as it is."""
    return Reply(status, headers=(("Location", target),))


@pytest.fixture
def plain_index(server: IndexServer, tmp_path: Path) -> str:
    """Return the address of an index with one plain wheel and its METADATA."""
    wheel = write_wheel(tmp_path / "index/files", PLAIN)
    write_simple_index(tmp_path / "index", {"plain": [Listed(wheel, core_metadata=True)]})
    return f"{server.url}simple/"


@pytest.fixture
def secret(tmp_path: Path) -> Callable[[str], str]:
    """Return a function that writes the file that pip must not read; it returns its address."""

    def write(what: str) -> str:
        folder = tmp_path / "secret"
        wheel = write_wheel(folder, PLAIN, files={"plain/secret.py": b""})
        contents = {
            "page": f'<a href="{wheel.as_uri()}">{PLAIN}</a>'.encode(),
            "wheel": wheel.read_bytes(),
            "metadata": b"Metadata-Version: 2.1\nName: plain\nVersion: 1.0\n",
        }
        file = folder / f"{what}.html"
        file.write_bytes(contents[what])
        return file.as_uri()

    return write


PATHS = {
    "page": "/simple/plain/",
    "wheel": f"/files/{PLAIN}",
    "metadata": f"/files/{PLAIN}.metadata",
}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(("what", "path"), PATHS.items(), ids=PATHS)
def test_redirect_of_the_index_to_a_file_is_refused_in_one_sentence(
    pip: Pip,
    server: IndexServer,
    plain_index: str,
    secret: Callable[[str], str],
    tmp_path: Path,
    what: str,
    path: str,
    status: int,
) -> None:
    """The file is not read, though it has what pip requests."""
    target = secret(what)
    server.replies[path] = redirect(target, status)
    options = ("--index-url", plain_index, "--no-cache-dir")
    install = (*into(tmp_path / "venv"), *options, "plain")
    output = pip.run(*(item for item in install if item != "--no-index"), status=1)
    sentence = f"{status} {REFUSED.format(repr(target))}"
    assert sum(sentence in line for line in output.stderr.splitlines()) == 1
    assert not list(tmp_path.rglob("venv/**/*.py"))


OTHER_TARGETS = {
    "file in capitals": "FILE:///etc/hostname",
    "file of a host": "file://localhost/etc/hostname",
    "file without slashes": "file:/etc/hostname",
    "file without a path": "file:",
    "ftp": "ftp://127.0.0.1/plain",
    "data": "data:text/html,x",
    "git": "git+file:///tmp/x",
    "unknown": "x-y+z://a/b",
}
BAD_HEADERS = {
    "bracket that is not closed": "http://[::1",
    "host with a bracket": "//[x",
    "port that is too large": "http://127.0.0.1:99999999/",
    "port that is no number": "http://127.0.0.1:x/",
    "not UTF-8": "http://127.0.0.1/\xff\xfe",
    "host with an empty label": "http://a..b/",
    "host with a long label": f"http://{'a' * 64}.example/",
    "host that differs by parser": "http://127.0.0.1\\@localhost/",
}
NO_HOST = {"no host": "https:///x", "user without host": "http://user@/x"}


def problems() -> dict[str, tuple[str, str]]:
    """Return target and problem of each redirect that is refused, by name."""
    return {
        name: (target, problem)
        for problem, targets in (
            ("only http and https are followed", OTHER_TARGETS),
            ("not a valid URL", BAD_HEADERS),
            ("it names no host", NO_HOST),
        )
        for name, target in targets.items()
    }


@pytest.mark.parametrize("what", ["page", "wheel"])
@pytest.mark.parametrize(("target", "problem"), problems().values(), ids=problems())
def test_other_scheme_or_bad_header_is_refused_in_one_sentence(
    pip: Pip, server: IndexServer, plain_index: str, target: str, problem: str, what: str
) -> None:
    """There is no traceback, whatever the header is."""
    server.replies[PATHS[what]] = redirect(target)
    options = ("--index-url", plain_index, "--no-cache-dir", "--retries=0")
    output = pip.run("download", *options, "plain", status=1)
    assert sum(f"refused ({problem})" in line for line in output.stderr.splitlines()) == 1
    assert output.stderr.startswith("WARNING: " if what == "page" else "ERROR: ")


def test_redirect_hides_the_password_of_the_address_that_is_refused(
    pip: Pip, server: IndexServer, plain_index: str
) -> None:
    """A password in the header is not printed."""
    server.replies[PATHS["page"]] = redirect("ftp://user:hidden@host/")
    output = pip.dry_run(plain_index, "plain", status=1)
    assert "302 redirect to 'ftp://user:****@host/' refused" in output.stderr
    assert "hidden" not in output.stdout + output.stderr


def test_page_that_redirects_to_itself_is_one_sentence(
    pip: Pip, server: IndexServer, plain_index: str
) -> None:
    """A loop ends without a traceback."""
    server.replies[PATHS["page"]] = redirect(PATHS["page"])
    output = pip.dry_run(plain_index, "plain", status=1)
    assert "there are too many redirects" in output.stderr


def test_other_index_is_used_when_the_first_redirects_to_a_file(
    pip: Pip, server: IndexServer, plain_index: str
) -> None:
    """A refused page costs that index alone, as one that cannot be reached."""
    server.replies["/other/plain/"] = redirect("file:///etc/hostname")
    output = pip.dry_run(f"{server.url}other/", "--extra-index-url", plain_index, "plain")
    assert output.last_line == "Would install plain-1.0"
    assert output.stderr.startswith("WARNING: Could not fetch URL INDEX/other/plain/: 302 redirect")


def variants_index(server: IndexServer, root: Path, tag: str, *, with_json: bool) -> str:
    """Write an index of torch with its variants, with the JSON or without; return its address."""
    *wheels, document = torch_files(root / "files", tag, (None, *CUDA_LABELS))
    listed: list[Path | Listed] = [*wheels]
    if with_json:
        listed.append(Listed(document, hashed=False))
    write_simple_index(root, {"torch": listed})
    return f"{server.url}simple/"


def dry_run_torch(pip: Pip, url: str, status: int = 0) -> Output:
    """Dry-run the installation of torch, without a cache."""
    return pip.dry_run(url, "--no-cache-dir", "torch", status=status)


def test_redirect_of_the_variants_json_to_a_file_is_refused(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """The wheels describe themselves, with the reason; the file, which is valid, is not read."""
    url = variants_index(server, tmp_path / "index", tag, with_json=True)
    file = tmp_path / "secret.json"
    file.write_bytes(dump(with_variants({"cu126": {}})))
    server.replies[TORCH_JSON] = redirect(file.as_uri())
    output = dry_run_torch(pip, url)
    assert output.last_line == "Would install torch-2.8.0-cu129"
    reason = f"302 {REFUSED.format(repr(file.as_uri()))}"
    assert output.stderr == (f"{READING}cannot be fetched: {reason}\n")


@pytest.mark.parametrize(("target", "problem"), problems().values(), ids=problems())
def test_other_scheme_or_bad_header_of_the_variants_json_is_refused(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, target: str, problem: str
) -> None:
    """The wheels describe themselves, and one warning has the reason."""
    url = variants_index(server, tmp_path / "index", tag, with_json=True)
    server.replies[TORCH_JSON] = redirect(target)
    output = dry_run_torch(pip, url)
    assert output.last_line == "Would install torch-2.8.0-cu129"
    start = f"{READING}cannot be fetched: 302 redirect to "
    assert output.stderr.startswith(start)
    assert output.stderr.endswith(f" refused ({problem})\n")


def test_redirect_of_a_range_request_to_a_device_is_refused(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Nothing is read from /dev/zero, which never ends."""
    url = variants_index(server, tmp_path / "index", tag, with_json=False)
    names = [f"/files/torch-2.8.0-{tag}-{label}.whl" for label in CUDA_LABELS]
    server.replies.update({name: redirect("file:///dev/zero") for name in names})
    output = dry_run_torch(pip, url, status=1)
    assert output.stderr.startswith(UNREAD)
    assert "302 redirect to 'file:///dev/zero' refused" in output.stderr


def test_redirect_of_a_range_request_of_pip_is_refused(
    pip: Pip, server: IndexServer, tmp_path: Path
) -> None:
    """Pip's own reading of METADATA by ranges does not follow it either."""
    wheel = write_wheel(tmp_path / "index/files", PLAIN)
    write_simple_index(tmp_path / "index", {"plain": [wheel]})
    server.replies = AfterTheFirst({PATHS["wheel"]: redirect("file:///dev/zero")})
    url = f"{server.url}simple/"
    output = pip.dry_run(url, "--no-cache-dir", "--use-feature=fast-deps", "plain", status=1)
    assert "302 redirect to 'file:///dev/zero' refused" in output.stderr


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_redirect_to_another_address_of_http_is_followed(
    pip: Pip, server: IndexServer, plain_index: str, host: str
) -> None:
    """Page, wheel and METADATA may be elsewhere, also on another host."""
    elsewhere = server.url.replace("127.0.0.1", host)
    for path in PATHS.values():
        server.replies[path] = redirect(f"{elsewhere}moved{path}")
        file = f"{path}index.html" if path.endswith("/") else path
        server.replies[f"/moved{path}"] = Reply(body=server.source(file))
    output = pip.run("download", "--index-url", plain_index, "--no-cache-dir", "plain")
    assert output.last_line == "Successfully downloaded plain"
    assert {f"/moved{path}" for path in PATHS.values()} <= set(server.requested())
