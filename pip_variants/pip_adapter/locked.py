"""``pip install -r pylock.toml``: the wheels of an entry are candidates, described by its document.

pip selects the entries, and of each one file by its tags (PEP 751). If an entry has variants, all
its files whose tags fit become candidates beside that one, which are ranked as those of an index
(PEP 825, "Integration with pylock.toml"). No request is sent to find them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pip._vendor.packaging.specifiers import SpecifierSet
from pip._vendor.packaging.utils import canonicalize_name

from pip_variants.core.errors import FetchError, MetadataError, printable
from pip_variants.core.filenames import label_of, split_label
from pip_variants.core.properties import Label, Variant
from pip_variants.explain import locks as texts
from pip_variants.formats.fields import Table
from pip_variants.formats.lock_table import inlined_document
from pip_variants.remote.index_file import IndexFile, read_index_file
from pip_variants.remote.transport import RemoteFile

from .compat import (
    InstallationError,
    Link,
    all_hashes,
    redact_auth_from_url,
    set_stated,
    supports_tags,
)
from .links import Choice, remote_file, source_of, variant_link
from .run_state import RunState

if TYPE_CHECKING:
    from .compat import InstallationCandidate, InstallRequirement, PackageFinder

_Lock = TypeVar("_Lock", bound=Any)


class LockedFile(Protocol):
    """A wheel or an sdist in a lock, as packaging has it."""

    @property
    def filename(self) -> str:
        """The name of the file."""

    @property
    def hashes(self) -> Mapping[str, str]:
        """Its hashes by algorithm; there is one."""

    @property
    def size(self) -> int | None:
        """Its bytes, if the lock has them."""


class LockedPackage(Protocol):
    """An entry of a lock, as packaging has it."""

    @property
    def name(self) -> str:
        """The normalised project."""

    @property
    def wheels(self) -> Sequence[LockedFile] | None:
        """The wheels, if there are any."""

    @property
    def archive(self) -> object | None:
        """The only file of the package, if it is one by its address."""

    @property
    def sdist(self) -> LockedFile | None:
        """The sdist, if there is one."""


MakeLink = Callable[[Any], "tuple[InstallRequirement, Link | None]"]
"""Makes of a file in a lock the requirement and the link that pip has for it."""


def plain_only(lock: _Lock) -> _Lock:
    """Return a lock without its variant wheels; entries that have nothing else are unchanged."""
    return replace(lock, packages=[_plain(package) for package in lock.packages])


def _plain(package: Any) -> Any:  # noqa: ANN401 - a LockedPackage, of which a copy is made
    wheels = package.wheels or ()
    plain = [wheel for wheel in wheels if label_of(wheel.filename) is None]
    if len(plain) == len(wheels) or not (plain or package.sdist):
        return package
    return replace(package, wheels=plain)


def why_not_plain(package: LockedPackage) -> str:
    """Return why nothing of an entry that is selected can be installed without variants."""
    return texts.only_variants(package.name)


def add_files(  # noqa: PLR0917 - as pip has them at hand
    state: RunState,
    package: LockedPackage,
    file: LockedFile,
    entry: Table,
    req: InstallRequirement,
    finder: PackageFinder,
    make: MakeLink,
) -> None:
    """Record the file of an entry that pip has selected, and those that may be in its place.

    ``entry`` is the table of the lock, ``req`` what pip requires for the file. ``req`` has the
    hashes of all of them from then on; ``take_hashes`` leaves those of the file that is taken.
    """
    if package.archive is not None:
        _add_archive(state, entry, req)
    for pin in req.req.specifier if req.req is not None else ():
        state.locked.versions[package.name] = pin.version
    wheels = [item for item in package.wheels or () if _fits(item, finder)]
    labels = [label_of(wheel.filename) for wheel in wheels]
    if file not in wheels or not any(labels):
        return
    files = [*wheels, package.sdist] if package.sdist and None not in labels else wheels
    made = [(*make(item), item) for item in files]
    links = tuple(_stated(link, item) for _, link, item in made if link is not None)
    state.locked.links[package.name] = links
    req.hash_options = _merged(own.hash_options for own, _, _ in made)
    _add_document(state, entry, links)


def _fits(wheel: LockedFile, finder: PackageFinder) -> bool:
    """Return whether the tags of a wheel fit; they do not depend on its label."""
    plain, _ = split_label(wheel.filename.removesuffix(".whl"))
    return supports_tags(f"{plain}.whl", finder)


def _stated(link: Link, file: LockedFile) -> Link:
    set_stated(link, file.hashes, file.size)
    return link


def _merged(options: Iterable[Mapping[str, Sequence[str]]]) -> dict[str, list[str]]:
    merged: dict[str, list[str]] = {}
    for option in options:
        for name, digests in option.items():
            merged.setdefault(name, []).extend(digests)
    return merged


def _add_document(state: RunState, entry: Table, links: Sequence[Link]) -> None:
    """Let the document of an entry describe its wheels; without one they do so themselves."""
    wheels = [remote_file(link) for link in map(variant_link, links) if link.label is not None]
    labels = {wheel.label for wheel in wheels if wheel.label is not None}
    document = _document(entry, source_of(links[0]), labels)
    if document is not None:
        state.metadata.add_inlined(wheels, document)


def _add_archive(state: RunState, entry: Table, req: InstallRequirement) -> None:
    """Record what the document of an entry says about its only file, which describes itself."""
    link = variant_link(req.link) if req.link is not None else None
    if link is None or link.label is None:
        return
    lock = str(req.comes_from)
    document = _document(entry, lock, {link.label})
    if isinstance(document, IndexFile) and document.metadata is not None:
        variant = document.metadata.variant(link.label)
        if variant is not None:
            state.locked.archives[link.url] = lock, variant


def _document(entry: Table, lock: str, labels: Collection[Label]) -> IndexFile | FetchError | None:
    """Return what the document of an entry says about labels, or None if it has no document."""
    name = printable(redact_auth_from_url(lock))
    file = RemoteFile(name, lock, name, lock)
    try:
        document = inlined_document(entry, labels)
    except MetadataError as error:
        return IndexFile(file, error=str(error), is_inlined=True)
    return read_index_file(file, document, is_inlined=True) if document is not None else None


def candidates(
    state: RunState,
    own: InstallationCandidate,
    make: Callable[[Link], InstallationCandidate | None],
) -> list[InstallationCandidate]:
    """Return the files of the entry of a locked candidate that ``make`` does not discard."""
    links = state.locked.links.get(canonicalize_name(own.name))
    if links is None:
        return [own]
    return [found for found in map(make, links) if found is not None]


def take_hashes(state: RunState, req: InstallRequirement, link: Link) -> None:
    """Leave to a requirement the hashes of the file that it takes, of those of its entry.

    One beside the lock that has none, such as ``NAME#LABEL``, gets those and the version.
    """
    if req.req is None:
        return
    project = canonicalize_name(req.req.name)
    if not state.locked.has(project, link):
        return
    own = {name: str(value).lower() for name, value in all_hashes(link).items()}
    if not req.hash_options:
        req.hash_options = {name: [digest] for name, digest in own.items()}
        req.req = copy(req.req)
        req.req.specifier = SpecifierSet(f"=={state.locked.versions[project]}")
        return
    narrowed = {
        name: [digest for digest in digests if digest.lower() == own.get(name)]
        for name, digests in req.hash_options.items()
    }
    if any(narrowed.values()):
        req.hash_options = {name: digests for name, digests in narrowed.items() if digests}


def check_agreement(state: RunState, choice: Choice, link: Link, own: Variant | None) -> None:
    """Raise InstallationError if a locked wheel is another variant than its lock describes.

    ``own`` is what the wheel has, None if that is nothing valid.
    """
    found = state.locked.archives.get(link.url)
    if found is None and choice.selected is not None and state.locked.has(choice.project, link):
        found = source_of(link), choice.selected.variant
    if found is None or str(found[1]) == str(own):
        return
    lock, expected = found
    what = f"{choice.project} {choice.version}"
    text = texts.contradicted_lock(link.filename, what, redact_auth_from_url(lock), expected, own)
    raise InstallationError(text)
