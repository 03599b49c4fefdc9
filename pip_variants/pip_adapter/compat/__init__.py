"""Every private name and signature of pip that the engine relies on. Nothing else imports them.

A name that not every release has, or that is slow to import, has a function here.
`tests/test_compat.py` resolves each against all releases in `patches/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from pip._internal.metadata import BaseDistribution, get_default_environment
from pip._internal.models.link import Link
from pip._internal.network.utils import HEADERS
from pip._internal.utils._log import VERBOSE
from pip._internal.utils.logging import get_indentation, indent_log
from pip._internal.utils.misc import format_size, hash_file, redact_auth_from_url, tabulate
from pip._vendor.requests.exceptions import RequestException, Timeout
from pip._vendor.urllib3.exceptions import (
    HTTPError,
    IncompleteRead,
    ProtocolError,
    ReadTimeoutError,
)

from .commands import (
    add_lookup_options,
    add_options_of,
    add_requirement_options,
    configured_options,
    json_option,
    path_option,
    with_index_options,
)
from .indexes import (
    all_hashes,
    build_finder,
    candidate_with_link,
    condition_requirement,
    copy_link,
    finds_packages,
    first_candidate,
    not_found,
    page_links,
    page_urls,
    path_of_url,
    set_stated,
    supports_tags,
)
from .installation import (
    add_downloaded,
    distribution_of_metadata,
    environment_of,
    inner_distribution,
    installation_scheme,
    parse_constraints,
    parse_user_requirement,
    prepare_downloaded,
    resolve_download,
    run_folder,
    runnable_pip,
    temporary_folder,
)
from .network import (
    PAGE_HEADERS,
    add_to_cache,
    body_chunks,
    build_session,
    bypass_cache,
    cached_body,
    download_progress,
    environment_settings,
    expect_document,
    gives_up_encryption,
    host_failure,
    http_cache,
    impatient,
    impatient_finder,
    prefetched_content,
    prepare_get,
    session_of,
    shut_down,
    with_content,
    without_passwords,
)

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
    from pip._vendor.requests.models import Response

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
    "ReadTimeoutError",
    "RequestException",
    "Requirement",
    "RequirementPreparer",
    "Response",
    "Scheme",
    "SpinnerInterface",
    "Timeout",
    "UnsupportedWheel",
    "Values",
    "add_downloaded",
    "add_lookup_options",
    "add_options_of",
    "add_requirement_options",
    "add_to_cache",
    "all_hashes",
    "body_chunks",
    "build_finder",
    "build_session",
    "bypass_cache",
    "cached_body",
    "candidate_with_link",
    "condition_requirement",
    "configured_options",
    "copy_link",
    "distribution_of_metadata",
    "download_progress",
    "environment_of",
    "environment_settings",
    "expect_document",
    "finds_packages",
    "first_candidate",
    "format_size",
    "get_default_environment",
    "get_indentation",
    "gives_up_encryption",
    "hash_file",
    "host_failure",
    "http_cache",
    "impatient",
    "impatient_finder",
    "indent_log",
    "inner_distribution",
    "installation_scheme",
    "json_option",
    "not_found",
    "open_spinner",
    "page_links",
    "page_urls",
    "parse_constraints",
    "parse_user_requirement",
    "path_of_url",
    "path_option",
    "prefetched_content",
    "prepare_downloaded",
    "prepare_get",
    "redact_auth_from_url",
    "resolve_download",
    "run_folder",
    "runnable_pip",
    "session_of",
    "set_stated",
    "shut_down",
    "supports_tags",
    "tabulate",
    "temporary_folder",
    "with_content",
    "with_index_options",
    "without_passwords",
]
