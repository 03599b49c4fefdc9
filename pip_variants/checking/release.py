"""All files of one version in one place: whether wheels and documents tell the same story."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from pip_variants.combining import ContradictionError, Described, combined
from pip_variants.errors import MetadataError, quoted
from pip_variants.filenames import label_of, metadata_filename
from pip_variants.metadata import Metadata, merged

from .findings import Finding, finding
from .markers import Parsers, off_reason
from .platforms import Platform, matches_no_machine, platform_tags, targets


@dataclass(frozen=True, slots=True)
class Release:
    """The files of one version; every name is as the user knows it and ends with the file's own.

    ``document`` is the combined file if there is one and it can be read, ``own`` the wheels whose
    own metadata was read. ``complete`` says that these are all files of the version.
    """

    wheels: tuple[str, ...]
    document: Described | None
    own: tuple[Described, ...] = ()
    complete: bool = True
    has_document: bool = True


def check_release(release: Release, parsers: Parsers) -> tuple[Finding, ...]:
    """Return what is to be said of the files of one version together."""
    findings = [*_tags(release.wheels), *_platforms(release)]
    findings += _contradictions(release)
    if release.document is not None:
        findings += _labels(release, release.document)
        findings += _null(release, release.document)
        findings += _switched_off(release, release.document, parsers)
    elif release.complete and not release.has_document:
        findings += _no_document(release)
    return tuple(findings)


def _label(file: str) -> str | None:
    return label_of(_name(file))


def _name(file: str) -> str:
    return file.rpartition("/")[2]


def _by_label(wheels: Sequence[str]) -> dict[str, list[str]]:
    """Return the variant wheels by label, both sorted."""
    found: dict[str, list[str]] = {}
    for file in sorted(wheels):
        label = _label(file)
        if label is not None:
            found.setdefault(label, []).append(file)
    return dict(sorted(found.items()))


def _tags(wheels: Sequence[str]) -> Iterator[Finding]:
    for file in sorted(wheels):
        for tag in platform_tags(_name(file)):
            if _label(file) is not None and matches_no_machine(tag):
                message = f"no Mac matches the tag {quoted(tag)}"
                yield finding("tag-of-no-machine", file, "", message)


def _contradictions(release: Release) -> Iterator[Finding]:
    own = sorted(release.own, key=lambda item: item.file)
    if release.document is not None:
        for item in own:
            try:
                merged(release.document.metadata, item.metadata)
            except MetadataError as error:
                yield _differs(item.file, error.path, release.document.file)
    elif own:
        try:
            combined(own)
        except ContradictionError as error:
            yield _differs(error.second, error.path, error.first)


def _differs(file: str, path: str, other: str) -> Finding:
    return finding("contradiction", file, f"variant.json:{path}", f"differs from {other}")


def _labels(release: Release, document: Described) -> Iterator[Finding]:
    """Yield the labels that only the document, or only a wheel, has."""
    listed = {variant.label for variant in document.metadata.variants}
    wheels = _by_label(release.wheels)
    for label in sorted(listed - wheels.keys()) if release.complete else ():
        message = "no wheel has this label"
        yield finding("label-without-wheel", document.file, f"variants[{quoted(label)}]", message)
    for label, files in wheels.items():
        if label not in listed:
            message = f"the label {quoted(label)} of {_and_more(files)} is not listed"
            yield finding("wheel-without-label", document.file, "variants", message)


def _no_document(release: Release) -> Iterator[Finding]:
    wheels = sorted(file for file in release.wheels if _label(file) is not None)
    if wheels:
        message = f"there is no {quoted(metadata_filename(_name(wheels[0])))} beside it"
        yield finding("no-combined-file", wheels[0], "", message)


def _null(release: Release, document: Described) -> Iterator[Finding]:
    plain = any(_label(file) is None for file in release.wheels)
    variants = document.metadata.variants
    if variants and not plain and not any(variant.is_null for variant in variants):
        message = "there is no null variant: a machine that none fits has no wheel to install"
        yield finding("no-null-variant", document.file, "variants", message)


def _platforms(release: Release) -> Iterator[Finding]:
    """Yield the labels that are for fewer platforms than the labels beside them."""
    if not release.complete:
        return
    found = {
        label: {platform for file in files for platform in targets(_name(file))}
        for label, files in _by_label(release.wheels).items()
    }
    metadata = release.document.metadata if release.document is not None else None
    most = max(map(len, found.values()), default=0)
    for label, platforms in found.items():
        file, path = _place(release, label)
        if len(platforms) == 1 < most:
            message = f"only for {min(map(str, platforms))}, though other labels are for more"
            yield finding("one-platform", file, path, message)
        elif platforms:
            for platform in sorted(_shared(label, found, metadata) - platforms, key=str):
                message = f"not for {platform}, though the labels of its kind are"
                yield finding("platform-missing", file, path, message)


def _place(release: Release, label: str) -> tuple[str, str]:
    """Return file and path at which a label is named."""
    if release.document is not None and release.document.metadata.variant(label) is not None:
        return release.document.file, f"variants[{quoted(label)}]"
    return _by_label(release.wheels)[label][0], ""


def _shared(
    label: str, platforms: Mapping[str, AbstractSet[Platform]], metadata: Metadata | None
) -> AbstractSet[Platform]:
    """Return the platforms of all other labels that use the same namespaces, if there are two.

    One other label may well be for other platforms by its nature: Accelerate beside OpenBLAS.
    """
    variant = metadata.variant(label) if metadata is not None else None
    if metadata is None or variant is None or variant.is_null:
        return frozenset()
    others = [
        platforms[other.label]
        for other in metadata.variants
        if other.label != label
        and other.namespaces == variant.namespaces
        and platforms.get(other.label)
    ]
    return frozenset.intersection(*map(frozenset, others)) if len(others) > 1 else frozenset()


def _switched_off(release: Release, document: Described, parsers: Parsers) -> Iterator[Finding]:
    """Yield the providers that are off on a platform for which there are wheels that need them."""
    metadata = document.metadata
    for provider in metadata.providers:
        off: dict[str, dict[Platform, list[str]]] = {}
        for file in sorted(release.wheels):
            variant = metadata.variant(_label(file) or "")
            if variant is None or provider.namespace not in variant.namespaces:
                continue
            for platform, values in targets(_name(file)).items():
                path = off_reason(parsers, provider, values)
                if path is not None:
                    off.setdefault(path, {}).setdefault(platform, []).append(file)
        for path, platforms in off.items():
            names = " and ".join(sorted(map(str, platforms)))
            files = sorted({file for found in platforms.values() for file in found})
            noun = "platform" if len(platforms) == 1 else "platforms"
            message = f"switches the provider off on {names}, the {noun} of {_and_more(files)}"
            yield finding("provider-off", document.file, path, message)


def _and_more(files: Sequence[str]) -> str:
    """Return the name of the first of several files, and how many there are besides."""
    more = f" and {len(files) - 1:,} more" if len(files) > 1 else ""
    return f"{_name(files[0])}{more}"
