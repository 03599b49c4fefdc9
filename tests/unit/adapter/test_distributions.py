"""Which variant a distribution is, and its dependencies with markers about that."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import pytest
from pip._internal.metadata import BaseDistribution
from pip._internal.utils.temp_dir import global_tempdir_manager

from pip_variants.core.decision import SelectedVariant
from pip_variants.core.properties import Property
from pip_variants.formats.reader import read
from pip_variants.pip_adapter.compat import inner_distribution
from pip_variants.pip_adapter.dependencies import bind_dependency
from pip_variants.pip_adapter.distributions import (
    Attached,
    attach,
    attached_to,
    own_problem,
    variant_of,
)
from pip_variants.pip_adapter.run_state import RunState
from pip_variants.providers.result import ProviderResult
from pip_variants.providers.runner import NoProgress, Plugin, Progress
from tests.unit.adapter.edge import (
    GPU_JSON,
    NEW_GPU,
    NO_GPU,
    OLD_GPU,
    Json,
    Machine,
    dump,
    logged,
    only,
    run_state,
    write_installed,
)

BACKENDS = [
    name
    for name in ("importlib", "pkg_resources")
    if importlib.util.find_spec(f"pip._internal.metadata.{name}") is not None
]
each_backend = pytest.mark.parametrize("backend", BACKENDS)


def selected(label: str, document: Json = GPU_JSON) -> SelectedVariant:
    """Return a variant as the metadata of its wheel describes it."""
    metadata = read(only(label, document))
    return SelectedVariant(metadata.variants[0], metadata)


def installed(folder: Path, backend: str, variant_json: Json | bytes | None) -> BaseDistribution:
    """Return an installed distribution as one of pip's backends has it."""
    write_installed(folder, variant_json)
    module: ModuleType = importlib.import_module(f"pip._internal.metadata.{backend}")
    found: BaseDistribution | None = module.Environment.from_paths([str(folder)]).get_distribution(
        "torch"
    )
    assert found is not None
    assert type(found).__module__.startswith(f"pip._internal.metadata.{backend}")
    return found


OWN: dict[str, tuple[Json | bytes | None, str | None]] = {
    "variant": (only("fast"), "fast"),
    "null variant": (only("null"), "null"),
    "no variant.json": (None, None),
    "not JSON": (b"{", None),
    "not an object": (b"[]", None),
    "not UTF-8": (b"\xff", None),
    "two labels": (GPU_JSON, None),
    "no label": ({**GPU_JSON, "variants": {}}, None),
    "invalid property": (b'{"variants": {"a": {"GPU": {"arch": ["1"]}}}}', None),
}


@each_backend
@pytest.mark.parametrize(("variant_json", "label"), OWN.values(), ids=OWN)
def test_distribution_is_the_variant_that_its_own_metadata_describes(
    tmp_path: Path, backend: str, variant_json: Json | bytes | None, label: str | None
) -> None:
    """With an invalid variant.json, or none, a distribution is not a variant."""
    dist = installed(tmp_path, backend, variant_json)
    assert variant_of(dist) == (selected(label) if label else None)
    assert attached_to(inner_distribution(dist)).is_candidate is False


ODD: dict[str, Callable[[Path], object]] = {
    "folder": Path.mkdir,
    "FIFO": os.mkfifo,
    "link to itself": lambda path: path.symlink_to(path),
    "device without end": lambda path: path.symlink_to("/dev/zero"),
    "link to nothing": lambda path: path.symlink_to("/nowhere"),
    "larger than 16 MiB": lambda path: path.write_bytes(b" " * (16 * 1024 * 1024 + 1)),
}


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such files")
@each_backend
@pytest.mark.parametrize("make", ODD.values(), ids=ODD)
def test_only_a_regular_file_makes_a_distribution_a_variant(
    tmp_path: Path, backend: str, make: Callable[[Path], object]
) -> None:
    """Anybody may have put it there: it neither fails nor waits."""
    info = tmp_path / "torch-2.8.0.dist-info"
    info.mkdir()
    make(info / "variant.json")
    assert variant_of(installed(tmp_path, backend, None)) is None


@each_backend
@pytest.mark.parametrize(
    ("variant_json", "problem"),
    [(None, None), (only("fast"), None), (b"{", "not JSON: Expecting property name")],
    ids=["none", "valid", "invalid"],
)
def test_problem_with_own_metadata_is_known(
    tmp_path: Path, backend: str, variant_json: Json | bytes | None, problem: str | None
) -> None:
    """What is about variants says why a distribution is not one."""
    found = own_problem(installed(tmp_path, backend, variant_json))
    assert found == problem or str(found).startswith(str(problem))


@each_backend
def test_attached_variant_counts_more_than_its_own_metadata(tmp_path: Path, backend: str) -> None:
    """What pip is about to install is what was chosen."""
    dist = installed(tmp_path, backend, only("slow"))
    attach(dist, Attached(selected("fast"), is_candidate=True))
    assert variant_of(dist) == selected("fast")
    assert attached_to(inner_distribution(dist)).is_candidate is True


@each_backend
def test_attached_plain_file_is_no_variant_even_with_own_metadata(
    tmp_path: Path, backend: str
) -> None:
    """None that was attached is not the same as nothing attached."""
    dist = installed(tmp_path, backend, only("slow"))
    attach(dist, Attached(None, is_candidate=True))
    assert variant_of(dist) is None


@each_backend
def test_variant_is_attached_to_one_distribution_alone(tmp_path: Path, backend: str) -> None:
    """Another distribution of the same files is not concerned."""
    dist = installed(tmp_path, backend, None)
    attach(dist, Attached(selected("fast")))
    assert variant_of(installed(tmp_path, backend, None)) is None


@each_backend
def test_metadata_that_was_fetched_alone_can_have_a_variant_attached(backend: str) -> None:
    """Of a file whose METADATA alone was fetched pip has a distribution as well."""
    module = importlib.import_module(f"pip._internal.metadata.{backend}")
    with global_tempdir_manager():
        dist: BaseDistribution = module.Distribution.from_metadata_file_contents(
            b"Metadata-Version: 2.1\nName: torch\nVersion: 2.8.0\n", "torch.whl", "torch"
        )
        assert variant_of(dist) is None
        attach(dist, Attached(selected("fast"), is_candidate=True))
        assert variant_of(dist) == selected("fast")


TRUE, FALSE = 'python_version >= "0"', 'python_version < "0"'
LABEL = 'a; variant_label == "fast"'
NAMESPACE = "a; 'gpu' in variant_namespaces"
FEATURE = "a; 'gpu :: arch' in variant_features"
PROPERTY = "a; 'gpu::arch::2' in variant_properties"

# Machine, installed label (None: plain), dependency, whether its marker holds.
MARKERS: dict[str, tuple[Machine, str | None, str, bool]] = {
    "label": (NEW_GPU, "fast", LABEL, True),
    "other label": (NEW_GPU, "slow", LABEL, False),
    "label of plain": (NEW_GPU, None, LABEL, False),
    "namespace": (NO_GPU, "fast", NAMESPACE, True),
    "namespace of null": (NEW_GPU, "null", NAMESPACE, False),
    "namespace of plain": (NEW_GPU, None, NAMESPACE, False),
    "feature": (NO_GPU, "fast", FEATURE, True),
    "feature of plain": (NEW_GPU, None, FEATURE, False),
    "supported property": (NEW_GPU, "fast", PROPERTY, True),
    "unsupported property": (OLD_GPU, "fast", PROPERTY, False),
    "property of another label": (NEW_GPU, "slow", PROPERTY, False),
    "property of plain": (NEW_GPU, None, PROPERTY, False),
}


@each_backend
@pytest.mark.parametrize(("machine", "label", "dependency", "holds"), MARKERS.values(), ids=MARKERS)
def test_markers_about_variants_are_bound_in_the_text_of_a_dependency(
    tmp_path: Path,
    backend: str,
    machine: Machine,
    label: str | None,
    dependency: str,
    *,
    holds: bool,
) -> None:
    """What pip evaluates later no longer mentions variants."""
    dist = installed(tmp_path, backend, only(label) if label else None)
    state = run_state(machine=machine)
    found = bind_dependency(state, inner_distribution(dist), dependency)
    assert found == f"a; {TRUE if holds else FALSE}"


@each_backend
def test_markers_of_an_attached_variant_count_before_its_own_metadata(
    tmp_path: Path, backend: str
) -> None:
    """The dependencies of METADATA that was fetched alone are those of the chosen variant."""
    dist = installed(tmp_path, backend, None)
    attach(dist, Attached(selected("fast"), is_candidate=True))
    assert bind_dependency(run_state(), inner_distribution(dist), LABEL) == f"a; {TRUE}"


def _querying(progress: list[str]) -> RunState:
    """Return a state in which the provider of the namespace is a plugin."""

    def run_plugin(plugin: Plugin, _: object, shown: Progress) -> ProviderResult:
        kind = "silent" if isinstance(shown, NoProgress) else "shown"
        progress.append(f"{plugin.packages[0]} {kind}")
        return ProviderResult((("arch", ("2",)),))  # type: ignore[arg-type]

    return run_state(machine=None, trusted=["gpu-provider"], run_plugin=run_plugin)


# A dependency, and the queries for it.
QUERIES: dict[str, tuple[str, bool, Sequence[str]]] = {
    "label": (LABEL, True, []),
    "namespace": (NAMESPACE, True, []),
    "property of what is being installed": (PROPERTY, True, ["gpu-provider shown"]),
    "property of what is installed": (PROPERTY, False, ["gpu-provider silent"]),
}


@pytest.mark.parametrize(("dependency", "is_candidate", "queries"), QUERIES.values(), ids=QUERIES)
def test_providers_are_queried_only_for_markers_about_supported_properties(
    tmp_path: Path, dependency: str, queries: Sequence[str], *, is_candidate: bool
) -> None:
    """For installed distributions, as in `pip check`, the query shows no progress."""
    progress: list[str] = []
    dist = installed(tmp_path, "importlib", None)
    attach(dist, Attached(selected("fast"), is_candidate=is_candidate))
    found = bind_dependency(_querying(progress), inner_distribution(dist), dependency)
    assert found == f"a; {TRUE}"
    assert progress == list(queries)


def test_plugin_for_a_dependency_gets_the_properties_of_the_variant(tmp_path: Path) -> None:
    """A plugin may need to know which values matter."""
    received: list[frozenset[Property]] = []

    def run_plugin(_: Plugin, known: frozenset[Property], __: Progress) -> ProviderResult:
        received.append(known)
        return ProviderResult()

    state = run_state(machine=None, trusted=["gpu-provider"], run_plugin=run_plugin)
    dist = installed(tmp_path, "importlib", only("fast"))
    bind_dependency(state, inner_distribution(dist), PROPERTY)
    assert received == [frozenset([Property.parse("gpu :: arch :: 2")])]


def test_invalid_variable_is_a_warning_for_an_installed_dependency(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """A report must not fail because a variable that forces a result is invalid."""
    document: Json = {
        "default-priorities": {"namespace": ["nvidia"]},
        "providers": {"nvidia": {"requires": ["nvidia-variant-provider"]}},
        "variants": {"fast": {"nvidia": {"sm_arch": ["90_real"]}}},
    }
    state = run_state(machine=None)
    state.resolver.runner.environ = {"NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION": "bad"}
    dist = installed(tmp_path, "importlib", dump(document))
    text = "a; 'nvidia::sm_arch::90_real' in variant_properties"
    assert bind_dependency(state, inner_distribution(dist), text) == f"a; {FALSE}"
    problem = "NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION: 'bad' is not a version"
    assert logged(caplog, logging.DEBUG) == [("WARNING", problem)]
