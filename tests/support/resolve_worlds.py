"""Resolves worlds with the patched pip of this process: a JSON line in, a JSON line out.

The resolver, its candidates and its finder are pip's own; only pages and files are stand-ins.
"""

# ruff: noqa: ANN401 - stand-ins have the parts of pip's classes that the resolver uses
from __future__ import annotations

import inspect
import io
import json
import logging
import re
import sys
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from optparse import Values
from pathlib import Path
from typing import Any

from pip._internal.exceptions import InstallationError
from pip._internal.index.collector import LinkCollector
from pip._internal.index.package_finder import PackageFinder
from pip._internal.metadata import get_metadata_distribution
from pip._internal.models.candidate import InstallationCandidate
from pip._internal.models.link import Link, MetadataFile
from pip._internal.models.search_scope import SearchScope
from pip._internal.models.selection_prefs import SelectionPreferences
from pip._internal.req.constructors import (
    install_req_from_line,
    install_req_from_req_string,
)
from pip._internal.resolution.resolvelib.resolver import Resolver
from pip._internal.utils.temp_dir import global_tempdir_manager

from pip_variants.pip_adapter.links import remote_file
from pip_variants.pip_adapter.options import OptionValue
from tests.unit.adapter.edge import FakeServer, dump, session_with, write_installed

import pip._variants as facade  # isort: skip
from pip._variants import run as runs  # isort: skip

File = Mapping[str, Any]
HOST = "https://example.org/files"
PAGE = "https://example.org/simple/{}/"


def filename(file: File) -> str:
    """Return the name of a wheel."""
    label = f"-{file['label']}" if file["label"] else ""
    return f"{file['name'].replace('-', '_')}-{file['version']}-py3-none-any{label}.whl"


def metadata(file: File) -> bytes:
    """Return the METADATA of a wheel."""
    lines = ["Metadata-Version: 2.1", f"Name: {file['name']}", f"Version: {file['version']}"]
    lines += [f"Requires-Dist: {line}" for line in file["requires"]]
    extras = re.findall(r'extra == "(\w+)"', " ".join(file["requires"]))
    lines += [f"Provides-Extra: {extra}" for extra in extras]
    return "".join(f"{line}\n" for line in lines).encode()


class Finder(PackageFinder):
    """Finds the files of a world."""

    links: Mapping[str, list[Link]]

    def find_all_candidates(self, project_name: str) -> list[InstallationCandidate]:
        """Return all files of a project."""
        return [
            InstallationCandidate(project_name, link.filename.split("-")[1], link)
            for link in self.links.get(project_name, ())
        ]


class Preparer:
    """Prepares a file from its METADATA. ``made`` counts the files."""

    require_hashes = False

    def __init__(self, finder: Finder, session: Any) -> None:
        self.finder = finder
        self.session = session
        self.made: list[str] = []

    def prepare_linked_requirement(self, req: Any, **_: bool) -> Any:
        """Return the distribution of a file."""
        facade.announce(req, self.finder)
        self.made.append(req.link.filename)
        content = self.session.get(f"{req.link.url}.metadata").content
        dist = get_metadata_distribution(content, req.link.filename, req.name)
        return facade.attach_variant(req, dist)

    def prepare_installed_requirement(self, req: Any, _: str) -> Any:
        """Return the installed distribution."""
        return req.satisfied_by

    def prepare_linked_requirements_more(self, reqs: Any) -> None:
        """Do nothing: no file is needed."""


def properties_of(file: File) -> dict[str, Any]:
    """Return the properties of a variant."""
    properties: dict[str, Any] = {}
    if file["level"]:
        properties["level"] = {"level": [file["level"]]}
    if file["abi"]:
        properties["abi_dependency"] = {
            project.replace("-", "_"): list(values) for project, values in file["abi"]
        }
    return properties


def contents_of(world: Mapping[str, Any]) -> dict[str, bytes]:
    """Return what the server has, by URL."""
    contents = {}
    for name, files in world["files"].items():
        documents: dict[str, Any] = {}
        for file in files:
            contents[f"{HOST}/{filename(file)}.metadata"] = metadata(file)
            if file["label"]:
                documents.setdefault(file["version"], {})[file["label"]] = properties_of(file)
        for version, variants in documents.items():
            json_name = f"{name.replace('-', '_')}-{version}-variants.json"
            contents[f"{HOST}/{json_name}"] = dump(document_of(world, variants))
    return contents


def listed_links(world: Mapping[str, Any]) -> dict[str, list[Link]]:
    """Return the links of each page."""
    return {
        name: [
            Link(
                f"{HOST}/{filename(file)}",
                comes_from=PAGE.format(name),
                metadata_file_data=MetadataFile(None),
            )
            for file in files
        ]
        for name, files in world["files"].items()
    }


def document_of(world: Mapping[str, Any], variants: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variant metadata of one version."""
    return {
        "default-priorities": {"namespace": ["level", "abi_dependency"]},
        "providers": {
            "level": {"static-properties": {"level": world["levels"]}},
            "abi_dependency": {"builtin": "abi_dependency"},
        },
        "variants": variants,
    }


def write_all_installed(world: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Write what is installed, and return it by name."""
    found = {}
    for file in world["installed"]:
        own = document_of(world, {file["label"]: properties_of(file)}) if file["label"] else None
        name, version = file["name"], file["version"]
        target = folder / "site"
        found[name] = write_installed(
            target, own, name=name, version=version, requires=file["requires"]
        )
    return found


def resolver_of(world: Mapping[str, Any], finder: Any, preparer: Any, installed: Any) -> Any:
    """Return pip's resolver as `pip install` with the options of the world has it."""
    options = world["options"]
    more = {}
    if "only_dependencies" in inspect.signature(Resolver).parameters:
        more["only_dependencies"] = False
    upgraded = options.get("upgrade", False)
    resolver: Any = Resolver(
        preparer=preparer,
        finder=finder,
        wheel_cache=None,
        make_install_req=partial(install_req_from_req_string, isolated=True),
        use_user_site=False,
        ignore_dependencies=options.get("ignore_dependencies", False),
        ignore_installed=True,
        ignore_requires_python=True,
        force_reinstall=False,
        upgrade_strategy=options.get("upgrade_strategy", "only-if-needed")
        if upgraded
        else "to-satisfy-only",
        **more,  # type: ignore[arg-type] # what the release has
    )
    resolver.factory._installed_dists = {} if options.get("ignore_installed") else installed
    return resolver


def resolve(world: Mapping[str, Any], session: Any, folder: Path) -> dict[str, Any]:
    """Return the set that pip finds, or its error."""
    contents = contents_of(world)
    server = FakeServer(contents)
    session.mount("https://", server)
    installed = write_all_installed(world, folder)
    own = {"ignore_dependencies": False, "path": [str(folder / "site")]}
    more = {"consistent_namespaces": list(map(OptionValue, world["consistent"]))}
    facade.begin(Values({**own, **more, **world["options"]}), [])
    state = runs.current().state()
    finder: Any = Finder.create(
        LinkCollector(session, SearchScope.create([], [], no_index=False)),
        SelectionPreferences(allow_yanked=True),
    )
    finder.links = listed_links(world)
    for url in contents:
        if url.endswith(".json"):
            name = url.rpartition("/")[2].rsplit("-", 2)[0]
            state.metadata.add_listed(
                remote_file(Link(url, comes_from=PAGE.format(name.replace("_", "-"))))
            )
    preparer = Preparer(finder, session)
    resolver = resolver_of(world, finder, preparer, installed)
    reqs = [install_req_from_line(line, user_supplied=True) for line in world["roots"]]
    reqs += [install_req_from_line(line, constraint=True) for line in world["constraints"]]
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logger = logging.getLogger()
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    started = time.process_time()
    try:
        resolver.resolve(reqs, check_supported_wheels=False)
    except InstallationError as error:
        return {"error": str(error), "made": preparer.made, "log": log.getvalue()}
    finally:
        logger.removeHandler(handler)
        state.close()
    seconds = time.process_time() - started
    chosen = {
        name: item.source_link.filename if item.source_link else f"installed {item.version}"
        for name, item in resolver._result.mapping.items()
        if name == item.project_name
    }
    return {
        "chosen": chosen,
        "made": preparer.made,
        "log": log.getvalue(),
        "seconds": seconds,
        "requests": len(server.sent),
        "has_rounds": "pip_variants.pip_adapter.rounds" in sys.modules,
    }


def main() -> None:
    """Resolve the world of each line."""
    session = session_with(FakeServer())
    for line in sys.stdin:
        with global_tempdir_manager(), tempfile.TemporaryDirectory() as folder:
            found = resolve(json.loads(line), session, Path(folder))
        print(json.dumps(found), flush=True)  # noqa: T201 - the protocol


if __name__ == "__main__":
    main()
