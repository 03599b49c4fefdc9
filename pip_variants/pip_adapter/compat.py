"""Every private name and signature of pip that the engine relies on. Nothing else imports them.

A name that not every release has, or that is slow to import, has a function here.
`tests/test_compat.py` resolves each against all releases in `patches/`.
"""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import os
import socket
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from pip._internal.cli.base_command import Command
from pip._internal.cli.spinners import SpinnerInterface, open_spinner
from pip._internal.exceptions import (
    CommandError,
    DistributionNotFound,
    HashMismatch,
    InstallationError,
    MetadataInconsistent,
    PipError,
    UnsupportedWheel,
)
from pip._internal.metadata import (
    BaseDistribution,
    BaseEnvironment,
    get_default_environment,
    get_environment,
)
from pip._internal.models.link import Link
from pip._internal.network.utils import HEADERS
from pip._internal.utils._log import VERBOSE
from pip._internal.utils.logging import get_indentation, indent_log
from pip._internal.utils.misc import (
    format_size,
    hash_file,
    redact_auth_from_url,
    tabulate,
    write_output,
)
from pip._vendor.requests.exceptions import RequestException, Timeout
from pip._vendor.requests.models import Request
from pip._vendor.urllib3.exceptions import HTTPError, IncompleteRead, ProtocolError

if TYPE_CHECKING:
    from optparse import Values

    from pip._internal.index.package_finder import BestCandidateResult, PackageFinder
    from pip._internal.models.candidate import InstallationCandidate
    from pip._internal.models.scheme import Scheme
    from pip._internal.network.session import PipSession
    from pip._internal.operations.prepare import RequirementPreparer
    from pip._internal.req.req_install import InstallRequirement
    from pip._internal.resolution.resolvelib.base import Candidate, Requirement
    from pip._internal.resolution.resolvelib.factory import Factory
    from pip._internal.utils.hashes import Hashes
    from pip._vendor.requests.models import PreparedRequest, Response

    from pip_variants.core.conditions import Condition

__all__ = [
    "HEADERS",
    "PAGE_HEADERS",
    "VERBOSE",
    "BaseDistribution",
    "BestCandidateResult",
    "Candidate",
    "Command",
    "CommandError",
    "DistributionNotFound",
    "Factory",
    "HTTPError",
    "HashMismatch",
    "Hashes",
    "IncompleteRead",
    "InstallRequirement",
    "InstallationCandidate",
    "InstallationError",
    "Link",
    "MetadataInconsistent",
    "PackageFinder",
    "PipError",
    "PipSession",
    "ProtocolError",
    "RequestException",
    "Requirement",
    "RequirementPreparer",
    "Response",
    "Scheme",
    "SpinnerInterface",
    "Timeout",
    "UnsupportedWheel",
    "Values",
    "format_size",
    "get_default_environment",
    "get_indentation",
    "hash_file",
    "indent_log",
    "open_spinner",
    "redact_auth_from_url",
    "tabulate",
    "write_output",
]

PAGE_HEADERS = {
    "Accept": "application/vnd.pypi.simple.v1+json,"
    " application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01",
    "Cache-Control": "max-age=0",
}
"""With which pip requests a page of an index."""
_BLOCK = 128 * 1024
_SHORT_TIMEOUT = 5
"""Seconds, for requests on whose response only a hint depends."""


def session_of(finder: PackageFinder) -> PipSession:
    """Return the session with which a finder fetches pages."""
    return finder._link_collector.session  # noqa: SLF001


def all_hashes(link: Link) -> Mapping[str, object]:
    """Return all hashes of a link by algorithm; a page may give values that are no strings."""
    return link._hashes  # noqa: SLF001


def set_stated(link: Link, hashes: Mapping[str, str], size: int | None) -> None:
    """Make these the hashes of a link by algorithm, whatever its URL has, and this its size."""
    link._hashes = dict(hashes)  # noqa: SLF001
    if "size" in Link.__slots__:  # our own patches add it
        setattr(link, "size", size)  # noqa: B010 - mypy knows the releases as they are


def copy_link(link: Link, to: Link) -> None:
    """Make ``to``, an instance of a subclass, the same link."""
    for name in Link.__slots__:
        setattr(to, name, getattr(link, name))


def candidate_with_link(candidate: InstallationCandidate, link: Link) -> InstallationCandidate:
    """Return the same candidate with another link; the class is frozen."""
    own = object.__new__(type(candidate))
    for name in type(candidate).__slots__:
        object.__setattr__(own, name, getattr(candidate, name))
    object.__setattr__(own, "link", link)
    return own


def inner_distribution(dist: BaseDistribution) -> Any:  # noqa: ANN401
    """Return the distribution of importlib.metadata or pkg_resources that pip's own wraps."""
    return dist._dist  # type: ignore[attr-defined] # noqa: SLF001


@contextlib.contextmanager
def impatient_finder(finder: PackageFinder) -> Iterator[PackageFinder]:
    """Yield a copy of a finder that tries once, waits briefly and never prompts for credentials."""
    session = session_of(finder)
    adapters = [item for item in session.adapters.values() if hasattr(item, "max_retries")]
    retries = [adapter.max_retries for adapter in adapters]
    timeout, prompting = session.timeout, session.auth.prompting
    try:
        for adapter in adapters:
            adapter.max_retries = adapter.max_retries.new(total=0)
        session.timeout, session.auth.prompting = _SHORT_TIMEOUT, False
        # With memory of its own, because a finder also remembers that it found nothing.
        own = copy.copy(finder)
        own._all_candidates, own._best_candidates = {}, {}  # noqa: SLF001
        yield own
    finally:
        for adapter, before in zip(adapters, retries, strict=True):
            adapter.max_retries = before
        session.timeout, session.auth.prompting = timeout, prompting


def prepare_get(
    session: PipSession, url: str, headers: Mapping[str, str] = HEADERS
) -> PreparedRequest:
    """Return a GET request as pip itself would send it, with more headers."""
    request = Request("GET", url, headers={**HEADERS, **headers})  # type: ignore[no-untyped-call]
    prepared: PreparedRequest = session.prepare_request(request)
    return prepared


def cached_body(session: PipSession, url: str, *, stale: bool = False) -> IO[bytes] | None:
    """Return the body that the HTTP cache has of a URL, or None.

    It is None as well if a request is due for it, unless ``stale``.
    """
    adapter = session.get_adapter(url)
    controller = getattr(adapter, "controller", None)
    if controller is None:
        return None
    request = prepare_get(session, url)
    if not stale and not controller.cached_request(request):
        return None
    body: IO[bytes] | None = adapter.cache.get_body(controller.cache_url(request.url))
    return body


def environment_settings(session: PipSession, url: str) -> dict[str, Any]:
    """Return the proxies and certificates that the environment sets for a URL."""
    settings: dict[str, Any] = session.merge_environment_settings(
        url, session.proxies, True, None, None
    )
    return settings


def with_content(response: Response) -> Response:
    """Return a response whose body has been read, which leaves its connection to others."""
    content = response.raw.read(decode_content=False)  # type: ignore[union-attr]
    response.raw = io.BytesIO(content)
    return response


def prefetched_content(response: Response) -> bytes | None:
    """Return the body of a response of ``with_content`` and leave it to be read by pip.

    It is None if the body has to be decoded or was not read.
    """
    raw: object = response.raw
    is_encoded = response.headers.get("Content-Encoding", "identity") != "identity"
    return raw.getvalue() if isinstance(raw, io.BytesIO) and not is_encoded else None


def page_urls(finder: PackageFinder, project: str) -> list[str]:
    """Return the URLs of the pages of a project on the indexes of a finder."""
    urls: list[str] = finder._link_collector.search_scope.get_index_urls_locations(project)  # noqa: SLF001
    return urls


def bypass_cache(response: Response) -> None:
    """Let the body of a response be read without a copy of it for the HTTP cache."""
    from pip._vendor.cachecontrol.filewrapper import CallbackFileWrapper

    raw: Any = response.raw
    wrapper = getattr(raw, "_fp", None)
    if isinstance(wrapper, CallbackFileWrapper) and not raw.chunked:
        raw._fp = wrapper._CallbackFileWrapper__fp  # noqa: SLF001


def shut_down(response: Response) -> None:
    """Shut down the connection of a response that another thread is reading."""
    connection = getattr(response.raw, "_connection", None)
    sock = getattr(connection, "sock", None)
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def http_cache(session: PipSession, url: str) -> Path | None:
    """Return the folder of the HTTP cache, or None if there is none."""
    cache = getattr(session.get_adapter(url), "cache", None)
    folder = getattr(cache, "directory", None)
    return Path(folder) if folder is not None else None


def add_to_cache(session: PipSession, response: Response, path: Path) -> None:
    """Let the HTTP cache have the file of a response, by a hard link, if it may be cached."""
    from pip._internal.network.cache import SafeFileCache
    from pip._vendor.cachecontrol.controller import CacheController

    class LinkedBodies(SafeFileCache):
        """A cache that takes the body of a response from a file."""

        def set_body(self, key: str, body: bytes) -> None:  # noqa: ARG002 - see above
            target = Path(f"{self._get_cache_path(key)}.body")
            with contextlib.suppress(OSError):
                target.parent.mkdir(parents=True, exist_ok=True)
                link = target.with_name(f"{target.name}.{os.getpid()}")
                os.link(path, link)
                link.replace(target)

    request: Any = response.request
    raw: Any = response.raw
    controller = getattr(session.get_adapter(request.url), "controller", None)
    folder = http_cache(session, request.url)
    if controller is None or folder is None:
        return
    own = CacheController(LinkedBodies(str(folder)), controller.cache_etags, controller.serializer)
    size = path.stat().st_size
    own.cache_response(request, raw, cast("bytes", range(size)))


def body_chunks(response: Response) -> Iterator[bytes]:
    """Yield the body of a streamed response as it was sent."""
    from pip._internal.network.utils import response_chunks

    return response_chunks(response, _BLOCK)


def runnable_pip() -> str:
    """Return the path by which another interpreter can run this pip."""
    try:
        from pip._internal.utils.misc import get_runnable_pip  # type: ignore[attr-defined]
    except ImportError:  # before 26.0
        from pip._internal.build_env import get_runnable_pip
    return str(get_runnable_pip())


def temporary_folder(kind: str, parent: Path | None = None) -> Path:
    """Return a new folder that pip removes when it ends; raise OSError."""
    from pip._internal.utils.temp_dir import TempDirectory

    own = tempfile.mkdtemp(prefix=f"pip-{kind}-", dir=parent) if parent is not None else None
    return Path(TempDirectory(path=own, delete=True, kind=kind, globally_managed=True).path)


def installation_scheme(project: str, options: Values) -> Scheme:
    """Return where `pip install` with these options puts the files of a project."""
    from pip._internal.locations import get_scheme

    return get_scheme(
        project,
        user=options.use_user_site,
        root=options.root_path,
        isolated=options.isolated_mode,
        prefix=options.prefix_path,
    )


def prepare_downloaded(
    preparer: RequirementPreparer, req: InstallRequirement, path: Path, *, parallel_builds: bool
) -> None:
    """Prepare a requirement whose wheel has been downloaded, which checks its hash."""
    if req.link is not None:
        req.local_file_path = str(path)
        add_downloaded(preparer, req.link, path)
    preparer._prepare_linked_requirement(req, parallel_builds)  # noqa: SLF001


def build_session(options: Values) -> PipSession:
    """Return a session as every command of pip that uses the network has it."""
    from pip._internal.cli.index_command import SessionCommandMixin

    return SessionCommandMixin()._build_session(options)  # noqa: SLF001


def build_finder(session: PipSession, options: Values) -> PackageFinder:
    """Return a finder as `pip install` with these options has it."""
    from pip._internal.cli import cmdoptions
    from pip._internal.cli.req_command import RequirementCommand

    # Since pip 26.0 the finder knows `--pre` by what this makes of it.
    if adopt_pre := getattr(cmdoptions, "check_release_control_exclusive", None):
        adopt_pre(options)
    # The method does not use its instance, which would have the options of `install`.
    return RequirementCommand._build_package_finder(  # noqa: SLF001
        cast("RequirementCommand", None),
        options=options,
        session=session,
        target_python=cmdoptions.make_target_python(options),
        ignore_requires_python=options.ignore_requires_python,
    )


def add_downloaded(preparer: RequirementPreparer, link: Link, path: Path) -> None:
    """Make ``path`` the file that a preparer has downloaded for a link."""
    preparer._downloaded[link.url] = str(path)  # noqa: SLF001


def distribution_of_metadata(content: bytes, filename: str, project: str) -> BaseDistribution:
    """Return the distribution that the METADATA of a wheel describes."""
    from pip._internal.metadata import get_metadata_distribution

    return get_metadata_distribution(content, filename, project)


def download_progress(bar_type: Any, size: int | None) -> Callable[[Iterable[Any]], Iterator[Any]]:  # noqa: ANN401 - a str, or a Literal of pip's
    """Return pip's progress bar of a download: it yields the chunks that it is given.

    As pip has it, a quiet run shows none.
    """
    if not logging.getLogger(__name__).isEnabledFor(logging.INFO):
        return iter
    from pip._internal.cli.progress_bars import get_download_progress_renderer as renderer

    return cast("Callable[[Iterable[Any]], Iterator[Any]]", renderer(bar_type=bar_type, size=size))


def page_links(session: PipSession, link: Link) -> list[Link] | None:
    """Return the links of an index page, or None if the page cannot be fetched."""
    from pip._internal.index.collector import LinkCollector, parse_links
    from pip._internal.models.search_scope import SearchScope

    collector = LinkCollector(session, SearchScope.create([], [], no_index=False))
    page = collector.fetch_response(link)
    return None if page is None else list(parse_links(page))


def parse_user_requirement(text: str) -> InstallRequirement:
    """Return the requirement that a user typed; raise InstallationError."""
    from pip._internal.req.constructors import install_req_from_line

    return install_req_from_line(text, user_supplied=True)


def parse_constraints(
    session: PipSession, finder: PackageFinder, options: Values
) -> Iterator[InstallRequirement]:
    """Yield the constraints in the files of ``--constraint``."""
    from pip._internal.req.constructors import install_req_from_parsed_requirement
    from pip._internal.req.req_file import parse_requirements

    for filename in options.constraints:
        for parsed in parse_requirements(
            filename, session=session, finder=finder, options=options, constraint=True
        ):
            yield install_req_from_parsed_requirement(parsed, user_supplied=False)


def first_candidate(
    infos: Callable[[], Iterator[tuple[Any, Any]]],
    installed: BaseDistribution | None,
    *,
    prefers_installed: bool,
) -> Any:  # noqa: ANN401 - what the infos make, or `installed`
    """Return what pip's resolver takes of these candidates: the first that is made, or None.

    ``infos`` yields versions, each with a function that makes something or returns None.
    """
    from pip._internal.resolution.resolvelib.found_candidates import FoundCandidates

    own: Any = installed
    return next(iter(FoundCandidates(infos, own, prefers_installed, set())), None)


def condition_requirement(
    factory: Factory, comes_from: InstallRequirement | None, condition: Condition, label: str
) -> Requirement:
    """Return what a variant with this label requires of the version of another distribution."""
    from pip._internal.resolution.resolvelib.requirements import SpecifierRequirement

    class ConditionRequirement(SpecifierRequirement):
        """A condition; one without a specifier is kept where the finder's files are filtered."""

        is_condition = True

        def __str__(self) -> str:
            return str(condition)

        def format_for_error(self) -> str:
            return f"{condition} for its variant {label}"

        def is_satisfied_by(self, candidate: Candidate) -> bool:
            return condition.holds(str(candidate.version))

    text = f"{condition.project}{condition.specifier}"
    ireq: Any = factory._make_install_req_from_spec(text, comes_from)  # noqa: SLF001
    ireq.variant_condition = condition
    found = ConditionRequirement(ireq)
    found._equal_cache = f"{ireq}: {condition}"  # noqa: SLF001
    return found


def not_found(finder: PackageFinder, req: InstallRequirement) -> InstallationError:
    """Return pip's error about a requirement that no file satisfies; it logs the versions."""
    from pip._internal.resolution.resolvelib.factory import Factory
    from pip._internal.resolution.resolvelib.requirements import SpecifierRequirement

    unused: Any = None
    factory = Factory(finder, unused, unused, unused, False, False, True, False)
    return factory._report_single_requirement_conflict(SpecifierRequirement(req), None)  # noqa: SLF001


def supports_tags(filename: str, finder: PackageFinder) -> bool:
    """Return whether the tags of a wheel fit the target of a finder."""
    from pip._internal.models.wheel import Wheel

    return Wheel(filename).supported(finder.target_python.get_unsorted_tags())


def path_of_url(url: str) -> str:
    """Return the path that a ``file:`` URL denotes; raise ValueError."""
    from pip._internal.utils.urls import url_to_path

    return url_to_path(url)


def add_lookup_options(command: Command) -> None:
    """Give a command pip's options that decide which files are found."""
    from pip._internal.cli import cmdoptions

    cmdoptions.add_target_python_options(command.cmd_opts)
    command.cmd_opts.add_option(cmdoptions.constraints())
    command.cmd_opts.add_option(cmdoptions.ignore_requires_python())
    selection = getattr(cmdoptions, "package_selection_group", None)
    if selection is not None:  # from 26.0
        group = cmdoptions.make_option_group(selection, command.parser)
        command.parser.insert_option_group(0, group)
    else:
        command.cmd_opts.add_option(cmdoptions.pre())
        for option in (cmdoptions.no_binary, cmdoptions.only_binary, cmdoptions.prefer_binary):
            command.cmd_opts.add_option(option())
    index = cmdoptions.make_option_group(cmdoptions.index_group, command.parser)
    command.parser.insert_option_group(0, index)


def add_requirement_options(command: Command) -> None:
    """Give a command pip's options about what is required besides its arguments."""
    from pip._internal.cli import cmdoptions

    for option in (cmdoptions.requirements, cmdoptions.no_deps, cmdoptions.require_hashes):
        command.cmd_opts.add_option(option())


def json_option(command: Command) -> None:
    """Give a command pip's ``--json``."""
    from pip._internal.cli import cmdoptions

    command.cmd_opts.add_option(cmdoptions.json())


def path_option(command: Command) -> None:
    """Give a command pip's ``--path``."""
    from pip._internal.cli import cmdoptions

    command.cmd_opts.add_option(cmdoptions.list_path())


def environment_of(options: Values) -> BaseEnvironment:
    """Return the environment of a command: the folders of ``--path``, or the default one."""
    paths = configured_options(options, "path")
    return get_environment(list(paths)) if paths else get_default_environment()


def with_index_options(options: Values) -> Values:
    """Return options with those of `pip install` about indexes, for a command that has none."""
    return options if hasattr(options, "index_url") else with_options_of("install", options)


def with_options_of(name: str, options: Values) -> Values:
    """Return options with those that only another command of pip has.

    They are as the environment and configuration files have them.
    """
    from optparse import Values as OwnValues

    from pip._internal.commands import create_command

    other = create_command(name, isolated=options.isolated_mode)
    return OwnValues({**vars(other.parser.get_default_values()), **vars(options)})


def resolve_download(
    session: PipSession, finder: PackageFinder, options: Values, args: Sequence[str]
) -> list[InstallRequirement]:
    """Return what `pip download` with these options and arguments would save; raise PipError.

    Of a wheel only METADATA may be there.
    """
    from inspect import signature

    from pip._internal.cli.cmdoptions import check_dist_restriction
    from pip._internal.commands.download import DownloadCommand
    from pip._internal.operations.build.build_tracker import get_build_tracker
    from pip._internal.utils.temp_dir import TempDirectory

    check_dist_restriction(options)
    command = DownloadCommand("download", "", isolated=options.isolated_mode)
    make: Callable[..., RequirementPreparer] = command.make_requirement_preparer
    named = {"allow_editables"} & {*signature(make).parameters}  # since 26.3
    with get_build_tracker() as tracker:
        preparer = make(
            temp_build_dir=TempDirectory(kind="download", globally_managed=True),
            options=options,
            build_tracker=tracker,
            session=session,
            finder=finder,
            use_user_site=False,
            **dict.fromkeys(named, False),
        )
        resolver = command.make_resolver(
            *(preparer, finder, options),
            ignore_requires_python=options.ignore_requires_python,
            py_version_info=options.python_version,
        )
        reqs = command.get_requirements([*args], options, finder, session)
        found = resolver.resolve(reqs, check_supported_wheels=True)
        return [*found.requirements.values()]


def finds_packages(options: Values) -> bool:
    """Return whether a command looks for packages to install, not only at those installed."""
    return hasattr(options, "ignore_requires_python")


def configured_options(options: Values, name: str) -> Sequence[Any]:
    """Return the values of a repeatable option, or none if the command does not have it."""
    return getattr(options, name, None) or ()
