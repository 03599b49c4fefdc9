"""Every private name and signature of pip that the engine relies on. Nothing else imports them.

A name that not every release has, or that is slow to import, has a function here.
`tests/test_compat.py` resolves each against all releases in `patches/`.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from pip._internal.cli.base_command import Command
from pip._internal.cli.spinners import SpinnerInterface, open_spinner
from pip._internal.exceptions import (
    CommandError,
    DistributionNotFound,
    InstallationError,
    MetadataInconsistent,
    PipError,
    UnsupportedWheel,
)
from pip._internal.metadata import BaseDistribution, get_default_environment
from pip._internal.models.link import Link
from pip._internal.utils._log import VERBOSE
from pip._internal.utils.logging import get_indentation, indent_log
from pip._internal.utils.misc import redact_auth_from_url, tabulate, write_output
from pip._vendor.requests.exceptions import RequestException, Timeout
from pip._vendor.requests.models import Request
from pip._vendor.urllib3.exceptions import HTTPError, IncompleteRead, ProtocolError

if TYPE_CHECKING:
    from optparse import Values

    from pip._internal.index.package_finder import BestCandidateResult, PackageFinder
    from pip._internal.models.candidate import InstallationCandidate
    from pip._internal.network.session import PipSession
    from pip._internal.req.req_install import InstallRequirement
    from pip._internal.resolution.resolvelib.base import Candidate
    from pip._internal.utils.hashes import Hashes
    from pip._vendor.requests.models import PreparedRequest, Response

__all__ = [
    "VERBOSE",
    "BaseDistribution",
    "BestCandidateResult",
    "Candidate",
    "Command",
    "CommandError",
    "DistributionNotFound",
    "HTTPError",
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
    "Response",
    "SpinnerInterface",
    "Timeout",
    "UnsupportedWheel",
    "Values",
    "get_default_environment",
    "get_indentation",
    "indent_log",
    "open_spinner",
    "redact_auth_from_url",
    "tabulate",
    "write_output",
]

_SHORT_TIMEOUT = 5
"""Seconds, for requests on whose response only a hint depends."""


def session_of(finder: PackageFinder) -> PipSession:
    """Return the session with which a finder fetches pages."""
    return finder._link_collector.session  # noqa: SLF001


def all_hashes(link: Link) -> Mapping[str, object]:
    """Return all hashes of a link by algorithm; a page may give values that are no strings."""
    return link._hashes  # noqa: SLF001


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


def prepare_get(session: PipSession, url: str, cache_control: str | None) -> PreparedRequest:
    """Return a GET request as pip itself would send it."""
    from pip._internal.network.utils import HEADERS

    headers = HEADERS if cache_control is None else {**HEADERS, "Cache-Control": cache_control}
    request = Request("GET", url, headers=headers)  # type: ignore[no-untyped-call]
    prepared: PreparedRequest = session.prepare_request(request)
    return prepared


def environment_settings(session: PipSession, url: str) -> dict[str, Any]:
    """Return the proxies and certificates that the environment sets for a URL."""
    settings: dict[str, Any] = session.merge_environment_settings(
        url, session.proxies, True, None, None
    )
    return settings


def body_chunks(response: Response) -> Iterator[bytes]:
    """Yield the body of a streamed response as it was sent."""
    from pip._internal.network.utils import response_chunks

    return response_chunks(response)


@contextlib.contextmanager
def lazy_file(url: str, session: PipSession) -> Iterator[IO[bytes] | None]:
    """Yield a file that is read by range requests, or None if the server does not support them."""
    from pip._internal.network.lazy_wheel import HTTPRangeRequestUnsupported, LazyZipOverHTTP

    lazy = None
    # The others are what the class raises for a response that it does not expect.
    with contextlib.suppress(HTTPRangeRequestUnsupported, KeyError, ValueError, AssertionError):
        lazy = LazyZipOverHTTP(url, session)
    if lazy is None:
        yield None
        return
    with lazy:
        yield cast("IO[bytes]", lazy)


def runnable_pip() -> str:
    """Return the path by which another interpreter can run this pip."""
    try:
        from pip._internal.utils.misc import get_runnable_pip  # type: ignore[attr-defined]
    except ImportError:  # before 26.0
        from pip._internal.build_env import get_runnable_pip
    return str(get_runnable_pip())


def temporary_folder(kind: str) -> Path:
    """Return a folder that pip removes when it ends."""
    from pip._internal.utils.temp_dir import TempDirectory

    return Path(TempDirectory(kind=kind, globally_managed=True).path)


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


def json_option(command: Command) -> None:
    """Give a command pip's ``--json``."""
    from pip._internal.cli import cmdoptions

    command.cmd_opts.add_option(cmdoptions.json())


def configured_options(options: Values, name: str) -> Sequence[Any]:
    """Return the values of a repeatable option, or none if the command does not have it."""
    return getattr(options, name, None) or ()
