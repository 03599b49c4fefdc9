"""What a document with faults means for a choice, and every text that is shown about it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from random import Random

from pip._vendor.rich.console import Console

from pip_variants.core.decision import CandidateFile, Decision, Release, SourceSelection, decide
from pip_variants.core.errors import MetadataError
from pip_variants.core.metadata import SourceMetadata
from pip_variants.core.properties import Label
from pip_variants.core.selection import needed_namespaces, select
from pip_variants.explain import messages, problems
from pip_variants.explain.as_json import explanation_entry
from pip_variants.explain.model import explain_decision
from pip_variants.explain.table import render
from pip_variants.formats.reader import parse, read, read_valid_entries
from pip_variants.providers import platform_file
from pip_variants.providers.resolve import NamespaceResolver, ProviderSettings
from pip_variants.providers.runner import ProviderRunner
from pip_variants.remote.index_file import IndexFile, read_index_file
from pip_variants.remote.transport import RemoteFile

from .documents import POOL, Document, ranking, valid
from .guard import LONGEST_TEXT, Case, InProcess, check_text, outcome, promise
from .mutations import as_json, mutated

_FILE = "x-1.0-variants.json"
_PAGE = "https://host/x/"
_LONGEST_LABEL = 200
_MOST_REASONS = 8
"""How many reasons one line may have."""


class Choices(InProcess):
    """Documents with one faulty entry, and documents with much to explain."""

    name = "choices"

    def draw(self, rng: Random) -> Case:
        """Return a document of which one label or provider is faulty, or anything is."""
        _, document = valid(rng)
        if rng.random() < 0.5:
            return _one_entry(rng, document)
        text = as_json(rng, mutated(rng, document, rng.choice((1, 2, 3)), POOL))
        complete, requested = rng.random() < 0.3, rng.choice((None, None, Label("a")))
        return Case(text, lambda: _check_texts(text, requested, complete=complete))


def _one_entry(rng: Random, document: Document) -> Case:
    """Return a document with one faulty entry, which costs no other entry."""
    key = rng.choice(("variants", "variants", "providers"))
    entries = document.get(key)
    if not isinstance(entries, dict):
        key, entries = "variants", document["variants"]
    assert isinstance(entries, dict)  # noqa: S101 - every valid document has it
    name = rng.choice([*entries])
    other = mutated(rng, entries[name], rng.choice((1, 2)), POOL)
    text = as_json(rng, {**document, key: {**entries, name: other}})
    seed = rng.randrange(1000)

    def check() -> None:
        metadata = read(document)
        found = outcome(lambda: read_valid_entries(parse(text)), MetadataError)
        if isinstance(found, Exception):
            return  # the wheels are read in its place
        partly, invalid = found
        promise(
            all((item.key, item.name) == (key, name) for item in invalid),
            "a faulty entry makes another entry invalid",
        )
        if key == "providers" and not invalid:
            return  # it means something else, to the variants that use it
        concerned = {name}
        if key == "providers":
            concerned = {v.label for v in metadata.variants if name in v.namespaces}
        before = [label for label in ranking(metadata, seed) if label not in concerned]
        after = [label for label in ranking(partly, seed) if label not in concerned]
        promise(before == after, "a faulty entry changes the choice among others")

    return Case((key, name, text), check)


def _check_texts(text: bytes, requested: Label | None, *, complete: bool) -> None:
    """Raise BrokenPromiseError unless all that would be shown about a document can be."""
    document = outcome(lambda: parse(text), MetadataError)
    if isinstance(document, Exception):
        return
    url = f"{_PAGE}{_FILE}"
    file = read_index_file(RemoteFile(_FILE, url, url, _PAGE), document)
    if not isinstance(file, IndexFile) or file.metadata is None:
        return
    decision, warnings = _decision(file, requested, complete=complete)
    for line in (*_lines(decision), *warnings):
        check_text(line, "a line about a choice", _MOST_REASONS * LONGEST_TEXT)
    explanation = explain_decision(decision, warnings)
    json.dumps(explanation_entry(explanation))
    output = io.StringIO()
    Console(file=output, width=80).print(render(explanation))
    for line in output.getvalue().splitlines():
        check_text(line, "a line of a table")


def _decision(
    file: IndexFile, requested: Label | None, *, complete: bool
) -> tuple[Decision, list[str]]:
    """Return the choice among a wheel of each label, for a machine that is described."""
    metadata = file.metadata
    if metadata is None:
        raise ValueError(file)
    labels = [item.label for item in metadata.variants if len(item.label) < _LONGEST_LABEL]
    files = tuple(
        CandidateFile(f"x-1.0-py3-none-any-{label}.whl", label, _PAGE) for label in labels
    )
    release = Release("x", "1.0", (*files, CandidateFile("x-1.0-py3-none-any.whl", None, _PAGE)))
    wheels = release.wheels(range(len(files)))
    described = {"version": 1, "complete": complete, "properties": {"gpu": {"arch": ["1", "1.5"]}}}
    platform = platform_file.read(described, "", "p.toml")
    runner = ProviderRunner({})
    resolver = NamespaceResolver(runner, ProviderSettings(platform=platform))
    namespaces = needed_namespaces(wheels, metadata)
    supported = resolver.supported(namespaces, metadata.providers, metadata.variants)
    source = SourceSelection(
        tuple(range(len(files))),
        SourceMetadata(metadata, location=file.file.shown_url, file_problems=file.problems),
        select(wheels, metadata, supported),
    )
    warnings = [text for item in supported.values() for text in item.warnings]
    return decide(release, [source], requested, (Label("b1"),)), warnings


def _lines(decision: Decision) -> Iterator[str]:
    """Yield what would be logged about a choice."""
    yield from problems.metadata_problems(decision)
    yield messages.why_nothing_fits(decision) or ""
    yield messages.excluded_variants(decision) or ""
    for selection in decision.selections:
        passed_over = messages.passed_over("x", "1.0", selection, {})
        yield from passed_over or ()
        for item in selection.supported:
            yield item.reason or ""
            yield messages.namespace_reason(item) or ""
