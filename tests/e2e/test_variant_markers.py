"""Variant markers in dependencies, while resolving and once installed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

from tests.e2e.pips import Machine, Output, Pip, request_lines
from tests.support.stand_in import IndexServer, Listed, write_simple_index, write_wheel
from tests.support.stand_in_wheel import Json, dump
from tests.support.venvs import THIS_PYTHON, Venv, interpreter

# As versions the first label would equal 12.1 and the second one 0.
VARIANT, NULL, PLAIN = "12.10", "00000000", ""
METADATA: Json = {
    "default-priorities": {"namespace": ["nvidia", "speed"]},
    "providers": {
        "nvidia": {
            "install-time": True,
            "plugin-api": "nvidia_variant_provider.plugin:NvidiaVariantPlugin",
            "requires": ["nvidia-variant-provider>=0.0.2,<1.0.0"],
        },
        "speed": {"install-time": False},
    },
    "static-properties": {"speed": {"level": ["fast"]}},
    "variants": {
        VARIANT: {
            "nvidia": {"sm_arch": ["75_real", "90_real"]},
            "speed": {"level": ["fast", "slow"]},
        },
        NULL: {},
    },
}


# The wheels for which each marker holds: v the variant, n the null variant, p the plain wheel. The
# machine supports sm_arch 90_real and not 75_real; of the static values, slow is unsupported.
MARKERS = {
    "'nvidia' in variant_namespaces": "v",
    '"speed" in variant_namespaces': "v",
    "'nvidia' not in variant_namespaces": "np",
    "'amd' in variant_namespaces": "",
    "'nvidia :: sm_arch' in variant_features": "v",
    '"nvidia::sm_arch" in variant_features': "v",
    "'nvidia  ::   sm_arch' not  in  variant_features": "np",
    "'nvidia' in variant_features": "",
    "'nvidia :: sm_arch :: 90_real' in variant_properties": "v",
    '"nvidia ::sm_arch:: 90_real" in variant_properties': "v",
    "'nvidia::sm_arch::90_real' not in variant_properties": "np",
    "'nvidia :: sm_arch :: 75_real' in variant_properties": "",
    "'nvidia :: sm_arch :: 75_real' not in variant_properties": "vnp",
    "'speed :: level :: fast' in variant_properties": "v",
    "'speed :: level :: slow' in variant_properties": "",
    "variant_label == '12.10'": "v",
    'variant_label=="12.10"': "v",
    "variant_label == '12.1'": "",
    "variant_label != '12.1'": "vnp",
    "'12.10' == variant_label": "v",
    "variant_label == '00000000'": "n",
    "variant_label == '0'": "",
    "variant_label != '0'": "vnp",
    "variant_label == ''": "p",
    "'12.' in variant_label": "v",
    "variant_label not in '12.10, 12.8'": "n",
    "python_version >= '3' and variant_label == '12.10'": "v",
    "python_version < '3' or 'nvidia' in variant_namespaces": "v",
    "(os_name == 'none' or variant_label == '') and python_version >= '3'": "p",
    "extra == 'gpu' and 'nvidia' in variant_namespaces": "v",
    "extra == 'gpu' and 'nvidia' not in variant_namespaces": "np",
    "extra == 'gpu'": "vnp",
    "extra == 'other' and 'nvidia' in variant_namespaces": "",
    "extra == 'other' or variant_label == '00000000'": "n",
}
NAMES = {marker: f"dep{number}" for number, marker in enumerate(MARKERS)}
VARIANT_KEYS = {VARIANT: "v", NULL: "n", PLAIN: "p"}
FAST_DEPS = (
    "WARNING: pip is using lazily downloaded wheels using HTTP range requests to obtain dependency"
    " information. This experimental feature is enabled through --use-feature=fast-deps and it is"
    " not ready for production.\n"
)


OTHER_BACKEND = pytest.mark.skipif(
    interpreter("3.10") is None, reason="no python3.10 on PATH that starts"
)
"""On Python 3.10 pip reads metadata with its pkg_resources backend."""


each_variant = pytest.mark.parametrize(
    ("python", "label"),
    [
        pytest.param(THIS_PYTHON, VARIANT, id="variant"),
        pytest.param(THIS_PYTHON, NULL, id="null"),
        pytest.param(THIS_PYTHON, PLAIN, id="plain"),
        pytest.param("3.10", VARIANT, id="variant-3.10", marks=OTHER_BACKEND),
    ],
)


def expected_dependencies(label: str) -> list[str]:
    """Return the dependencies whose markers hold for this variant of `app[gpu]`."""
    return [NAMES[marker] for marker, keys in MARKERS.items() if VARIANT_KEYS[label] in keys]


def write_app(
    root: Path, label: str, requires: Iterable[str], *, core_metadata: bool = False
) -> None:
    """Write an index with one wheel of app 1.0, extras gpu and other, and its dependencies."""
    files = root / "files"
    # The last field contains the headers of the extras, which stand-ins do not have.
    lines = [*requires, "nothing; os_name == 'none'\nProvides-Extra: gpu\nProvides-Extra: other"]
    name = f"app-1.0-py3-none-any{f'-{label}' if label else ''}.whl"
    wheel = write_wheel(files, name, requires=lines, variant_json=METADATA)
    listed = [Listed(wheel, core_metadata=core_metadata)]
    if label:
        variants_json = files / "app-1.0-variants.json"
        variants_json.write_bytes(dump(METADATA))
        listed.append(Listed(variants_json))
    projects: dict[str, Sequence[Path | Listed]] = {"app": listed}
    for project in NAMES.values():
        projects[project] = [write_wheel(files, f"{project}-1.0-py3-none-any.whl")]
    write_simple_index(root, projects)


def marked_requirements() -> list[str]:
    """Return a dependency for each of the markers."""
    return [f"{name}; {marker}" for marker, name in NAMES.items()]


def pip_of(venv: Venv, folder: Path) -> Pip:
    """Return the pip of a venv. No file name here is for one interpreter."""
    return Pip(venv.python, folder, "no-special-tag")


def would_install(label: str, dependencies: Iterable[str]) -> str:
    """Return the last line of a dry run."""
    app = f"app-1.0{f'-{label}' if label else ''}"
    return f"Would install {' '.join([app, *sorted(f'{name}-1.0' for name in dependencies)])}"


@each_variant
@pytest.mark.parametrize("metadata_source", ["full wheel", "PEP 658", "fast-deps"])
def test_only_dependencies_with_true_markers_are_installed(
    server: IndexServer,
    tmp_path: Path,
    workdir: Path,
    patched: Callable[[str], Venv],
    python: str,
    label: str,
    metadata_source: str,
) -> None:
    """Only dependencies whose markers hold for the variant are resolved, from any metadata."""
    write_app(
        tmp_path / "index", label, marked_requirements(), core_metadata=metadata_source == "PEP 658"
    )
    options = ["--use-feature=fast-deps"] if metadata_source == "fast-deps" else []
    output = pip_of(patched(python), workdir).dry_run(f"{server.url}simple/", *options, "app[gpu]")
    assert output.last_line == would_install(label, expected_dependencies(label))
    assert output.stderr == (FAST_DEPS if options else "")
    wheel = f"/files/app-1.0-py3-none-any{f'-{label}' if label else ''}.whl"
    seen = [line for line in request_lines(server) if wheel in line]
    if metadata_source == "PEP 658":
        # The size is not on the page.
        assert seen == [f"GET {wheel}.metadata 200", f"HEAD {wheel} 200"]
    elif label:
        assert seen == [f"GET {wheel} 206"]
    elif metadata_source == "fast-deps":
        assert seen[0] == f"HEAD {wheel} 200"
        assert any(line.endswith(" 206") for line in seen)
    else:
        # Nothing is known about variants before the dependencies of this wheel are.
        assert seen == [f"GET {wheel} 200"]


def test_markers_use_the_properties_of_the_machine(
    pip: Pip, server: IndexServer, tmp_path: Path
) -> None:
    """On another machine other properties of the same variant hold."""
    write_app(tmp_path / "index", VARIANT, marked_requirements())
    markers = {
        "'nvidia :: sm_arch :: 75_real' in variant_properties": "v",
        "'nvidia :: sm_arch :: 75_real' not in variant_properties": "",
        "'nvidia :: sm_arch :: 90_real' in variant_properties": "",
        '"nvidia ::sm_arch:: 90_real" in variant_properties': "",
        "'nvidia::sm_arch::90_real' not in variant_properties": "v",
    }
    expected = [NAMES[m] for m, keys in {**MARKERS, **markers}.items() if "v" in keys]
    url, machine = f"{server.url}simple/", Machine("12.9", "7.5")
    output = pip.dry_run(url, "app[gpu]", machine=machine)
    assert (output.last_line, output.stderr) == (would_install(VARIANT, expected), "")


UNDEFINED = [
    "variant_label ~= '12.10'",
    "variant_label == os_name",
    "variant_namespaces == 'nvidia'",
    "'nvidia' <= variant_properties",
    "variant_features in 'nvidia'",
    "'nvidia' in variant_colours",
]


@pytest.mark.parametrize(
    ("python", "core_metadata", "marker", "delay"),
    [
        *(pytest.param(THIS_PYTHON, True, marker, 0, id=marker) for marker in UNDEFINED),
        pytest.param(THIS_PYTHON, False, UNDEFINED[0], 0, id="full wheel"),
        pytest.param("3.10", True, UNDEFINED[0], 0, id="3.10", marks=OTHER_BACKEND),
        pytest.param(THIS_PYTHON, True, UNDEFINED[0], 0.1, id="late server"),
        pytest.param("3.10", True, UNDEFINED[0], 0.1, id="late server, 3.10", marks=OTHER_BACKEND),
    ],
)
def test_undefined_marker_comparison_is_invalid_metadata(
    server: IndexServer,
    tmp_path: Path,
    workdir: Path,
    patched: Callable[[str], Venv],
    python: str,
    marker: str,
    delay: float,
    *,
    core_metadata: bool,
) -> None:
    """A comparison that is not defined is reported as invalid metadata of the wheel.

    From a server that is late the dependencies of the wheel are requested ahead.
    """
    server.delay += delay
    write_app(tmp_path / "index", VARIANT, [f"dep0; {marker}"], core_metadata=core_metadata)
    pip = pip_of(patched(python), workdir)
    output = pip.dry_run(f"{server.url}simple/", "app", status=1)
    first, second, *_, last = output.stderr.splitlines()
    assert first == "WARNING: Ignoring version 1.0 of app since it has invalid metadata:"
    assert second.startswith("Requested app from INDEX/files/app-1.0-py3-none-any-12.10.whl")
    assert "has invalid metadata: " in second
    assert second.endswith(f": dep0; {marker}")
    assert last == "ERROR: No matching distribution found for app"


def test_missing_dependency_error_shows_no_invented_marker(
    request: pytest.FixtureRequest, pip: Pip, server: IndexServer, tmp_path: Path, upstream: str
) -> None:
    """The error about a missing dependency shows no marker that its author did not write."""
    if upstream == "25.1.1":
        reason = "what stands for a decided comparison is shown as if it were the author's"
        request.applymarker(pytest.mark.xfail(strict=True, reason=reason))
    marker = "'nvidia' in variant_namespaces"
    write_app(tmp_path / "index", VARIANT, [f"missing; {marker}"])
    output = pip.dry_run(f"{server.url}simple/", "app", status=1)
    assert "No matching distribution found for missing" in output.stderr
    assert "python_version" not in output.stderr


@pytest.fixture
def installed_app(
    server: IndexServer,
    tmp_path: Path,
    workdir: Path,
    patched: Callable[[str], Venv],
    python: str,
    label: str,
) -> Pip:
    """Return the pip of a venv in which a variant of app[gpu] is really installed."""
    write_app(tmp_path / "index", label, marked_requirements())
    pip = pip_of(patched(python).copy(tmp_path / "venv", link=True), workdir)
    output = pip.run("install", "--index-url", f"{server.url}simple/", "app[gpu]")
    app = f"app-1.0{f'-{label}' if label else ''}"
    names = " ".join([app, *sorted(f"{name}-1.0" for name in expected_dependencies(label))])
    assert (output.last_line, output.stderr) == (f"Successfully installed {names}", "")
    return pip


def checked_stdout(output: Output) -> str:
    """Return stdout; pip must have printed nothing on stderr and nothing about providers."""
    assert (output.stderr, output.stdout.count("provider")) == ("", 0)
    return output.stdout


def dependencies_without_extras(label: str) -> list[str]:
    """Return the dependencies that app has without its extras."""
    extras = {name for marker, name in NAMES.items() if marker.startswith("extra == 'gpu'")}
    return [name for name in expected_dependencies(label) if name not in extras]


@each_variant
def test_installed_markers_hold_in_check_show_and_list(
    installed_app: Pip, server: IndexServer, label: str
) -> None:
    """Check, show, list and install agree on the dependencies of an installed variant."""
    assert checked_stdout(installed_app.run("check")) == "No broken requirements found.\n"
    shown = checked_stdout(installed_app.run("show", "app")).splitlines()
    assert f"Requires: {', '.join(sorted(dependencies_without_extras(label)))}" in shown
    assert "Required-by: " in shown
    details = checked_stdout(installed_app.run("show", "-v", "app")).splitlines()
    assert [line for line in details if not line.startswith("Metadata-")][: len(shown)] == shown
    if label == VARIANT:
        name = NAMES["variant_label == '12.10'"]
        assert "Required-by: app" in checked_stdout(installed_app.run("show", name)).splitlines()
    listed = checked_stdout(
        installed_app.run("list", "--not-required", "--format=freeze")
    ).splitlines()
    names = {line.split("==")[0] for line in listed}
    assert names - {"pip", "setuptools", "wheel", "pep_xxx_wheel_variants"} == {
        "app",
        *(set(expected_dependencies(label)) - set(dependencies_without_extras(label))),
    }
    server.requests.clear()
    output = installed_app.run("install", "--index-url", f"{server.url}simple/", "app[gpu]")
    satisfied = [line.split(" in ")[0] for line in output.stdout.splitlines() if "already" in line]
    already = "Requirement already satisfied: "
    assert sorted(satisfied) == sorted(
        [f"{already}{n}" for n in ("app[gpu]", *expected_dependencies(label))]
    )
    # Only for the named project pip searches a better variant.
    assert [item.path for item in server.requests if "app" not in item.path] == []
    installed_app.run("uninstall", "-y", *expected_dependencies(label))
    missing = [
        f"app 1.0 requires {n}, which is not installed." for n in dependencies_without_extras(label)
    ]
    output = installed_app.run("check", status=1)
    assert sorted(checked_stdout(output).splitlines()) == sorted(missing)


@pytest.mark.parametrize("python", [THIS_PYTHON])
@pytest.mark.parametrize("label", [VARIANT])
def test_pip_list_json_is_valid_with_variant_markers(
    installed_app: Pip, python: str, label: str
) -> None:
    """`pip list --format=json` prints JSON and nothing else."""
    del python, label
    output = installed_app.run("list", "--not-required", "--format=json")
    assert "app" in {item["name"] for item in json.loads(output.stdout)}
