"""The table [variant] of a pyproject.toml, in the shapes of several revisions."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pip._vendor import tomli

from pip_variants.core.errors import RequestError
from pip_variants.core.metadata import Provider
from pip_variants.core.properties import Namespace, ordered_features
from pip_variants.lint.variant_table import read_variant_table

PRIORITIES = 'default-priorities.namespace = ["a"]\n'
NS = Namespace("a")
STATIC = ordered_features([("f", ["2", "1"])])

TABLES: dict[str, tuple[str, str, Provider | None]] = {
    "package": (
        'providers.a = {requires = ["p"], plugin-api = "p:x", optional = true}',
        "0.2.0",
        Provider(NS, ("p",), "p:x", optional=True),
    ),
    "static values": (
        'providers.a.static-properties.f = ["2", "1"]',
        "0.2.0",
        Provider(NS, static=STATIC),
    ),
    "built into installers": ('providers.a.builtin = "b"', "0.2.0", Provider(NS, builtin="b")),
    "no providers": ("", "0.2.0", None),
    "PEP 817": (
        'providers.a.install-time = false\nstatic-properties.a.f = ["2", "1"]',
        "0.0.3",
        Provider(NS, static=STATIC),
    ),
    "0.0.2": (
        "providers.a = {requires = ['p'], enable-if = \"os_name == 'nt'\"}",
        "0.0.2",
        Provider(NS, ("p",), enable_if="os_name == 'nt'"),
    ),
}


def _document(table: str) -> dict[str, Any]:
    return tomli.loads(f"[variant]\n{PRIORITIES}{table}")


@pytest.mark.parametrize(("table", "revision", "provider"), TABLES.values(), ids=TABLES)
def test_table_is_metadata_without_labels(
    table: str, revision: str, provider: Provider | None
) -> None:
    """It declares the same as the documents of its revision."""
    found = read_variant_table(_document(table), "x.toml")
    assert found is not None
    assert (found.revision, found.priorities.namespaces, found.variants) == (revision, ("a",), ())
    assert found.providers == (() if provider is None else (provider,))


def test_file_without_the_table_declares_nothing() -> None:
    """Most projects have none."""
    assert read_variant_table({"project": {"name": "x"}}, "pyproject.toml") is None


MISTAKES = {
    "not a table": ("variant = 1", "variant: expected a table, found 1"),
    "labels": (
        "[variant.variants.x]",
        "variant.variants: labels are not declared here; --label names them",
    ),
    "provider of the build": (
        "[variant.providers.a]\nbuild-requires = ['p']",
        (
            "variant.providers.a.build-requires: such providers run when a wheel is built;"
            " write static-properties here"
        ),
    ),
    "misspelt key": (
        "[variant]\ndefault-priority = 1\ndefault-priorities.namespace = ['a']",
        "variant.default-priority: not a key of this revision",
    ),
    "no namespace": (
        "[variant.default-priorities]\nnamespace = []",
        "variant.default-priorities.namespace: expected at least one item",
    ),
    "no priorities": ("[variant]", "variant.default-priorities: missing"),
    "order": (
        (
            "[variant]\ndefault-priorities.namespace = ['a']\n"
            "providers.a.static-properties = {f = ['1'], g = ['1']}"
        ),
        "variant.providers.a.feature-order: missing, though there is more than one feature",
    ),
    "a date": (
        "[variant]\ndefault-priorities.namespace = 2020-01-01",
        "variant.default-priorities.namespace: expected a list, found a date or a time",
    ),
}


@pytest.mark.parametrize(("text", "problem"), MISTAKES.values(), ids=MISTAKES)
def test_mistake_is_an_error_with_its_path(text: str, problem: str) -> None:
    """The file, the path in it, and the reason."""
    with pytest.raises(RequestError, match=f"^x.toml: {re.escape(problem)}$"):
        read_variant_table(tomli.loads(text), "x.toml")
