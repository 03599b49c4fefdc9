"""All files of one version on one source: whether wheels and documents agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pip_variants.core.errors import MetadataError, quoted
from pip_variants.core.filenames import label_of, metadata_filename
from pip_variants.core.merge import ContradictionError, FileMetadata, merge, merge_files
from pip_variants.core.properties import Label, Namespace, Variant

from .findings import Finding, finding
from .markers import disabling_path
from .platform_tags import Platform, platform_tags, python_problem, tag_problem, targets

Wheels = dict[Label, list[str]]
"""The variant wheels of a version by label, both sorted."""


@dataclass(frozen=True, slots=True)
class Release:
    """The files of one version, each by the path or URL that the user knows.

    ``documents`` are the index-level metadata files, of which there should be one, and ``document``
    is that one if it could be read. ``own`` are the wheels whose own metadata was read.
    ``complete``: these are all files of the version.
    """

    wheels: tuple[str, ...]
    document: FileMetadata | None
    own: tuple[FileMetadata, ...] = ()
    complete: bool = True
    documents: tuple[str, ...] = ()


def check_release(release: Release) -> tuple[Finding, ...]:
    """Return the findings about the files of one version together."""
    wheels = _by_label(release.wheels)
    findings = [*_tags(release.wheels), *_contradictions(release)]
    if release.complete:
        findings += _platforms(wheels, release.document)
    if release.document is not None:
        findings += _labels(wheels, release.document, complete=release.complete)
        findings += _null(release, release.document)
        findings += _disabled(wheels, release.document)
    elif release.complete and not release.documents:
        findings += _no_document(wheels)
    for file in release.documents[1:]:
        message = f"in addition to {release.documents[0]}: an installer reads only one of them"
        findings.append(finding("second-index-file", file, "", message))
    return tuple(findings)


def _label(file: str) -> Label | None:
    return label_of(_name(file))


def _name(file: str) -> str:
    return file.rpartition("/")[2]


def _by_label(wheels: Sequence[str]) -> Wheels:
    """Return the variant wheels by label, both sorted."""
    found: Wheels = {}
    for file in sorted(wheels):
        label = _label(file)
        if label is not None:
            found.setdefault(label, []).append(file)
    return dict(sorted(found.items()))


def _tags(wheels: Sequence[str]) -> Iterator[Finding]:
    for file in sorted(wheels):
        problems = [tag_problem(tag) for tag in platform_tags(_name(file))]
        for message in filter(None, [python_problem(_name(file)), *problems]):
            yield finding("tag-of-no-machine", file, "", message)


def _contradictions(release: Release) -> Iterator[Finding]:
    own = sorted(release.own, key=lambda item: item.file)
    if release.document is not None:
        for item in own:
            try:
                merge(release.document.metadata, item.metadata)
            except MetadataError as error:
                yield _differs(item.file, error.path, release.document.file)
    elif own:
        try:
            merge_files(own)
        except ContradictionError as error:
            yield _differs(error.second, error.path, error.first)


def _differs(file: str, path: str, other: str) -> Finding:
    return finding("contradiction", file, f"variant.json:{path}", f"differs from {other}")


def _labels(wheels: Wheels, document: FileMetadata, *, complete: bool) -> Iterator[Finding]:
    """Yield the labels that only the document, or only a wheel, has."""
    listed = {variant.label for variant in document.metadata.variants}
    for label in sorted(listed - wheels.keys()) if complete else ():
        message = "no wheel has this label"
        yield finding("label-without-wheel", document.file, f"variants[{quoted(label)}]", message)
    for label, files in wheels.items():
        if label not in listed:
            message = f"the label {quoted(label)} of {_and_more(files)} is not listed"
            yield finding("wheel-without-label", document.file, "variants", message)


def _no_document(wheels: Wheels) -> Iterator[Finding]:
    first = min((files[0] for files in wheels.values()), default=None)
    if first is not None:
        message = f"there is no {quoted(metadata_filename(_name(first)))} beside it"
        yield finding("no-index-file", first, "", message)


def _null(release: Release, document: FileMetadata) -> Iterator[Finding]:
    plain = any(_label(file) is None for file in release.wheels)
    variants = document.metadata.variants
    if variants and not plain and not any(variant.is_null for variant in variants):
        message = "there is no null variant: a machine that no variant fits has nothing to install"
        yield finding("no-null-variant", document.file, "variants", message)


def _platforms(wheels: Wheels, document: FileMetadata | None) -> Iterator[Finding]:
    """Yield the labels that are for fewer platforms than the labels beside them."""
    found = {
        label: {platform for file in files for platform in targets(_name(file))}
        for label, files in wheels.items()
    }
    variants = _variants(document)
    shared = _shared(found, variants)
    most = max(map(len, found.values()), default=0)
    for label, platforms in found.items():
        file, path = wheels[label][0], ""
        if document is not None and label in variants:
            file, path = document.file, f"variants[{quoted(label)}]"
        if len(platforms) == 1 < most:
            message = f"only for {min(map(str, platforms))}, though other labels are for more"
            yield finding("one-platform", file, path, message)
        elif platforms:
            for platform in sorted(shared.get(label, set()) - platforms, key=str):
                message = f"not for {platform}, though all other labels of its kind are"
                yield finding("platform-missing", file, path, message)


def _variants(document: FileMetadata | None) -> dict[Label, Variant]:
    metadata = document.metadata if document is not None else None
    return {variant.label: variant for variant in metadata.variants} if metadata else {}


def _shared(
    platforms: Mapping[Label, set[Platform]], variants: Mapping[Label, Variant]
) -> dict[Label, set[Platform]]:
    """Return, by label, the platforms of all other labels that use the same namespaces.

    There must be two of them: a single other label may be for other platforms by its nature, like
    Accelerate beside OpenBLAS.
    """
    kinds: dict[frozenset[Namespace], dict[Label, set[Platform]]] = {}
    for label, found in platforms.items():
        if found and label in variants and not variants[label].is_null:
            kinds.setdefault(variants[label].namespaces, {})[label] = found
    shared = {}
    for kind in kinds.values():
        counts = Counter(platform for found in kind.values() for platform in found)
        for label, found in kind.items():
            others = len(kind) - 1
            if others > 1:
                shared[label] = {
                    item for item in counts if counts[item] - (item in found) == others
                }
    return shared


def _disabled(wheels: Wheels, document: FileMetadata) -> Iterator[Finding]:
    """Yield the providers that are disabled on a platform whose wheels need them."""
    variants = _variants(document)
    for provider in document.metadata.providers:
        disabled: dict[str, dict[Platform, list[str]]] = {}
        for label, files in wheels.items():
            if label not in variants or provider.namespace not in variants[label].namespaces:
                continue
            for file, platform, values in _targets(files):
                path = disabling_path(provider, values)
                if path is not None:
                    disabled.setdefault(path, {}).setdefault(platform, []).append(file)
        for path, platforms in disabled.items():
            names = " and ".join(sorted(map(str, platforms)))
            files = sorted({file for found in platforms.values() for file in found})
            noun = "platform" if len(platforms) == 1 else "platforms"
            message = f"disables the provider on {names}, the {noun} of {_and_more(files)}"
            yield finding("provider-off", document.file, path, message)


def _targets(files: Sequence[str]) -> Iterator[tuple[str, Platform, Mapping[str, str]]]:
    for file in files:
        for platform, values in targets(_name(file)).items():
            yield file, platform, values


def _and_more(files: Sequence[str]) -> str:
    """Return the name of the first of several files, and the number of the others."""
    more = f" and {len(files) - 1:,} more" if len(files) > 1 else ""
    return f"{_name(files[0])}{more}"
