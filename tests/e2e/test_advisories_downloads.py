"""Names under which a server wants its files to be saved, and parts that do not belong together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.e2e.attacks import files_below
from tests.e2e.pips import Output, Pip, status_of
from tests.support.stand_in import IndexServer, Reply, write_wheel

pytestmark = pytest.mark.every_release

PLAIN = "plain-1.0-py3-none-any.whl"


def escaped(path: Path | str) -> str:
    """Return a path in which every separator is encoded twice."""
    return quote(str(path).replace("/", "%2f"))


@pytest.fixture
def download(pip: Pip, tmp_path: Path) -> Callable[..., Output]:
    """Return a function that downloads an address; it asserts that nothing is saved elsewhere."""
    temp = tmp_path / "temp" / "deep" / "er"
    temp.mkdir(parents=True)

    def run(*args: str, status: int = 1) -> Output:
        before = files_below(tmp_path)
        command = ("download", "--no-deps", "--no-cache-dir", "--dest", "wheels")
        output = pip.run(*command, *args, TMPDIR=str(temp), status=status)
        created = {path for path in files_below(tmp_path) - before if "/.provider" not in path}
        assert {path for path in created if not path.startswith("workdir/wheels/")} == set()
        return output

    return run


# The end of an address; OUT is a folder outside, encoded twice.
NAMES = {
    "absolute path": "{out}",
    "parent folder": "..%252f..%252fplain-1.0-py3-none-any.whl",
    "parent folder encoded in full": "%252e%252e%252f%252e%252e%252fplain-1.0.tar.gz",
    "absolute path of an sdist": "{sdist}",
    "folder that is missing": "missing%252fplain-1.0-py3-none-any.whl",
    "folder that is missing, of an sdist": "missing%252fplain-1.0.tar.gz",
    "three times": "..%25252f..%25252fplain-1.0.tar.gz",
    "parent alone": "x/%2e%2e",
    "parent alone, encoded twice": "x/%252e%252e",
    "null character": "plain-1.0%00.tar.gz",
    "null character, encoded twice": "plain-1.0%2500.tar.gz",
    "backslashes": "..%5c..%5cplain-1.0.tar.gz",
}


@pytest.mark.parametrize("case", NAMES)
def test_address_that_names_a_path_is_saved_nowhere_else(
    download: Callable[..., Output], server: IndexServer, tmp_path: Path, upstream: str, case: str
) -> None:
    """The download ends with an error."""
    wheel = write_wheel(tmp_path / "files", PLAIN).read_bytes()
    server.source = lambda _: wheel
    paths = {"out": tmp_path / PLAIN, "sdist": tmp_path / "plain-1.0.tar.gz"}
    url = server.url + NAMES[case].format(**{key: escaped(path) for key, path in paths.items()})
    for requirement in (url, f"plain @ {url}"):
        assert "ERROR: " in download(requirement, status=status_of(upstream, case)).stderr


@pytest.mark.parametrize("name", ["{out}", "..%252f..%252fplain-1.0-py3-none-any.whl"])
@pytest.mark.parametrize("json_pages", [True, False], ids=["JSON", "HTML"])
def test_page_whose_links_name_paths_saves_nothing_elsewhere(
    download: Callable[..., Output],
    server: IndexServer,
    tmp_path: Path,
    name: str,
    *,
    json_pages: bool,
) -> None:
    """A link whose name is a path is the name of no wheel, so that the project has none."""
    wheel = write_wheel(tmp_path / "files", PLAIN).read_bytes()
    link = f"/{name.format(out=escaped(tmp_path / PLAIN))}"
    pages = {
        "/simple/plain/index.html": f'<a href="{link}">{PLAIN}</a>'.encode(),
        "/simple/plain/index.json": (
            '{"meta": {"api-version": "1.0"}, "name": "plain", "files": '
            f'[{{"filename": "{PLAIN}", "url": "{link}", "hashes": {{}}}}]}}'
        ).encode(),
    }
    server.source = lambda path: pages.get(path, wheel)
    server.json_pages = json_pages
    output = download("--index-url", f"{server.url}simple/", "plain")
    assert "No matching distribution found for plain" in output.stderr


# Content-Disposition of a response, and how its name is shown.
DISPOSITIONS = {
    "parent alone": ('attachment; filename=".."', "'..'"),
    "this folder": ('attachment; filename="."', "'.'"),
    "null character": ('attachment; filename="plain\0.tar.gz"', "'plain\\x00.tar.gz'"),
    "backslashes": (r'attachment; filename="..\\..\\plain-1.0.tar.gz"', "'..\\\\..\\\\plain-1.0"),
}


@pytest.mark.parametrize("case", DISPOSITIONS)
def test_name_of_a_header_that_is_a_path_is_refused(
    download: Callable[..., Output], server: IndexServer, upstream: str, case: str
) -> None:
    """Nothing is saved elsewhere; an error of ours names the address and what the header says."""
    header, shown = DISPOSITIONS[case]
    status = status_of(upstream, f"{case}, in a header")
    # A type without extension: otherwise pip appends that.
    headers = (("Content-Disposition", header), ("Content-Type", "x/y"))
    server.replies["/plain-1.0.tar.gz"] = Reply(body=b"x", headers=headers)
    output = download(f"{server.url}plain-1.0.tar.gz", status=status)
    if status == 1:
        assert output.stderr.startswith(f"ERROR: INDEX/plain-1.0.tar.gz would be saved as {shown}")
        assert output.stderr.endswith("which is not the name of a file.\n")


@pytest.mark.parametrize(
    "name", ["plain-1.0+local.1-py3-none-any.whl", "plain-1!1.0-py3-none-any.whl"]
)
def test_name_that_is_encoded_once_is_decoded_once(
    download: Callable[..., Output], server: IndexServer, tmp_path: Path, name: str
) -> None:
    """A plus in a version, or an epoch, may be encoded as in every address."""
    wheel = write_wheel(tmp_path / "files", name).read_bytes()
    server.source = {f"/{name}": wheel}.get
    output = download(server.url + quote(name, safe=""), status=0)
    assert f"Saved ./wheels/{name}\n" in output.stdout


class Interrupted:
    """A server that breaks off the first response for a file, then replies as `replies` has it."""

    def __init__(self, server: IndexServer, content: bytes, cut: int) -> None:
        self.server, self.content, self.cut = server, content, cut
        self.path = f"/{PLAIN}"
        server.source = {self.path: content}.get
        server.replies = Sequence(self.path, [Reply(cut=cut, headers=(("ETag", '"1"'),))])

    def then(self, *replies: Reply) -> None:
        """Reply with these, in turn, and then with the whole file."""
        assert isinstance(self.server.replies, Sequence)
        self.server.replies.rest += replies


class Sequence(dict[str, Reply]):
    """Replies for one path, one for each request, and after these the usual one."""

    def __init__(self, path: str, replies: list[Reply]) -> None:
        super().__init__()
        self.path, self.rest = path, replies

    def get(self, path: str, default: Reply) -> Reply:  # type: ignore[override]
        """Return the next reply for the path."""
        return self.rest.pop(0) if path == self.path and self.rest else default


@pytest.fixture
def interrupted(server: IndexServer, tmp_path: Path) -> Interrupted:
    """Return a server of a wheel whose download is interrupted once."""
    payload = {"plain/data.bin": bytes(range(256)) * 400}
    content = write_wheel(tmp_path / "files", PLAIN, files=payload).read_bytes()
    return Interrupted(server, content, 50_000)


def part(content: bytes, content_range: str) -> Reply:
    """Return a partial response with this header."""
    return Reply(206, body=content, headers=(("Content-Range", content_range),))


# The header of a partial response that is requested from byte 50,000 on.
PARTS = {
    "another offset": "bytes 60000-{last}/{total}",
    "an earlier offset": "bytes 0-{last}/{total}",
    "another total": "bytes 50000-{last}/999999",
    "an end before the end": "bytes 50000-60000/{total}",
    "an end behind the end": "bytes 50000-{total}/{total}",
    "another unit": "octets 50000-{last}/{total}",
    "negative offset": "bytes -50000-{last}/{total}",
    "no numbers": "bytes */{total}",
    "several parts": "bytes 50000-60000,60001-{last}/{total}",
}


@pytest.mark.parametrize("case", PARTS)
def test_part_that_does_not_continue_the_file_is_not_saved(
    pip: Pip, interrupted: Interrupted, upstream: str, case: str
) -> None:
    """The download starts again and saves the file, or it fails and saves nothing."""
    size = len(interrupted.content)
    filled = PARTS[case].format(last=size - 1, total=size)
    interrupted.server.ranges = False  # the header is the one above
    interrupted.then(part(bytes(size - interrupted.cut), filled))
    save(pip, interrupted, status_of(upstream, case, 0))


def test_part_that_continues_the_file_is_used(pip: Pip, interrupted: Interrupted) -> None:
    """The bytes that have arrived are not requested again."""
    save(pip, interrupted)
    sent = [request.sent for request in interrupted.server.requests]
    assert sent == [interrupted.cut, len(interrupted.content) - interrupted.cut]


@pytest.mark.parametrize("total", ["{total}", "*"])
def test_part_of_an_unknown_total_is_used(pip: Pip, interrupted: Interrupted, total: str) -> None:
    """A server need not repeat the size of the file."""
    content = interrupted.content
    header = f"bytes 50000-{len(content) - 1}/{total.format(total=len(content))}"
    interrupted.server.ranges = False
    interrupted.then(part(content[interrupted.cut :], header))
    save(pip, interrupted)
    assert len(interrupted.server.requests) == 2


def save(pip: Pip, interrupted: Interrupted, status: int = 0) -> None:
    """Download the wheel, resuming; assert that it is whole, or absent where the download fails."""
    command = ("download", "--no-deps", "--no-cache-dir", "--resume-retries=3", "--dest", "wheels")
    pip.run(*command, interrupted.server.url + PLAIN, status=status)
    saved = pip.folder / "wheels" / PLAIN
    assert not saved.exists() if status else saved.read_bytes() == interrupted.content
