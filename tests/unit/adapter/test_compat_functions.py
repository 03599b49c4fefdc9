"""Each function of `compat` does what it says with the pip that is installed.

`tests/test_compat.py` runs all of this folder under each patched release as well.
"""

from __future__ import annotations

import ast
import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from optparse import Values
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pip._internal.commands import create_command
from pip._internal.exceptions import InstallationError
from pip._internal.models.candidate import InstallationCandidate
from pip._internal.models.link import Link
from pip._internal.network.session import PipSession
from pip._internal.operations.prepare import RequirementPreparer
from pip._internal.req.constructors import install_req_from_req_string
from pip._internal.utils.temp_dir import global_tempdir_manager
from pip._vendor.packaging.version import Version
from pip._vendor.requests.exceptions import RequestException
from pip._vendor.requests.models import Response

import pip_variants.commands.command
from patches.common._safety.hosts import Hosts
from patches.common._safety.limits import Limit, TooMuchError
from pip_variants.core.conditions import Condition
from pip_variants.core.errors import RequestError
from pip_variants.core.properties import Value
from pip_variants.pip_adapter import compat
from tests.support.stand_in_wheel import write_wheel
from tests.unit.adapter.edge import (
    OTHER_PAGE,
    FakeFinder,
    FakeServer,
    link_to,
    session_with,
    torch_links,
    wheel_name,
    write_installed,
)

URL = "https://example.org/a.json"


class Command(pip_variants.commands.command.VariantsCommand):
    """The command `pip variants`, as any pip can make it."""


def parsed(*args: str) -> Values:
    """Return the options of `pip variants` with these arguments."""
    command = Command("variants", "x", isolated=True)
    return command.parser.parse_args(list(args))[0]


@pytest.mark.parametrize(
    ("values", "specifier", "text"),
    [
        (("2.8",), "==2.8.*", "torch==2.8.*"),
        (("2.9", "2.7"), "", "torch==2.9.* or torch==2.7.*"),
    ],
)
def test_condition_is_a_requirement_of_the_resolver(
    values: tuple[str, ...], specifier: str, text: str
) -> None:
    """It is satisfied by a version that matches any value, and names the variant in a conflict."""
    found = Condition("torch", tuple(map(Value, values)))
    factory: Any = SimpleNamespace(
        _make_install_req_from_spec=partial(install_req_from_req_string, isolated=True)
    )
    parent = compat.parse_user_requirement("flash-attn")
    made: Any = compat.condition_requirement(factory, parent, found, "cu12")
    ireq = made.get_candidate_lookup()[1]
    assert (str(made), made.name, str(ireq.req.specifier)) == (text, "torch", specifier)
    assert ireq.variant_condition == found
    assert made.format_for_error() == f"{text} for its variant cu12"
    assert made.is_condition
    fits = [
        made.is_satisfied_by(SimpleNamespace(version=Version(version)))
        for version in (f"{values[-1]}.1", "2.6")
    ]
    assert fits == [True, False]
    same = compat.condition_requirement(factory, parent, found, "cu12")
    other = compat.condition_requirement(factory, parent, Condition("torch", (Value("2"),)), "cu12")
    assert (made == same, made == other, hash(made) == hash(same)) == (True, False, True)


def test_every_function_of_compat_is_called_in_this_module() -> None:
    """A new function needs a test here, by which each release is checked."""
    functions = {
        node.name
        for path in Path(compat.__file__).parent.glob("*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    called = {
        node.func.attr
        for node in ast.walk(ast.parse(Path(__file__).read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "compat"
    }
    assert functions <= called


def test_every_exported_name_of_compat_that_exists_at_run_time_resolves() -> None:
    """The others are types, which a type checker alone needs."""
    types = {
        alias.name
        for node in ast.parse(Path(compat.__file__).read_text("utf-8")).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in node.body
        if isinstance(inner, ast.ImportFrom)
        for alias in inner.names
    }
    assert {name for name in compat.__all__ if not hasattr(compat, name)} <= types


def test_session_of_a_finder_is_the_one_that_fetches_its_pages() -> None:
    """Metadata is fetched with the credentials, proxies and cache of the pages."""
    finder = FakeFinder(FakeServer())
    assert compat.session_of(finder) is finder._link_collector.session
    session = PipSession()
    built = compat.build_finder(session, parsed("--index-url", "https://a/simple"))
    assert compat.session_of(built) is session


def test_all_hashes_of_a_link_are_returned() -> None:
    """A hash of the URL and those of the page, also of algorithms that pip does not know."""
    link = link_to("a.json", hashes={"md5": "1", "blake2b": "2"})
    assert dict(compat.all_hashes(link)) == {"md5": "1", "blake2b": "2"}
    assert dict(compat.all_hashes(Link(f"{URL}#sha256={'0' * 64}"))) == {"sha256": "0" * 64}
    assert dict(compat.all_hashes(Link(URL))) == {}


def test_stated_hashes_and_size_take_the_place_of_those_of_the_url() -> None:
    """Links of unpatched releases have no size."""
    link = Link(f"{URL}#sha256={'0' * 64}")
    compat.set_stated(link, {"sha256": "1" * 64}, 5)
    assert dict(compat.all_hashes(link)) == {"sha256": "1" * 64}
    assert link.hash == "1" * 64
    assert getattr(link, "size", 5) == 5


def test_candidate_gets_another_link_and_keeps_the_rest() -> None:
    """The original candidate, which pip has cached, is unchanged."""
    old, new = link_to(wheel_name("fast")), link_to(wheel_name("slow"))
    candidate = InstallationCandidate("torch", "2.8.0", old)
    own = compat.candidate_with_link(candidate, new)
    assert (own.name, own.version, own.link) == (candidate.name, candidate.version, new)
    assert candidate.link is old


class Copy(Link):
    """A subclass of pip's link."""

    __slots__ = ()

    def __init__(self) -> None:
        """Leave all slots empty."""


def test_link_is_copied_into_a_subclass_with_every_slot() -> None:
    """No attribute of pip's link is forgotten."""
    link = link_to(wheel_name("fast"), yanked="x", core_metadata=True)
    copy = Copy()
    compat.copy_link(link, copy)
    assert copy == link
    assert repr(copy) == repr(link)
    assert copy.metadata_link() == link.metadata_link()
    assert set(Link.__slots__) <= set(dir(copy))


def test_inner_distribution_is_that_of_the_metadata_backend(tmp_path: Path) -> None:
    """It reads files of the distribution, and an attribute can be set."""
    inner = compat.inner_distribution(write_installed(tmp_path, b"{}"))
    assert type(inner).__module__.partition(".")[0] != "pip_variants"
    inner._pip_variants_attached = 1
    assert inner._pip_variants_attached == 1
    assert hasattr(inner, "read_text") or hasattr(inner, "get_metadata")


def test_impatient_finder_tries_once_and_leaves_no_trace() -> None:
    """Retries, timeout and prompts are as before, also after an error; memories are separate."""
    server = FakeServer()
    finder = FakeFinder(server, torch_links("fast"))
    session = compat.session_of(finder)
    before = (session.timeout, session.auth.prompting, server.max_retries.total)
    with contextlib.suppress(KeyError), compat.impatient_finder(finder) as impatient:
        assert compat.session_of(impatient) is session
        inside = (session.timeout, session.auth.prompting, server.max_retries.total)
        memories = (impatient._all_candidates, impatient._best_candidates)
        raise KeyError
    assert memories == ({}, {})
    assert type(impatient) is FakeFinder
    assert inside == (5, False, 0)
    assert (session.timeout, session.auth.prompting, server.max_retries.total) == before
    assert "_all_candidates" not in vars(finder)


def test_impatient_finder_of_pip_itself_forgets_nothing_of_the_other() -> None:
    """What the finder of pip knows stays, and the copy begins without it."""
    session = PipSession(retries=5)
    finder = compat.build_finder(session, parsed("--no-index"))
    finder._all_candidates["torch"] = []
    with compat.impatient_finder(finder) as impatient:
        assert impatient._all_candidates == {}
        retries = [
            adapter.max_retries.total
            for adapter in session.adapters.values()
            if hasattr(adapter, "max_retries")
        ]
    assert set(retries) == {0}
    assert finder._all_candidates == {"torch": []}
    assert session.get_adapter("https://a/").max_retries.total == 5


def test_all_hints_of_a_run_have_one_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one took is not there for the next; with nothing left requests end at once."""
    now = [1000.0]
    monkeypatch.setattr("pip_variants.pip_adapter.compat.network.time.monotonic", lambda: now[0])
    server = FakeServer()
    session = session_with(server)
    ends = []
    for seconds in (2.0, 4.0, 1.0):
        with compat.impatient(session):
            ends.append(server.pip_ends - now[0])
            now[0] += seconds
        assert server.pip_ends is None
    assert ends == [5.0, 3.0, 0.0]


def test_failure_of_a_host_is_known_by_its_adapter() -> None:
    """One that is not of pip knows of none."""
    server = FakeServer()
    session = session_with(server)
    assert compat.host_failure(session, URL) is None
    server.pip_hosts = Hosts()
    assert compat.host_failure(session, URL) is None
    error = RequestException("down")  # type: ignore[no-untyped-call]
    server.pip_hosts.failed(URL, error)
    found = compat.host_failure(session, URL)
    assert (type(found), str(found)) == (RequestException, "down")


def test_streamed_document_has_the_limit_of_a_document() -> None:
    """A response without a limit, as a cached one, is left as it is."""
    response = Response()  # type: ignore[no-untyped-call]
    compat.expect_document(response)
    limit = Limit(15.0)
    limit.expect_download(10**9)
    vars(response)["pip_limit"] = limit
    compat.expect_document(response)
    with pytest.raises(TooMuchError):
        limit.arrived(10**8, 0.0)


def test_link_from_https_to_http_gives_up_encryption() -> None:
    """Unless the host is trusted."""
    links = ("https://a.example/", "http://b.example/x")
    assert compat.gives_up_encryption(PipSession(), *links)
    assert not compat.gives_up_encryption(PipSession(trusted_hosts=["b.example"]), *links)


def test_passwords_are_hidden_before_a_text_is_cut() -> None:
    """Also in what is no valid URL."""
    assert compat.without_passwords("at '//user:secret@host/x'") == "at '//user:****@host/x'"


def test_prepared_request_has_the_headers_of_pip() -> None:
    """The session adds its own headers and its authentication."""
    session = session_with(FakeServer())
    plain = compat.prepare_get(session, URL)
    fresh = compat.prepare_get(
        session, "https://me:secret@example.org/a", {"Cache-Control": "no-store"}
    )
    assert (plain.method, plain.url) == ("GET", URL)
    assert plain.headers is not None
    assert fresh.headers is not None
    assert plain.headers["Accept-Encoding"] == "identity"
    assert "Cache-Control" not in plain.headers
    assert fresh.headers["Cache-Control"] == "no-store"
    assert fresh.headers["Authorization"] == "Basic bWU6c2VjcmV0"
    part = compat.prepare_get(session, URL, {"Range": "bytes=-7"})
    assert part.headers is not None
    assert part.headers["Range"] == "bytes=-7"
    assert "Range" not in plain.headers


def test_environment_settings_have_proxies_and_certificates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They are what the session would use itself."""
    for name in ("NO_PROXY", "no_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    found = compat.environment_settings(session_with(FakeServer()), URL)
    assert found["proxies"]["https"] == "http://proxy:3128"
    assert found["verify"] is True


def test_body_is_read_in_chunks_as_it_was_sent() -> None:
    """Nothing is decompressed, or a hash would not match."""
    server = FakeServer({URL: b"\x1f\x8b not really compressed"})
    server.headers["Content-Encoding"] = "gzip"
    response = session_with(server).get(URL, stream=True)
    assert b"".join(compat.body_chunks(response)) == b"\x1f\x8b not really compressed"


class Files(BaseHTTPRequestHandler):
    """A server that sends the same content, which may be cached, for every path."""

    content = b"content" * 1000

    def do_GET(self) -> None:
        """Respond with the content."""
        self.send_response(200)
        for name, value in (
            ("Content-Length", str(len(self.content))),
            ("Cache-Control", "max-age=1000"),
            ("ETag", '"1"'),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.content)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Log nothing."""


@pytest.fixture
def cached_url() -> Iterator[str]:
    """Return the URL of a file on a real server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/x.whl"
        server.shutdown()


def caching_session(folder: Path) -> PipSession:
    """Return a session that caches what the server sends."""
    return PipSession(cache=str(folder), trusted_hosts=["127.0.0.1"])


def test_cache_takes_a_file_by_a_link_and_reads_no_copy(tmp_path: Path, cached_url: str) -> None:
    """The body is read past the cache, which then has the file without a second one on the disk."""
    session = caching_session(tmp_path / "cache")
    assert compat.http_cache(session, cached_url) == tmp_path / "cache"
    assert compat.cached_body(session, cached_url) is None
    response = session.get(cached_url, stream=True)
    compat.bypass_cache(response)
    path = tmp_path / "x.whl"
    path.write_bytes(b"".join(compat.body_chunks(response)))
    assert compat.cached_body(session, cached_url, stale=True) is None
    compat.add_to_cache(session, response, path)
    body = compat.cached_body(session, cached_url)
    assert body is not None
    with body:
        assert body.read() == Files.content
    assert path.stat().st_nlink == 2


def test_session_without_a_cache_has_no_cached_files(tmp_path: Path, cached_url: str) -> None:
    """Pip caches nothing of a host that it does not trust, and nothing with --no-cache-dir."""
    session = PipSession()
    response = session.get(cached_url)
    compat.bypass_cache(response)
    compat.add_to_cache(session, response, tmp_path / "none")
    assert compat.http_cache(session, cached_url) is None
    assert compat.cached_body(session, cached_url, stale=True) is None


def test_response_keeps_its_content_without_a_connection(cached_url: str) -> None:
    """What a thread has fetched can be read later as pip reads a response."""
    response = compat.with_content(PipSession().get(cached_url, stream=True))
    assert compat.prefetched_content(response) == Files.content
    assert b"".join(compat.body_chunks(response)) == Files.content
    response.headers["Content-Encoding"] = "gzip"
    assert compat.prefetched_content(response) is None


def test_connection_of_another_thread_is_shut_down(cached_url: str) -> None:
    """The thread that reads the body does not wait any longer."""
    response = PipSession().get(cached_url, stream=True)
    compat.shut_down(response)
    compat.shut_down(response)


def test_pages_of_a_project_are_those_of_all_indexes() -> None:
    """A URL for each, with a slash at its end."""
    options = parsed("--index-url", "https://a/simple", "--extra-index-url", "https://b/simple")
    finder = compat.build_finder(PipSession(), options)
    assert compat.page_urls(finder, "Torch") == [
        "https://a/simple/torch/",
        "https://b/simple/torch/",
    ]


def test_installation_scheme_is_that_of_the_options(tmp_path: Path) -> None:
    """A prefix moves everything."""
    values = {"use_user_site": False, "root_path": None, "isolated_mode": True}
    scheme = compat.installation_scheme("x", Values({**values, "prefix_path": str(tmp_path)}))
    assert scheme.purelib.startswith(str(tmp_path))


def test_downloaded_wheel_is_prepared_by_pip(tmp_path: Path) -> None:
    """Pip has the path and checks what it always checks."""

    class Preparer(RequirementPreparer):
        """Records what is prepared."""

        def __init__(self) -> None:
            """Have downloaded nothing."""
            self._downloaded = {}

        def _prepare_linked_requirement(self, *args: object) -> Any:  # noqa: ANN401 - unused
            self.prepared = args

    preparer = Preparer()
    req = compat.parse_user_requirement(f"https://example.org/{wheel_name(None)}")
    compat.prepare_downloaded(preparer, req, tmp_path / "x.whl", parallel_builds=True)
    assert preparer.prepared == (req, True)
    assert req.local_file_path == str(tmp_path / "x.whl")


def test_file_that_has_been_downloaded_is_found_by_pip(tmp_path: Path) -> None:
    """The table is the preparer's own, by the whole URL of the link."""
    preparer = object.__new__(RequirementPreparer)
    preparer._downloaded = {}
    link = Link(f"{URL}#sha256={'0' * 64}")
    compat.add_downloaded(preparer, link, tmp_path / "a.whl")
    assert preparer._downloaded == {link.url: str(tmp_path / "a.whl")}


def test_distribution_of_metadata_has_its_dependencies() -> None:
    """METADATA alone describes a wheel that is not there."""
    content = b"Metadata-Version: 2.1\nName: torch\nVersion: 2.8.0\nRequires-Dist: numpy\n"
    with global_tempdir_manager():
        found = compat.distribution_of_metadata(content, wheel_name("fast"), "torch")
        assert (found.raw_name, str(found.version)) == ("torch", "2.8.0")
        assert [str(item) for item in found.iter_dependencies()] == ["numpy"]


@pytest.mark.parametrize("size", [7, None], ids=["known size", "unknown size"])
@pytest.mark.parametrize("bar", ["on", "off", "raw"])
def test_progress_of_a_download_yields_what_it_is_given(
    capsys: pytest.CaptureFixture[str], bar: str, size: int | None
) -> None:
    """Whatever kind of bar the user has chosen."""
    assert list(compat.download_progress(bar, size)([b"con", b"tent"])) == [b"con", b"tent"]
    assert bool(capsys.readouterr().out) is (bar != "off")


def test_runnable_pip_runs_this_pip_with_another_interpreter() -> None:
    """Providers are installed by the same pip."""
    path = compat.runnable_pip()
    output = subprocess.check_output([sys.executable, "-I", path, "--version"], text=True)
    assert str(Path(path).parent) in output


def test_temporary_folder_is_removed_when_pip_ends() -> None:
    """It exists as long as the command runs."""
    with global_tempdir_manager():
        folder = compat.temporary_folder("variant-providers")
        assert folder.is_dir()
        assert "variant-providers" in folder.name
    assert not folder.exists()


def test_folder_of_the_run_is_that_of_the_patched_pip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is temporary in another folder is there; a stock pip has none."""
    monkeypatch.setitem(sys.modules, "pip._safety.temporary", None)
    assert compat.run_folder(tmp_path) == tmp_path
    patched = SimpleNamespace(run_folder=lambda parent: f"{parent}/run")
    monkeypatch.setitem(sys.modules, "pip._safety.temporary", patched)
    assert compat.run_folder(tmp_path) == tmp_path / "run"
    (tmp_path / "run").mkdir()
    with global_tempdir_manager():
        folder = compat.temporary_folder("variants", tmp_path)
        assert (folder.parent, folder.name[:13]) == (tmp_path / "run", "pip-variants-")
    assert not folder.exists()


def test_session_is_built_from_the_options_of_the_command(tmp_path: Path) -> None:
    """Timeout, retries and trusted hosts are as for every command of pip."""
    options = parsed(
        *("--timeout", "42", "--retries", "7", "--cache-dir", str(tmp_path)),
        *("--trusted-host", "example.org", "--index-url", "https://me@example.org/simple"),
    )
    with compat.build_session(options) as session:
        assert isinstance(session, PipSession)
        assert session.timeout == 42
        assert session.get_adapter(URL).max_retries.total == 7
        assert session.pip_trusted_origins == [("example.org", None)]
        assert session.auth.index_urls == ["https://me@example.org/simple"]


def test_finder_is_built_from_the_options_of_the_command(tmp_path: Path) -> None:
    """Indexes, restrictions of files and the target are as for `pip install`."""
    options = parsed(
        *("--index-url", "https://a/simple", "--extra-index-url", "https://b/simple"),
        *("--find-links", str(tmp_path), "--pre", "--prefer-binary", "--only-binary", ":all:"),
        *("--python-version", "3.12", "--platform", "win_amd64"),
    )
    finder = compat.build_finder(PipSession(), options)
    assert finder.index_urls == ["https://a/simple", "https://b/simple"]
    assert list(finder.find_links) == [str(tmp_path)]
    assert finder.target_python.py_version_info[:2] == (3, 12)
    assert finder.target_python.platforms == ["win_amd64"]
    assert finder.prefer_binary
    assert finder.format_control.only_binary == {":all:"}


# Options about pre-releases, and the version that is found.
PRE_RELEASES = {"default": ((), "1.0"), "--pre": (("--pre",), "2.0rc1")}


@pytest.mark.parametrize(("args", "version"), PRE_RELEASES.values(), ids=PRE_RELEASES)
def test_built_finder_finds_pre_releases_only_if_options_allow_them(
    tmp_path: Path, args: tuple[str, ...], version: str
) -> None:
    """A search shows that options reach the finder, whatever they are called there."""
    for name in ("1.0", "2.0rc1"):
        (tmp_path / wheel_name(None, name)).touch()
    options = parsed("--no-index", "--find-links", str(tmp_path), *args)
    found = compat.build_finder(PipSession(), options).find_best_candidate("torch")
    assert found.best_candidate is not None
    assert str(found.best_candidate.version) == version


def test_built_finder_finds_yanked_files_as_pip_does() -> None:
    """They are the last candidates, and no error."""
    page = "<!DOCTYPE html>" + "".join(
        f"<a href='/files/{wheel_name(None, version)}'{attribute}>x</a>"
        for version, attribute in (("1.0", ""), ("2.0", " data-yanked='broken'"))
    )
    server = FakeServer({"https://example.org/yanked/torch/": page.encode()})
    server.headers["Content-Type"] = "text/html"
    options = parsed("--index-url", "https://example.org/yanked")
    found = compat.build_finder(session_with(server), options).find_best_candidate("torch")
    versions = [str(item.version) for item in found.applicable_candidates]
    assert versions == ["2.0", "1.0"]
    assert found.best_candidate is not None
    assert str(found.best_candidate.version) == "1.0"


def test_links_of_a_page_are_returned_or_none() -> None:
    """Every link of the page comes, also of files that pip would not install."""
    listing = "https://example.org/simple/of-this-test/"  # pip remembers what pages list
    page = b"<!DOCTYPE html><a href='/files/x-1-variants.json'>x</a><a href='/files/y.whl'>y</a>"
    server = FakeServer({listing: page})
    server.headers["Content-Type"] = "text/html"
    session = session_with(server)
    links = compat.page_links(session, Link(listing))
    assert links is not None
    assert [link.url for link in links] == [
        "https://example.org/files/x-1-variants.json",
        "https://example.org/files/y.whl",
    ]
    assert links[0].comes_from == listing
    assert compat.page_links(session, Link(OTHER_PAGE)) is None


def test_requirement_of_the_user_is_parsed_as_pip_does() -> None:
    """A name, a wheel or a mistake."""
    req = compat.parse_user_requirement("torch>=2")
    assert (req.name, str(req.specifier), req.user_supplied) == ("torch", ">=2", True)
    wheel = compat.parse_user_requirement(f"https://example.org/{wheel_name(None)}")
    assert wheel.link is not None
    with pytest.raises(InstallationError):
        compat.parse_user_requirement("torch >>> 2")


def test_constraints_are_read_from_the_files_of_the_option(tmp_path: Path) -> None:
    """Each line of each file, in order."""
    first, second = tmp_path / "a.txt", tmp_path / "b.txt"
    first.write_text("torch<3\nnumpy==2.1 ; python_version > '3'\n")
    second.write_text(f"six @ https://example.org/{wheel_name(None, '1', 'six')}\n")
    options = parsed("--no-index", "-c", str(first), "-c", str(second))
    session = PipSession()
    finder = compat.build_finder(session, options)
    found = list(compat.parse_constraints(session, finder, options))
    assert [(item.name, item.constraint, item.user_supplied) for item in found] == [
        ("torch", True, False),
        ("numpy", True, False),
        ("six", True, False),
    ]
    assert list(compat.parse_constraints(session, finder, parsed())) == []


# The file name, options about the target, and whether its tags fit.
TAGS: dict[str, tuple[str, tuple[str, ...], bool]] = {
    "any": ("x-1-py3-none-any.whl", (), True),
    "other system": ("x-1-py3-none-win_amd64.whl", (), sys.platform == "win32"),
    "other target": ("x-1-py3-none-win_amd64.whl", ("--platform", "win_amd64"), True),
    "not the target": ("x-1-py3-none-linux_x86_64.whl", ("--platform", "win_amd64"), False),
    "other python": ("x-1-cp27-cp27m-any.whl", (), False),
}


@pytest.mark.parametrize(("filename", "args", "fits"), TAGS.values(), ids=TAGS)
def test_tags_of_a_wheel_are_compared_with_the_target(
    filename: str, args: tuple[str, ...], *, fits: bool
) -> None:
    """The target is that of the options, not always this machine."""
    finder = compat.build_finder(PipSession(), parsed("--no-index", *args))
    assert compat.supports_tags(filename, finder) is fits


# Versions on the index with what is made of each, best first (None: it is rejected), whether what
# is installed, 2.7, is preferred, and what is taken.
TAKEN: dict[str, tuple[list[tuple[str, str | None]], bool, str | None]] = {
    "installed": ([("2.8", "a")], True, "installed"),
    "upgrade": ([("2.8", "a"), ("2.7", "b")], False, "a"),
    "rejected": ([("2.8", None), ("2.8", "b")], False, "b"),
    "nothing newer": ([("2.7", "a"), ("2.6", "b")], False, "installed"),
    "nothing at all": ([], False, "installed"),
}


@pytest.mark.parametrize(("files", "preferred", "taken"), TAKEN.values(), ids=TAKEN)
def test_first_candidate_is_the_one_that_the_resolver_tries(
    tmp_path: Path, files: list[tuple[str, str | None]], preferred: bool, taken: str | None
) -> None:
    """What is installed comes first, or where an upgrade would take it."""
    dist = write_installed(tmp_path, None, version="2.7")

    def infos() -> Iterator[tuple[Version, Any]]:
        return iter([(Version(version), lambda made=made: made) for version, made in files])

    found = compat.first_candidate(infos, dist, prefers_installed=preferred)
    assert found == (dist if taken == "installed" else taken)
    without = compat.first_candidate(infos, None, prefers_installed=preferred)
    assert without == next((made for _, made in files if made is not None), None)


def test_error_about_a_missing_version_lists_those_that_there_are(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """It is pip's own, and the versions are in the log."""
    for version in ("2.7", "2.8"):
        (tmp_path / wheel_name(None, version)).touch()
    options = parsed("--no-index", "--find-links", str(tmp_path))
    finder = compat.build_finder(PipSession(), options)
    error = compat.not_found(finder, compat.parse_user_requirement("torch>3"))
    assert str(error).startswith("No matching distribution found for torch>3")
    assert "torch>3 (from versions: 2.7, 2.8)" in caplog.text


def test_path_of_a_file_url_has_no_escapes(tmp_path: Path) -> None:
    """A URL of another host is a ValueError."""
    path = tmp_path / "a folder" / "x.whl"
    assert compat.path_of_url(path.as_uri()) == str(path)
    with pytest.raises(ValueError, match="non-local file URIs are not supported"):
        compat.path_of_url("file://host/x.whl")


@pytest.fixture
def command() -> Command:
    """Return a command with the options of these functions alone."""

    class Bare(Command):
        def add_options(self) -> None:
            """Add none."""

    return Bare("variants", "x", isolated=True)


def test_lookup_options_are_those_of_pip(command: Command) -> None:
    """All options that decide which files are found are there, with pip's own help."""
    compat.add_lookup_options(command)
    command.parser.insert_option_group(0, command.cmd_opts)
    names = {name for option in command.parser.option_list_all for name in option._long_opts}
    assert {
        *("--platform", "--python-version", "--implementation", "--abi"),
        *("--constraint", "--pre", "--no-binary", "--only-binary", "--prefer-binary"),
        *("--ignore-requires-python", "--index-url", "--extra-index-url", "--no-index"),
        "--find-links",
    } <= names


def test_json_option_is_that_of_pip(command: Command) -> None:
    """`--json` sets `options.json`."""
    compat.json_option(command)
    command.parser.insert_option_group(0, command.cmd_opts)
    assert command.parser.parse_args(["--json"])[0].json is True
    assert not command.parser.parse_args([])[0].json


def test_path_option_is_that_of_pip(command: Command) -> None:
    """`--path` can be given several times."""
    compat.path_option(command)
    command.parser.insert_option_group(0, command.cmd_opts)
    assert command.parser.parse_args(["--path", "/a", "--path", "/b"])[0].path == ["/a", "/b"]
    assert command.parser.parse_args([])[0].path is None


def test_environment_is_that_of_the_paths_or_the_default_one(tmp_path: Path) -> None:
    """A command without the option has the default environment."""
    write_installed(tmp_path, None, name="numpy")
    found = compat.environment_of(Values({"path": [str(tmp_path)]})).iter_all_distributions()
    assert [dist.canonical_name for dist in found] == ["numpy"]
    for options in (Values({"path": None}), Values()):
        assert compat.environment_of(options).get_distribution("pip") is not None


# The options of a command, and the values of the option `names`.
CONFIGURED: dict[str, tuple[dict[str, object], list[str]]] = {
    "no such option": ({}, []),
    "not given": ({"names": None}, []),
    "empty": ({"names": []}, []),
    "given": ({"names": ["a", "b"]}, ["a", "b"]),
}


@pytest.mark.parametrize(("values", "expected"), CONFIGURED.values(), ids=CONFIGURED)
def test_values_of_a_repeatable_option_are_never_none(
    values: dict[str, object], expected: list[str]
) -> None:
    """A command may not have the option at all."""
    assert list(compat.configured_options(Values(values), "names")) == expected


def test_options_about_indexes_are_those_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A command without them gets what `pip install` would have; its own options stay."""
    monkeypatch.setenv("PIP_INDEX_URL", "https://example.org/simple")
    own = Values({"isolated_mode": False, "timeout": 3})
    found = compat.with_index_options(own)
    assert (found.index_url, found.timeout) == ("https://example.org/simple", 3)
    assert compat.with_index_options(found) is found
    isolated = compat.with_index_options(Values({"isolated_mode": True}))
    assert isolated.index_url == "https://pypi.org/simple"
    assert isolated.extra_index_urls == []


def test_invalid_option_about_indexes_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that has none is not ended; one that it does not need at all is passed over."""
    own = Values({"isolated_mode": False})
    monkeypatch.setenv("PIP_PROGRESS_BAR", "9.0")
    assert compat.with_index_options(own).index_url == "https://pypi.org/simple"
    monkeypatch.setenv("PIP_NO_INDEX", "maybe")
    with pytest.raises(RequestError) as caught:
        compat.with_index_options(own)
    assert str(caught.value) == (
        "An error occurred during configuration: maybe is not a valid value for no-index option,"
        " please specify a boolean value like yes/no, true/false or 1/0 instead"
    )


def test_commands_that_find_packages_are_known_by_their_options() -> None:
    """`install` and `variants` do, `list` and `check` do not."""
    names = ("install", "download", "wheel", "index", "list", "show", "inspect", "freeze", "check")
    found = [
        name
        for name in names
        if compat.finds_packages(create_command(name).parser.get_default_values())
    ]
    assert found == ["install", "download", "wheel", "index"]
    assert compat.finds_packages(parsed())


def test_options_of_another_command_are_as_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command has itself is not changed."""
    monkeypatch.setenv("PIP_PROGRESS_BAR", "off")
    monkeypatch.setenv("PIP_NO_DEPS", "1")
    options = parsed("--pre")
    options.isolated_mode = options.ignore_dependencies = False
    compat.add_options_of("download", Command("variants", "x"), options)
    assert (options.progress_bar, options.build_isolation, options.pre) == ("off", True, True)
    assert not options.ignore_dependencies


# A variable of another command, its value, the exit status of pip, and the error.
INVALID_VARIABLES = {
    "choice": ("PIP_PROGRESS_BAR", "9.0", 3, "An error occurred during configuration: "),
    "boolean": ("PIP_NO_CLEAN", "maybe", 2, "maybe is not a valid value for no-clean option"),
}


@pytest.mark.parametrize(
    ("name", "value", "status", "error"), INVALID_VARIABLES.values(), ids=INVALID_VARIABLES
)
def test_invalid_option_of_another_command_ends_pip(
    name: str,
    value: str,
    status: int,
    error: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As one of the command itself, whose usage is shown: while the command line is parsed."""
    monkeypatch.setenv(name, value)
    command = Command("variants", "x")
    assert command.parse_args(["index", "x"])[1] == ["index", "x"]
    with pytest.raises(SystemExit) as ended:
        command.parse_args(["mirror", "x", "m"])
    assert ended.value.code == status
    printed = "".join((*capsys.readouterr(), caplog.text))
    assert error in printed
    assert "pip download" not in printed


def test_download_is_resolved_without_saving_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of requirements, constraints and dependencies count as for `pip download`."""
    monkeypatch.chdir(tmp_path)
    for name, version, requires in (("x", "1.0", ["y>=1"]), ("y", "1.0", []), ("y", "2.0", [])):
        write_wheel(tmp_path / "w", f"{name}-{version}-py3-none-any.whl", requires=requires)
    (tmp_path / "r.txt").write_text("x\n")
    (tmp_path / "c.txt").write_text("y<2\n")
    args = ("--no-index", "--find-links", str(tmp_path / "w"), "-r", "r.txt", "-c", "c.txt")
    options = parsed(*args)
    compat.add_options_of("download", Command("variants", "x", isolated=True), options)
    options.editables, options.dry_run = [], True
    session = PipSession()
    with global_tempdir_manager():
        finder = compat.build_finder(session, options)
        found = compat.resolve_download(session, finder, options, ["x>=1"])
    files = [req.link.filename for req in found if req.link is not None]
    assert sorted(files) == ["x-1.0-py3-none-any.whl", "y-1.0-py3-none-any.whl"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.txt", "r.txt", "w"]


def test_command_gets_the_options_about_requirements(command: Command) -> None:
    """They are pip's own."""
    compat.add_requirement_options(command)
    names = {option.dest for option in command.cmd_opts.option_list}
    assert names == {"requirements", "ignore_dependencies", "require_hashes"}
