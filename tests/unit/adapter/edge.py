"""The edge of pip in short: links, requirements, distributions and a finder without a network.

The classes are pip's own; only the server and what the finder finds are stand-ins.
"""

from __future__ import annotations

import io
import json
import logging
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from optparse import Values
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pip._internal.index.collector import LinkCollector
from pip._internal.index.package_finder import BestCandidateResult, PackageFinder
from pip._internal.metadata import BaseDistribution, get_environment
from pip._internal.models.candidate import InstallationCandidate
from pip._internal.models.link import Link, MetadataFile
from pip._internal.models.search_scope import SearchScope
from pip._internal.network.session import PipSession
from pip._internal.req.req_install import InstallRequirement
from pip._internal.utils.hashes import Hashes
from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.specifiers import BaseSpecifier
from pip._vendor.requests.adapters import BaseAdapter
from pip._vendor.requests.models import PreparedRequest, Response
from pip._vendor.requests.structures import CaseInsensitiveDict
from pip._vendor.urllib3.response import HTTPResponse
from pip._vendor.urllib3.util.retry import Retry

from patches.common._safety.hosts import Hosts
from pip_variants.core.filenames import label_of
from pip_variants.core.properties import Namespace, ordered_features
from pip_variants.pip_adapter.evaluator import decide_release
from pip_variants.pip_adapter.links import Choice, VariantLink, remote_file
from pip_variants.pip_adapter.options import OptionValue
from pip_variants.pip_adapter.releases import LinkedRelease
from pip_variants.pip_adapter.requests import LabelRequests
from pip_variants.pip_adapter.run_state import RunState
from pip_variants.pip_adapter.together import Together
from pip_variants.providers.platform_file import Platform
from pip_variants.providers.resolve import NamespaceResolver, ProviderSettings
from pip_variants.providers.runner import ProviderRunner, RunPlugin
from pip_variants.remote.release_metadata import MetadataReader
from pip_variants.remote.wheel_metadata import Keep, WheelReader

if TYPE_CHECKING:
    import pytest

Json = Mapping[str, object]
Machine = Mapping[str, Iterable[tuple[str, Iterable[str]]]]

PAGE = "https://example.org/simple/torch/"
OTHER_PAGE = "https://other.example.org/simple/torch/"
JSON_URL = "https://example.org/files/torch-2.8.0-variants.json"
OTHER_JSON_URL = "https://other.example.org/files/torch-2.8.0-variants.json"

GPU_JSON: Json = {
    "default-priorities": {"namespace": ["gpu"]},
    "providers": {"gpu": {"requires": ["gpu-provider"], "plugin-api": "gpu_provider:Plugin"}},
    "variants": {
        "fast": {"gpu": {"arch": ["2"]}},
        "slow": {"gpu": {"arch": ["1"]}},
        "new": {"gpu": {"arch": ["3"]}},
        "null": {},
    },
}
"""Metadata of torch 2.8.0. NEW_GPU supports `fast` and `slow`, OLD_GPU only `slow`."""

ABI_JSON: Json = {
    "default-priorities": {"namespace": ["abi_dependency"]},
    "providers": {"abi_dependency": {"builtin": "abi_dependency"}},
    "variants": {"null": {}, "np2": {"abi_dependency": {"numpy": ["2"]}}},
}

NEW_GPU: Machine = {"gpu": [("arch", ["2", "1"])]}
OLD_GPU: Machine = {"gpu": [("arch", ["1"])]}
NO_GPU: Machine = {}
"""Each described completely."""

NEW_NEEDS = "new needs gpu :: arch :: 3, this machine has 2, 1"

FAST_BANNER = f"""
{" torch==2.8.0; variant_hash=fast ".center(80, "#")}
Variant-property: gpu :: arch :: 2
{"#" * 80}
"""


class FakeServer(BaseAdapter):
    """Serves files by URL in place of the network and records each request.

    ``statuses`` are by URL. ``failure`` is raised in place of every response. With ``ranges`` it
    supports range requests.
    """

    def __init__(self, files: Mapping[str, bytes] | None = None, *, ranges: bool = False) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.files = dict(files or {})
        self.statuses: dict[str, int] = {}
        self.headers: dict[str, str] = {}
        self.failure: Exception | None = None
        self.ranges = ranges
        self.sent: list[PreparedRequest] = []
        self.settings: list[dict[str, Any]] = []
        self.max_retries = Retry(3)  # type: ignore[no-untyped-call]
        self.pip_ends: float = 0.0
        self.pip_hosts: Hosts | None = None

    @property
    def requests(self) -> list[str]:
        """Every request as "GET URL", in order."""
        return [f"{request.method} {request.url}" for request in self.sent]

    def send(  # type: ignore[override] # the settings are of no interest one by one
        self,
        request: PreparedRequest,
        **settings: Any,  # noqa: ANN401 - as requests has them
    ) -> Response:
        """Return the response to a request."""
        self.sent.append(request)
        self.settings.append(settings)
        if self.failure is not None:
            raise self.failure
        url = str(request.url)
        body = self.files.get(url)
        status = self.statuses.get(url, 404 if body is None else 200)
        content = body or b""
        headers = {"Content-Length": str(len(content)), **self.headers}
        if self.ranges:
            headers["Accept-Ranges"] = "bytes"
            requested = (request.headers or {}).get("Range", "")
            if requested:
                first, _, last = requested.removeprefix("bytes=").partition("-")
                size = len(content)
                start = int(first) if first else max(0, size - int(last))
                end = min(size, int(last) + 1) if first and last else size
                content, status = content[start:end], 206
                headers["Content-Length"] = str(len(content))
                headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        if request.method == "HEAD":
            content = b""
        return _response(request, status, headers, content)

    def close(self) -> None:
        """Do nothing: there is no connection."""


def _response(
    request: PreparedRequest, status: int, headers: Mapping[str, str], content: bytes
) -> Response:
    response = Response()  # type: ignore[no-untyped-call]
    response.status_code = status
    response.headers = CaseInsensitiveDict(headers)  # type: ignore[no-untyped-call]
    response.url = str(request.url)
    response.request = request
    response.raw = HTTPResponse(  # type: ignore[no-untyped-call]
        io.BytesIO(content),
        headers=dict(headers),
        status=status,
        preload_content=False,
        request_method=request.method,
    )
    return response


class FakeFinder(PackageFinder):
    """A finder over a `FakeServer` that finds exactly the given links, all of them applicable.

    ``queries`` are the projects and specifiers of its searches.
    """

    def __init__(self, server: FakeServer, links: Iterable[Link] = ()) -> None:
        search_scope = SearchScope.create([], [], no_index=False)
        self._link_collector = LinkCollector(session_with(server), search_scope)
        self.links = list(links)
        self.queries: list[tuple[str, str]] = []

    def find_best_candidate(
        self,
        project_name: str,
        specifier: BaseSpecifier | None = None,
        hashes: Hashes | None = None,  # noqa: ARG002 - as PackageFinder has it
    ) -> BestCandidateResult:
        """Return the links as candidates; as in pip, the last one is the best."""
        self.queries.append((project_name, str(specifier)))
        return best_result(self.links)


@cache
def _session() -> PipSession:
    session = PipSession()  # slow to make: programs run for its user agent
    session.auth.prompting = False
    return session


def session_with(server: FakeServer) -> PipSession:
    """Return a session of pip over this server, until the next call."""
    session = _session()
    session.mount("https://", server)
    setattr(session, "pip_seconds_for_hints", 5.0)  # noqa: B010 - as a new one has them
    return session


def candidate(link: Link) -> InstallationCandidate:
    """Return a link as pip's candidate."""
    name, version = link.filename.removesuffix(".tar.gz").split("-", 2)[:2]
    return InstallationCandidate(name, version, link)


def best_result(links: Iterable[Link]) -> BestCandidateResult:
    """Return links as pip's result of a search, worst first."""
    found = list(map(candidate, links))
    return BestCandidateResult(found, found, found[-1] if found else None)


def wheel_name(label: str | None, version: str = "2.8.0", name: str = "torch") -> str:
    """Return the file name of a wheel of a project with this label (None: plain)."""
    return f"{name}-{version}-py3-none-any{f'-{label}' if label else ''}.whl"


def link_to(
    filename: str,
    *,
    page: str | None = PAGE,
    yanked: str | None = None,
    hashes: Mapping[str, str] | None = None,
    core_metadata: bool = False,
    host: str = "example.org",
) -> Link:
    """Return a link to a file as an index page lists it."""
    return Link(
        f"https://{host}/files/{filename}",
        comes_from=page,
        yanked_reason=yanked,
        hashes=hashes,
        metadata_file_data=MetadataFile(None) if core_metadata else None,
    )


def torch_links(*labels: str | None, version: str = "2.8.0") -> list[Link]:
    """Return the links of torch wheels with these labels (None: plain) on one page."""
    return [link_to(wheel_name(label, version)) for label in labels]


def dump(document: Json) -> bytes:
    """Return a document as JSON text."""
    return json.dumps(document).encode()


def serving(document: Json = GPU_JSON) -> FakeServer:
    """Return a server that has the variants JSON of torch 2.8.0."""
    return FakeServer({JSON_URL: dump(document)})


def run_state(
    *,
    machine: Machine | None = NEW_GPU,
    requested: Sequence[str] = (),
    prepared: list[BaseDistribution] | None = None,
    run_plugin: RunPlugin | None = None,
    trusted: Iterable[str] = (),
    listed: str | None = JSON_URL,
    keep: Keep | None = None,
) -> RunState:
    """Return the state of a run on a described machine (None: nothing is described).

    ``requested`` are values of ``--variant``; ``listed`` is the variants JSON on the page;
    ``keep`` writes the wheels that a server sends whole.
    """
    described = tuple(
        (Namespace(name), ordered_features(features)) for name, features in (machine or {}).items()
    )
    platform = Platform("'box.toml'", described, complete=True) if machine is not None else None
    taken = [] if prepared is None else prepared
    settings = ProviderSettings(trusted=frozenset(trusted), platform=platform)

    def versions() -> dict[str, str]:
        return {str(item.canonical_name): str(item.version) for item in taken}

    together = Together(
        [],
        installed=versions,
        upgraded=lambda named: False,  # noqa: ARG005 - as `new_run_state` has it
        versions=lambda project, specifier: [],  # noqa: ARG005 - nothing is looked for
    )
    state = RunState(
        options=Values({"ignore_dependencies": False}),
        requests=LabelRequests([OptionValue(text) for text in requested]),
        resolver=NamespaceResolver(
            ProviderRunner({}, run_plugin=run_plugin),
            settings,
            distributions=together.expected,
        ),
        metadata=MetadataReader(WheelReader(keep)),
        versions=versions,
        prepared=taken,
        together=together,
    )
    if listed is not None:
        list_json(state, listed, PAGE)
    return state


def list_json(state: RunState, url: str, page: str) -> None:
    """Let a page list a variants JSON."""
    state.metadata.add_listed(remote_file(Link(url, comes_from=page)))


def requirement(
    text: str = "torch", link: Link | None = None, *, user_supplied: bool = True
) -> InstallRequirement:
    """Return a requirement that takes this file."""
    return InstallRequirement(
        Requirement(text), comes_from=None, link=link, user_supplied=user_supplied
    )


def write_installed(
    folder: Path,
    variant_json: Json | bytes | None,
    *,
    name: str = "torch",
    version: str = "2.8.0",
    requires: Sequence[str] = (),
) -> BaseDistribution:
    """Write an installed distribution below a folder and return it as pip finds it."""
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {text}" for text in requires]
    (info / "METADATA").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    (info / "INSTALLER").write_text("pip\n", "utf-8")
    if variant_json is not None:
        text = variant_json if isinstance(variant_json, bytes) else dump(variant_json)
        (info / "variant.json").write_bytes(text)
    found = get_environment([str(folder)]).get_distribution(name)
    assert found is not None
    return found


def wheel_of(link: Link, document: Json | None = GPU_JSON, requires: Sequence[str] = ()) -> bytes:
    """Return a wheel for a link, with its part of the metadata as `variant.json` if it has one."""
    name, version = link.filename.split("-", 2)[:2]
    label = label_of(link.filename)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        lines = [f"Name: {name}", *(f"Requires-Dist: {text}" for text in requires)]
        text = "".join(f"{line}\n" for line in lines)
        archive.writestr(f"{name}-{version}.dist-info/METADATA", text)
        if label is not None and document is not None:
            own = dump(only(label, document))
            archive.writestr(f"{name}-{version}.dist-info/variant.json", own)
    return buffer.getvalue()


def only(label: str, document: Json = GPU_JSON) -> Json:
    """Return the part of the metadata that a wheel with this label has."""
    variants = document["variants"]
    assert isinstance(variants, Mapping)
    return {**document, "variants": {label: variants[label]}}


def logged(caplog: pytest.LogCaptureFixture, level: int = logging.INFO) -> list[tuple[str, str]]:
    """Return what the engine has logged at this level or above, each with its level."""
    return [
        (record.levelname, record.getMessage())
        for record in caplog.records
        if record.levelno >= level
        and record.name.startswith("pip_variants.")
        and record.name != "pip_variants.output"
    ]


def chosen(state: RunState, links: Sequence[Link]) -> VariantLink:
    """Return the link of the best of these files of torch, with the choice that led to it."""
    linked = LinkedRelease.of("torch", "2.8.0", links, FakeFinder(serving()))
    decision = decide_release(state, linked)
    best = decision.ranked[0]
    link = linked.links[best.index]
    choice = Choice("torch", "2.8.0", best.selected, decision, linked.links)
    return VariantLink(link, link.label, choice)
