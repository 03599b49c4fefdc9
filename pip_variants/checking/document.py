"""One variants document by itself: its revision's rules, and whether its parts fit each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from pip_variants.errors import MetadataError, quoted
from pip_variants.metadata import Metadata, Provider
from pip_variants.properties import ABI_DEPENDENCY, NULL_LABEL
from pip_variants.readers import parse, read, revision_of
from pip_variants.readers.shapes import join

from .findings import Finding, Severity, finding
from .markers import Parsers, is_valid, texts
from .schema import SCHEMAS, violations

_MOST_VIOLATIONS = 100
"""More than this many in one file say nothing new."""

# These two are published as standards; what is older is judged by what can be read.
_STRICT = ("0.1", "0.2.0")


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says, if it says anything, and what is wrong with it."""

    file: str
    metadata: Metadata | None
    findings: tuple[Finding, ...]


def check_document(file: str, text: bytes, parsers: Parsers, *, prefix: str = "") -> Document:
    """Return what is to be said of one document, whatever bytes it consists of.

    ``prefix`` comes before every path, for a document that is part of a file.
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
    except MetadataError as error:
        # The reader's word on a value counts more than that of the schema.
        path = f"{prefix}{error.path}"
        found[error.path] = finding("broken", file, path, error.problem)
    findings = [*found.values()]
    if metadata is not None:
        findings += [
            finding(kind, file, f"{prefix}{path}", message, severity)
            for kind, path, message, severity in _judged(document, metadata, parsers)
        ]
    return Document(file, metadata, tuple(findings))


def _violations(document: object) -> Iterator[tuple[str, str, Severity]]:
    """Yield what breaks the schema of the document's revision; the earliest ones have none."""
    revision = revision_of(document)
    severity: Severity = "error" if revision in _STRICT else "warning"
    if revision == "0.1":
        revision = _minor(document)
    schema = SCHEMAS.get(revision or "")
    if schema is not None:
        for path, problem in islice(violations(schema, document), _MOST_VIOLATIONS):
            yield path, problem, severity


def _minor(document: object) -> str:
    """Return which of the two revisions of PEP 825 a document is: only the first had these keys."""
    priorities = document.get("default-priorities") if isinstance(document, dict) else None
    old = isinstance(priorities, dict) and priorities.keys() & {"feature", "property"}
    return "0.1.0" if old else "0.1.1"


_Judgement = tuple[str, str, str, "Severity | None"]
"""Kind, path, message, and a severity if it is not the usual one."""


def _judged(document: object, metadata: Metadata, parsers: Parsers) -> Iterator[_Judgement]:
    yield from _namespaces(metadata)
    for provider in metadata.providers:
        yield from _markers(provider, parsers)
        yield from _static(provider, metadata)
    yield from _null_labels(metadata)
    yield from _unsorted(document)


def _namespaces(metadata: Metadata) -> Iterator[_Judgement]:
    """Yield every namespace that is not at once used, prioritised and served by a provider."""
    first: dict[str, str] = {}
    for variant in metadata.variants:
        for namespace in sorted(variant.namespaces):
            first.setdefault(namespace, f"variants[{quoted(variant.label)}].{namespace}")
    provided = {provider.namespace: provider for provider in metadata.providers}
    prioritised = metadata.priorities.namespaces
    strict: Severity | None = "error" if metadata.revision in _STRICT else None
    path = "default-priorities.namespace"
    # PEP 825 alone says nothing of providers.
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


def _markers(provider: Provider, parsers: Parsers) -> Iterator[_Judgement]:
    for path, text, requirement in texts(provider):
        if not is_valid(parsers, text, requirement=requirement):
            noun = "requirement" if requirement else "environment marker"
            yield "marker", path, f"{quoted(text)} is not a valid {noun} here", None


def _static(provider: Provider, metadata: Metadata) -> Iterator[_Judgement]:
    """Yield where a namespace's static values and the variants that use it pass each other by."""
    if provider.static is None:
        return
    values = dict(provider.static)
    unused = dict.fromkeys(values)
    namespace = provider.namespace
    for variant in metadata.variants:
        for wanted in variant.wants:
            if wanted.namespace != namespace:
                continue
            unused.pop(wanted.feature, None)
            if wanted.values.isdisjoint(values.get(wanted.feature, ())):
                path = f"variants[{quoted(variant.label)}].{namespace}.{wanted.feature}"
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


def _null_labels(metadata: Metadata) -> Iterator[_Judgement]:
    for variant in metadata.variants:
        if variant.is_null and variant.label != NULL_LABEL:
            strict: Severity | None = "error" if metadata.revision in _STRICT else None
            message = f"a variant without properties is the null variant, labelled {NULL_LABEL}"
            yield "null-label", f"variants[{quoted(variant.label)}]", message, strict


def _unsorted(document: object) -> Iterator[_Judgement]:
    """Yield the variants with lists out of order; the document is one that could be read."""
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
