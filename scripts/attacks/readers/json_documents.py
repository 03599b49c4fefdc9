"""Variant metadata in JSON: documents of every revision, mutated by grammar and by bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

from pip_variants.core.errors import MetadataError, UnsupportedRevisionError, VariantError
from pip_variants.core.merge import FileMetadata, complete, merge, merge_files
from pip_variants.core.metadata import VariantMetadata
from pip_variants.core.properties import Label
from pip_variants.formats.lock_table import lock_table
from pip_variants.formats.reader import parse, read, read_text, read_valid_entries, revision_of
from pip_variants.formats.variant_json import own_variant
from pip_variants.formats.writer import write_text
from pip_variants.lint.document import check_document
from pip_variants.providers.registry import known_features
from pip_variants.remote.index_file import IndexFile, read_index_file
from pip_variants.remote.transport import RemoteFile

from .documents import POOL, Document, ranking, valid, with_other_form
from .guard import BrokenPromiseError, Case, InProcess, check_text, outcome, promise
from .mutations import as_json, edited_bytes, encoded, mutated, with_repeated_key

_FILE = "x-1.0-variants.json"
_URL = f"https://host/{_FILE}"


class JsonDocuments(InProcess):
    """Documents that are read as those of an index, and judged by lint."""

    name = "json"

    def draw(self, rng: Random) -> Case:
        """Return a document: valid in another form, mutated by grammar, or mutated by bytes."""
        revision, document = valid(rng)
        kind = rng.random()
        if kind < 0.15:
            return _same_meaning(rng, revision, document)
        if kind < 0.65:
            text = as_json(rng, mutated(rng, document, rng.choice((1, 1, 2, 4)), POOL))
            if rng.random() < 0.05:
                text = with_repeated_key(rng, text)
            return Case(text, lambda: check_reading(text))
        text = as_json(rng, document)
        if rng.random() < 0.1:
            text = encoded(rng, text.decode("utf-8", "replace"))
        others = [as_json(rng, valid(rng)[1])] if rng.random() < 0.2 else []
        text = edited_bytes(rng, text, rng.choice((1, 1, 2, 5)), others)
        return Case(text, lambda: check_reading(text))


def _same_meaning(rng: Random, revision: str, document: Document) -> Case:
    """Return a valid document, and the same in another form, of which the choice is the same."""
    text = as_json(rng, with_other_form(rng, document))
    if rng.random() < 0.1:
        text = b"\xef\xbb\xbf" + text
    seed = rng.randrange(1000)

    def check() -> None:
        plain, other = read(document), check_reading(text)
        promise(plain.revision == revision, "a valid document is read as another revision")
        promise(other is not None, "a valid document in another form is not read")
        if other is not None:
            same = ranking(plain, seed) == ranking(other, seed)
            promise(same, "a document in another form means another choice")

    return Case(text, check)


def check_reading(text: bytes) -> VariantMetadata | None:
    """Read a document in all ways and compare the results; return the model, None: it is bad."""
    whole = outcome(lambda: read_text(text), MetadataError)
    _check_lint(text, readable=isinstance(whole, VariantMetadata))
    document = outcome(lambda: parse(text), MetadataError)
    if isinstance(document, Exception):
        promise(isinstance(whole, Exception), "a document is read that is not JSON")
        return None
    _check_as_index_file(document)
    partly = outcome(lambda: read_valid_entries(document), MetadataError)
    if isinstance(whole, VariantMetadata):
        promise(partly == (whole, ()), "read_valid_entries differs from read")
        _check_model(whole, document)
        return whole
    if isinstance(partly, tuple):
        metadata, invalid = partly
        promise(bool(invalid), "read_valid_entries reads what read refuses, and names nothing")
        names = {item.name for item in invalid if item.key == "variants"}
        promise(
            names.isdisjoint(variant.label for variant in metadata.variants),
            "read_valid_entries reads a label that it calls invalid",
        )
        for item in invalid:
            check_text(str(item.error)[:1000], "an invalid entry")
    return None


def _check_lint(text: bytes, *, readable: bool) -> None:
    """Raise BrokenPromiseError unless lint judges a document, as read by the same readers."""
    judged = check_document(_FILE, text, known=known_features)
    promise((judged.metadata is not None) == readable, "lint and the reader differ")
    promise(readable or bool(judged.findings), "lint finds nothing in what cannot be read")
    for finding in judged.findings:
        check_text(finding.line, "a finding of lint")


def _check_as_index_file(document: object) -> None:
    """Raise BrokenPromiseError unless an install would log sound warnings about a document."""
    found = read_index_file(RemoteFile(_FILE, _URL, _URL, "https://host/"), document)
    if not isinstance(found, IndexFile):
        check_text(str(found), "the error about an index file")
        return
    problems = found.problems
    texts = () if problems is None else (problems.error or "", *problems.invalid_entries)
    for item in (*texts, *found.invalid_labels.values()):
        check_text(item, "a warning about an index file")


def _check_model(metadata: VariantMetadata, document: object) -> None:
    """Raise BrokenPromiseError unless what was read survives writing, merging and locking."""
    seed = len(metadata.variants)
    labels = [variant.label for variant in metadata.variants]
    for other in (
        _or_none(lambda: read_text(write_text(metadata))),
        merge(metadata, metadata),
        complete(metadata, metadata),
        merge_files([FileMetadata("a", metadata), FileMetadata("b", metadata)]),
        _or_none(lambda: _locked(document, metadata, labels)),
    ):
        if other is not None:
            promise(_meaning(other) == _meaning(metadata), "a copy of metadata has another meaning")
            promise(ranking(other, seed) == ranking(metadata, seed), "a copy ranks differently")
    outcome(lambda: own_variant(metadata, Label("a")), MetadataError)


def _or_none(call: Callable[[], VariantMetadata]) -> VariantMetadata | None:
    found = outcome(call, MetadataError)
    return None if isinstance(found, Exception) else found


def _locked(document: object, metadata: VariantMetadata, labels: list[Label]) -> VariantMetadata:
    """Return what a lock has of a document, as JSON; the order of what it has is kept."""
    table = lock_table([document], metadata, labels)
    if revision_of(table) != metadata.revision:
        raise BrokenPromiseError("a lock has another revision than its document")
    try:
        return read(json.loads(json.dumps(table)))
    except UnsupportedRevisionError as error:
        raise BrokenPromiseError("a lock cannot be read") from error
    except VariantError as error:
        raise BrokenPromiseError("a lock cannot be read") from error


def _meaning(metadata: VariantMetadata) -> tuple[object, ...]:
    """Return what counts in metadata for a choice, whatever its form."""
    variants = sorted((item.label, item.properties) for item in metadata.variants)
    providers = sorted(metadata.providers, key=lambda item: item.namespace)
    return metadata.priorities, providers, variants
