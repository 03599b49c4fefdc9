"""One metadata document: the rules of its revision, and whether its parts fit together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from pip_variants.core.errors import MetadataError, quoted
from pip_variants.core.metadata import Provider, VariantMetadata
from pip_variants.core.properties import ABI_DEPENDENCY, NULL_LABEL, Namespace
from pip_variants.formats.fields import join
from pip_variants.formats.reader import invalid_entries, parse, read, read_as, revision_of

from .findings import Finding, Severity, finding
from .known import KnownFeatures, never_reported
from .markers import is_valid, marker_texts
from .rules import STANDARDS, exact_revision, stated_revision, violations

_MOST_VIOLATIONS = 100


@dataclass(frozen=True, slots=True)
class Document:
    """A file, its metadata if that could be read, and the findings."""

    file: str
    metadata: VariantMetadata | None
    findings: tuple[Finding, ...]


def check_document(
    file: str, text: bytes, *, prefix: str = "", known: KnownFeatures = lambda _: None
) -> Document:
    """Return the findings about one document, whatever its content.

    ``prefix`` precedes every path, for a document that is part of a file. ``known`` returns what
    the providers in it can report.
    """
    try:
        document = parse(text)
    except MetadataError as error:
        return Document(file, None, (finding("broken", file, prefix, error.problem),))
    found = {
        path: finding("schema", file, f"{prefix}{path}", problem, severity)
        for path, problem, severity in _violations(document)
    }
    metadata = None
    try:
        metadata = read(document)
    except MetadataError as first:
        # What keeps a document from being read counts more than a rule about the same value.
        parts = _unreadable_parts(document, revision_of(document))
        for part in (first, *islice(parts, _MOST_VIOLATIONS)):
            path = f"{prefix}{part.path}"
            found[part.path] = finding("broken", file, path, part.problem)
    findings = [*found.values()]
    if metadata is not None:
        findings += [
            finding(kind, file, f"{prefix}{path}", message, severity)
            for kind, path, message, severity in _judgements(document, metadata, known)
        ]
    return Document(file, metadata, tuple(findings))


def _unreadable_parts(document: object, revision: str | None) -> Iterator[MetadataError]:
    """Yield what keeps each label, each provider and the rest of a document from being read."""
    if not isinstance(document, dict) or revision is None:
        return
    rest: dict[str, object] = {**document, "variants": {}}
    if "providers" in document:
        rest["providers"] = {}
    try:
        read_as(revision, rest)
    except MetadataError as error:
        yield error
    yield from (entry.error for entry in invalid_entries(revision, document))


def _violations(document: object) -> Iterator[tuple[str, str, Severity]]:
    """Yield what breaks a rule of the document's revision, or of the one that it states."""
    revision = revision_of(document)
    if revision is None or not isinstance(document, dict):
        return
    for path, problem in islice(violations(revision, document), _MOST_VIOLATIONS):
        yield path, problem, _severity(revision)
    stated = stated_revision(document)
    if stated is not None and stated != exact_revision(revision, document):
        for path, problem in islice(_mixed(stated, document), 1):
            message = f"states revision {stated}, but the content is not of it: {path}: {problem}"
            yield "$schema", message, _severity(stated)


def _mixed(stated: str, document: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield where a document is not also one of the revision that it states."""
    yield from violations(stated, document)
    for error in _unreadable_parts(document, "0.1" if stated.startswith("0.1.") else stated):
        yield error.path, error.problem


def _severity(revision: str | None) -> Severity:
    return "error" if revision in STANDARDS else "warning"


_Judgement = tuple[str, str, str, "Severity | None"]
"""Kind, path, message, and a severity if it is not the usual one."""


def _judgements(
    document: object, metadata: VariantMetadata, known: KnownFeatures
) -> Iterator[_Judgement]:
    yield from _namespaces(metadata)
    for path, message, severity in islice(never_reported(metadata, known), _MOST_VIOLATIONS):
        yield "never-reported", path, message, severity
    for provider in metadata.providers:
        yield from _markers(provider)
        yield from _static(provider, metadata)
    yield from _null_labels(metadata)
    yield from _unsorted(document)


def _namespaces(metadata: VariantMetadata) -> Iterator[_Judgement]:
    """Yield every namespace that has no priority, no provider or no variant."""
    first: dict[Namespace, str] = {}
    for variant in metadata.variants:
        for namespace in sorted(variant.namespaces):
            first.setdefault(namespace, f"variants[{quoted(variant.label)}].{namespace}")
    provided = {provider.namespace: provider for provider in metadata.providers}
    prioritised = metadata.priorities.namespaces
    strict: Severity | None = "error" if metadata.revision in STANDARDS else None
    path = "default-priorities.namespace"
    # PEP 825 alone does not have providers.
    if metadata.revision != "0.1":
        reserved = () if metadata.revision == "0.2.0" else (ABI_DEPENDENCY,)
        for namespace in [ns for ns in first if ns not in provided and ns not in reserved]:
            message = "no provider serves this namespace, so no machine supports it"
            yield "namespace-without-provider", first[namespace], message, None
        for i, namespace in enumerate(prioritised):
            if namespace not in provided and namespace not in reserved:
                message = f"{quoted(namespace)} has no provider"
                yield "priority-without-provider", f"{path}[{i}]", message, strict
    for namespace in [ns for ns in {**first, **provided} if ns not in prioritised]:
        where = first.get(namespace, join("providers", namespace))
        message = f"{path} does not list this namespace, so it ranks last"
        yield "namespace-without-priority", where, message, strict


def _markers(provider: Provider) -> Iterator[_Judgement]:
    for path, text, requirement in marker_texts(provider):
        if not is_valid(text, requirement=requirement):
            noun = "requirement" if requirement else "environment marker"
            yield "marker", path, f"{quoted(text)} is not a valid {noun} here", None


def _static(provider: Provider, metadata: VariantMetadata) -> Iterator[_Judgement]:
    """Yield where the static values of a namespace and the variants that use it do not match."""
    if provider.static is None:
        return
    values = dict(provider.static)
    unused = dict.fromkeys(values)
    namespace = provider.namespace
    for variant in metadata.variants:
        for item in variant.requirements:
            if item.namespace != namespace:
                continue
            unused.pop(item.feature, None)
            if item.values.isdisjoint(values.get(item.feature, ())):
                path = f"variants[{quoted(variant.label)}].{namespace}.{item.feature}"
                message = "no static value matches it, so no machine supports this variant"
                yield "variant-without-static-value", path, message, None
    used = any(namespace in variant.namespaces for variant in metadata.variants)
    for feature in unused if used else ():
        where = _static_path(metadata.revision, namespace)
        message = "no variant uses this feature, so its static values match nothing"
        yield "static-feature-without-variant", f"{where}.{feature}", message, None


def _static_path(revision: str, namespace: str) -> str:
    paths: Mapping[str, str] = {
        "0.0.2": f"default-priorities.property.{namespace}",
        "0.0.3": f"static-properties.{namespace}",
    }
    return paths.get(revision, f"providers.{namespace}.static-properties")


def _null_labels(metadata: VariantMetadata) -> Iterator[_Judgement]:
    for variant in metadata.variants:
        if variant.is_null and variant.label != NULL_LABEL:
            strict: Severity | None = "error" if metadata.revision in STANDARDS else None
            message = f"a variant without properties is the null variant, labelled {NULL_LABEL}"
            yield "null-label", f"variants[{quoted(variant.label)}]", message, strict


def _unsorted(document: object) -> Iterator[_Judgement]:
    """Yield the variants whose lists are not sorted; the document is readable."""
    variants = document["variants"] if isinstance(document, dict) else {}
    for label, namespaces in variants.items():
        features = [
            f"{namespace}.{feature}"
            for namespace, features in namespaces.items()
            for feature, values in features.items()
            if isinstance(values, list) and values != sorted(values)
        ]
        if features:
            path = f"variants[{quoted(label)}].{features[0]}"
            message = "the values, a set, are not in sorted order"
            yield "unsorted", path, message, None
