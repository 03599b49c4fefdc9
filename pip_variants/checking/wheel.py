"""One wheel by itself: its file name beside its ``variant.json``, and the markers of METADATA."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pip_variants.errors import quoted
from pip_variants.filenames import label_of
from pip_variants.markers import PLAIN, about_variants, bound
from pip_variants.properties import is_label, is_name, is_value

from .document import Document, check_document
from .findings import Finding, finding
from .markers import Parsers, is_valid

OWN = "variant.json"

_speaks_of_variants = re.compile(r"\bvariant_(?:label|namespaces|features|properties)\b").search
# The fields of core metadata that have markers, or have had them, besides Requires-Dist.
_OTHER_FIELDS = ("Requires-External", "Provides-Dist", "Obsoletes-Dist", "Requires-Python")


def check_wheel(
    file: str,
    variant_json: bytes | None,
    fields: Sequence[tuple[str, str]],
    parsers: Parsers,
) -> Document:
    """Return what is to be said of a wheel and, if it is a variant, what its own metadata says.

    ``file`` ends with its file name; ``variant_json`` is None if it has none; ``fields`` are those
    of its METADATA.
    """
    label = label_of(file.rpartition("/")[2])
    findings = [*_fields(file, fields, parsers)]
    if label is None:
        if variant_json is not None:
            message = "a wheel without a label in its name must not have one"
            findings.append(finding("own-metadata", file, OWN, message))
        return Document(file, None, tuple(findings))
    if variant_json is None:
        message = f"the name has the label {quoted(label)}, but there is no {OWN} in the wheel"
        return Document(file, None, (finding("own-metadata", file, "", message), *findings))
    found = check_document(file, variant_json, parsers, prefix=f"{OWN}:")
    findings = [*found.findings, *findings]
    metadata = found.metadata
    if metadata is not None:
        labels = [variant.label for variant in metadata.variants]
        if labels != [label]:
            listed = ", ".join(map(quoted, labels[:3])) or "none"
            message = f"expected just the label of the name, {quoted(label)}, found {listed}"
            findings.append(finding("own-metadata", file, f"{OWN}:variants", message))
            metadata = None
    return Document(file, metadata, tuple(findings))


def _fields(file: str, fields: Sequence[tuple[str, str]], parsers: Parsers) -> Iterator[Finding]:
    number = -1
    for name, text in fields:
        if name == "Requires-Dist":
            number += 1
            if _speaks_of_variants(text):
                path = f"METADATA:Requires-Dist[{number}]"
                for problem in _problems(text, parsers):
                    yield finding("marker", file, path, problem)
        elif name in _OTHER_FIELDS and _speaks_of_variants(text):
            message = f"markers about variants can only be in Requires-Dist: {quoted(text)}"
            yield finding("marker-elsewhere", file, f"METADATA:{name}", message)


def _problems(requirement: str, parsers: Parsers) -> Iterator[str]:
    """Yield what is wrong with a dependency that has markers about variants."""
    if not is_valid(parsers, bound(requirement, PLAIN), requirement=True):
        yield f"{quoted(requirement)} is not a valid requirement"
        return
    for name, text in about_variants(requirement):
        parts = [part.strip() for part in text.split("::")]
        if name == "variant_label":
            valid = not text or is_label(text)
        else:
            checks = _PARTS[name]
            valid = len(parts) == len(checks) and all(
                check(part) for check, part in zip(checks, parts, strict=True)
            )
        if not valid:
            yield f"{quoted(text)} can never be in {name}"


_PARTS = {
    "variant_namespaces": (is_name,),
    "variant_features": (is_name, is_name),
    "variant_properties": (is_name, is_name, is_value),
}
