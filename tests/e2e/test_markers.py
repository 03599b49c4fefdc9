"""Dependencies that depend on the chosen build: while resolving, and once they are installed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import pytest
from stand_in import IndexServer, Listed, write_simple_index, write_wheel
from stand_in_wheel import Json, dump

from tests.e2e.pips import NEW, QUERYING, Machine, Pip, Said, asked
from tests.e2e.recorded import needs_data, write_dependents
from tests.venvs import THIS_PYTHON, Venv, interpreter

# A label that as a version would be 12.1, and one that as a version would be 0.
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

# For which builds each marker holds: v the variant, n the null variant, p the plain wheel. All on a
# machine that supports sm_arch 90_real and not 75_real; of the static values, slow is unsupported.
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
NAMES = {marker: f"dep{place}" for place, marker in enumerate(MARKERS)}
BUILDS = {VARIANT: "v", NULL: "n", PLAIN: "p"}
FAST_DEPS = (
    "WARNING: pip is using lazily downloaded wheels using HTTP range requests to obtain dependency"
    " information. This experimental feature is enabled through --use-feature=fast-deps and it is"
    " not ready for production.\n"
)
# The fixtures install the wheel without its one dependency.
UNMET = "pep-xxx-wheel-variants 1.0.0 requires variantlib, which is not installed.\n"

OTHER_BACKEND = pytest.mark.skipif(
    interpreter("3.10") is None, reason="no python3.10 on PATH that starts"
)
"""On Python 3.10 pip reads metadata by its pkg_resources."""

each_build = pytest.mark.parametrize(
    ("python", "label"),
    [
        pytest.param(THIS_PYTHON, VARIANT, id="variant"),
        pytest.param(THIS_PYTHON, NULL, id="null"),
        pytest.param(THIS_PYTHON, PLAIN, id="plain"),
        pytest.param("3.10", VARIANT, id="variant-3.10", marks=OTHER_BACKEND),
    ],
)


def needed(label: str) -> list[str]:
    """Return the dependencies whose markers hold for this build of `app[gpu]`."""
    return [NAMES[marker] for marker, builds in MARKERS.items() if BUILDS[label] in builds]


def write_app(
    root: Path, label: str, requires: Iterable[str], *, core_metadata: bool = False
) -> None:
    """Write an index with one build of app 1.0, with the extras gpu and other, and all it needs."""
    files = root / "files"
    # A field may contain the next header: the stand-ins have no extras of their own.
    lines = [*requires, "nothing; os_name == 'none'\nProvides-Extra: gpu\nProvides-Extra: other"]
    name = f"app-1.0-py3-none-any{f'-{label}' if label else ''}.whl"
    wheel = write_wheel(files, name, requires=lines, variant_json=METADATA)
    listed = [Listed(wheel, core_metadata=core_metadata)]
    if label:
        combined = files / "app-1.0-variants.json"
        combined.write_bytes(dump(METADATA))
        listed.append(Listed(combined))
    projects: dict[str, Sequence[Path | Listed]] = {"app": listed}
    for project in NAMES.values():
        projects[project] = [write_wheel(files, f"{project}-1.0-py3-none-any.whl")]
    write_simple_index(root, projects)


def requirements() -> list[str]:
    """Return a dependency for each of the markers."""
    return [f"{name}; {marker}" for marker, name in NAMES.items()]


def pip_of(venv: Venv, folder: Path) -> Pip:
    """Return the pip of a venv. No file name here is for one interpreter."""
    return Pip(venv.python, folder, "no-special-tag")


def would_install(label: str, dependencies: Iterable[str]) -> str:
    """Return the last line of a dry run."""
    app = f"app-1.0{f'-{label}' if label else ''}"
    return f"Would install {' '.join([app, *sorted(f'{name}-1.0' for name in dependencies)])}"


@each_build
@pytest.mark.parametrize("way", ["full wheel", "PEP 658", "fast-deps"])
def test_resolving(
    server: IndexServer,
    tmp_path: Path,
    here: Path,
    patched: Callable[[str], Venv],
    python: str,
    label: str,
    way: str,
) -> None:
    """Just the dependencies whose markers hold for the build come along, in each way to see it."""
    write_app(tmp_path / "index", label, requirements(), core_metadata=way == "PEP 658")
    options = ["--use-feature=fast-deps"] if way == "fast-deps" else []
    said = pip_of(patched(python), here).dry_run(f"{server.url}simple/", *options, "app[gpu]")
    assert said.last == would_install(label, needed(label))
    assert said.err == (FAST_DEPS if options else "")
    wheel = f"/files/app-1.0-py3-none-any{f'-{label}' if label else ''}.whl"
    seen = [line for line in asked(server) if wheel in line]
    if way == "fast-deps":
        assert seen[0] == f"HEAD {wheel} 200"
        assert any(line.endswith(" 206") for line in seen)
    elif way == "PEP 658":
        assert seen == [f"GET {wheel}.metadata 200", f"GET {wheel} 200"]
    else:
        assert seen == [f"GET {wheel} 200"]


def test_other_machine(pip: Pip, server: IndexServer, tmp_path: Path) -> None:
    """On another machine other properties of the same build count."""
    write_app(tmp_path / "index", VARIANT, requirements())
    markers = {
        "'nvidia :: sm_arch :: 75_real' in variant_properties": "v",
        "'nvidia :: sm_arch :: 75_real' not in variant_properties": "",
        "'nvidia :: sm_arch :: 90_real' in variant_properties": "",
        '"nvidia ::sm_arch:: 90_real" in variant_properties': "",
        "'nvidia::sm_arch::90_real' not in variant_properties": "v",
    }
    expected = [NAMES[m] for m, builds in {**MARKERS, **markers}.items() if "v" in builds]
    url, machine = f"{server.url}simple/", Machine("12.9", "7.5")
    said = pip.dry_run(url, "app[gpu]", machine=machine)
    assert (said.last, said.err) == (would_install(VARIANT, expected), "")


UNDEFINED = [
    "variant_label ~= '12.10'",
    "variant_label == os_name",
    "variant_namespaces == 'nvidia'",
    "'nvidia' <= variant_properties",
    "variant_features in 'nvidia'",
    "'nvidia' in variant_colours",
]


@pytest.mark.parametrize(
    ("python", "core_metadata", "marker"),
    [
        *(pytest.param(THIS_PYTHON, True, marker, id=marker) for marker in UNDEFINED),
        pytest.param(THIS_PYTHON, False, UNDEFINED[0], id="full wheel"),
        pytest.param("3.10", True, UNDEFINED[0], id="3.10", marks=OTHER_BACKEND),
    ],
)
def test_undefined_comparison(
    server: IndexServer,
    tmp_path: Path,
    here: Path,
    patched: Callable[[str], Venv],
    python: str,
    marker: str,
    *,
    core_metadata: bool,
) -> None:
    """A comparison that is not defined ends in pip's own words about invalid metadata."""
    write_app(tmp_path / "index", VARIANT, [f"dep0; {marker}"], core_metadata=core_metadata)
    pip = pip_of(patched(python), here)
    said = pip.dry_run(f"{server.url}simple/", "app", status=1)
    first, second, *_, last = said.err.splitlines()
    assert first == "WARNING: Ignoring version 1.0 of app since it has invalid metadata:"
    assert second.startswith("Requested app from INDEX/files/app-1.0-py3-none-any-12.10.whl")
    assert "has invalid metadata: " in second
    assert f"    dep0; {marker}\n" in said.err
    assert last == "ERROR: No matching distribution found for app"


@pytest.mark.xfail(
    strict=True, reason="what stands for a decided comparison is shown as if it were the author's"
)
def test_missing_dependency(pip: Pip, server: IndexServer, tmp_path: Path) -> None:
    """The error about a dependency that is not there shows no marker that nobody wrote."""
    marker = "'nvidia' in variant_namespaces"
    write_app(tmp_path / "index", VARIANT, [f"missing; {marker}"])
    said = pip.dry_run(f"{server.url}simple/", "app", status=1)
    assert "No matching distribution found for missing" in said.err
    assert "python_version" not in said.err


@pytest.fixture
def installed(
    server: IndexServer,
    tmp_path: Path,
    here: Path,
    patched: Callable[[str], Venv],
    python: str,
    label: str,
) -> Pip:
    """Return the pip of a venv in which a build of app[gpu] is really installed."""
    write_app(tmp_path / "index", label, requirements())
    pip = pip_of(patched(python).copy(tmp_path / "venv"), here)
    said = pip.run("install", "--index-url", f"{server.url}simple/", "app[gpu]")
    app = f"app-1.0{f'-{label}' if label else ''}"
    names = " ".join([app, *sorted(f"{name}-1.0" for name in needed(label))])
    assert (said.last, said.err) == (f"Successfully installed {names}", "")
    return pip


def text(said: Said) -> str:
    """Return what pip printed about distributions, without any word on providers."""
    assert (said.err, said.out.count("provider")) == ("", 0)
    return said.out


def without_extras(label: str) -> list[str]:
    """Return the dependencies that app has when no extra is asked for."""
    extras = {name for marker, name in NAMES.items() if marker.startswith("extra == 'gpu'")}
    return [name for name in needed(label) if name not in extras]


@each_build
def test_installed(installed: Pip, server: IndexServer, label: str) -> None:
    """What is installed is complete, is shown as it is, suffices, and is missed when it is gone."""
    assert text(installed.run("check", status=1)) == UNMET
    shown = text(installed.run("show", "app")).splitlines()
    assert f"Requires: {', '.join(sorted(without_extras(label)))}" in shown
    assert "Required-by: " in shown
    details = text(installed.run("show", "-v", "app")).splitlines()
    assert [line for line in details if not line.startswith("Metadata-")][: len(shown)] == shown
    if label == VARIANT:
        name = NAMES["variant_label == '12.10'"]
        assert "Required-by: app" in text(installed.run("show", name)).splitlines()
    listed = text(installed.run("list", "--not-required", "--format=freeze")).splitlines()
    names = {line.split("==")[0] for line in listed}
    assert names - {"pip", "setuptools", "wheel", "pep_xxx_wheel_variants"} == {
        "app",
        *(set(needed(label)) - set(without_extras(label))),
    }
    server.requests.clear()
    said = installed.run("install", "--index-url", f"{server.url}simple/", "app[gpu]")
    satisfied = [line.split(" in ")[0] for line in said.out.splitlines() if "already" in line]
    already = "Requirement already satisfied: "
    assert sorted(satisfied) == sorted([f"{already}{n}" for n in ("app[gpu]", *needed(label))])
    # Whether there is a better build is asked for what was named, and for nothing else.
    assert [item.path for item in server.requests if "app" not in item.path] == []
    installed.run("uninstall", "-y", *needed(label))
    missing = [f"app 1.0 requires {n}, which is not installed." for n in without_extras(label)]
    said = installed.run("check", status=1)
    assert sorted(text(said).splitlines()) == sorted([*missing, UNMET.strip()])


@pytest.mark.parametrize("python", [THIS_PYTHON])
@pytest.mark.parametrize("label", [VARIANT])
def test_list_for_programs(installed: Pip, python: str, label: str) -> None:
    """The output for programs is that and nothing else."""
    del python, label
    said = installed.run("list", "--not-required", "--format=json")
    assert "app" in {item["name"] for item in json.loads(said.out)}


# What torch 2.8.0 and 2.9.0 require as recorded, worked out by hand for Linux x86_64.

TORCH = "filelock-3.16.1 fsspec-1.0 jinja2-1.0 networkx-1.0 sympy-1.13.3 typing-extensions-4.10.0"
NEWER = "setuptools-77.0.3" if sys.version_info >= (3, 12) else ""
# triton, cudnn, cusparselt and nccl for any build of 2.8.0 that uses the namespace nvidia; the rest
# by label, of which cuda13.0 has none there.
TORCH_28 = f"{TORCH} {NEWER} triton-3.4.0 nvidia-cudnn-9.10.2.21 nvidia-cusparselt-0.7.1"
TORCH_28 += " nvidia-nccl-2.27.3"
CUDA_126 = (
    "nvidia-cublas-12.6.4.1 nvidia-cuda-cupti-12.6.80 nvidia-cuda-nvrtc-12.6.77"
    " nvidia-cuda-runtime-12.6.77 nvidia-cufft-11.3.0.4 nvidia-cufile-1.11.1.6"
    " nvidia-curand-10.3.7.77 nvidia-cusolver-11.7.1.2 nvidia-cusparse-12.5.4.2"
    " nvidia-nvjitlink-12.6.85 nvidia-nvtx-12.6.77"
)
CUDA_128 = (
    "nvidia-cublas-12.8.4.1 nvidia-cuda-cupti-12.8.90 nvidia-cuda-nvrtc-12.8.93"
    " nvidia-cuda-runtime-12.8.90 nvidia-cufft-11.3.3.83 nvidia-cufile-1.13.1.3"
    " nvidia-curand-10.3.9.90 nvidia-cusolver-11.7.3.90 nvidia-cusparse-12.5.8.93"
    " nvidia-nvjitlink-12.8.93 nvidia-nvtx-12.8.90"
)
# 2.9.0: those four and nvshmem for builds with the property "at least CUDA 12.0", or by the label.
TORCH_29 = f"{TORCH} {NEWER} triton-3.5.0"
FROM_12 = "nvidia-cudnn-9.10.2.21 nvidia-cusparselt-0.7.1 nvidia-nccl-2.27.5 nvidia-nvshmem-3.3.20"
TORCH_29_128 = f"{TORCH_29} {FROM_12} {CUDA_128}"
CUDA_130 = (
    "nvidia-cublas-13.0.0.19 nvidia-cuda-cupti-13.0.48 nvidia-cuda-nvrtc-13.0.48"
    " nvidia-cuda-runtime-13.0.48 nvidia-cudnn-9.13.0.50 nvidia-cufft-12.0.0.15"
    " nvidia-cufile-1.15.0.42 nvidia-curand-10.4.0.35 nvidia-cusolver-12.0.3.29"
    " nvidia-cusparse-12.6.2.49 nvidia-cusparselt-0.8.0 nvidia-nccl-2.27.7"
    " nvidia-nvjitlink-13.0.39 nvidia-nvshmem-3.3.24 nvidia-nvtx-13.0.39"
)
# The recorded vllm without its extras. numba is chosen by the version of Python, six as well.
VLLM = (
    "aiohttp-1.0 blake3-1.0 cachetools-1.0 cbor2-1.0 cloudpickle-1.0 compressed-tensors-0.11.0"
    " depyf-0.19.0 diskcache-5.6.3 einops-1.0 fastapi-0.115.0 gguf-0.13.0 lark-1.2.2"
    " llguidance-0.7.11 lm-format-enforcer-0.11.3 mistral-common-1.8.2 msgspec-1.0 ninja-1.0"
    " numba-0.61.2 numpy-1.0 openai-1.99.1 openai-harmony-0.0.3 opencv-python-headless-4.11.0"
    " outlines-core-0.2.11 partial-json-parser-1.0 pillow-1.0 prometheus-client-0.18.0"
    " prometheus-fastapi-instrumentator-7.0.0 protobuf-1.0 psutil-1.0 py-cpuinfo-1.0 pybase64-1.0"
    " pydantic-2.11.7 python-json-logger-1.0 pyyaml-1.0 pyzmq-25.0.0 ray-2.48.0 regex-1.0"
    " requests-2.26.0 scipy-1.0 sentencepiece-1.0 setproctitle-1.0 tiktoken-0.6.0 tokenizers-0.21.1"
    " tqdm-1.0 transformers-4.55.2 watchfiles-1.0 xformers-0.0.32.post1 xgrammar-0.1.25"
)
VLLM += " six-1.16.0" if sys.version_info >= (3, 12) else ""
STAND_INS_HAVE_NO_EXTRAS = "".join(
    f"WARNING: {project} does not provide the extra '{extra}'\n"
    for project, extra in (
        ("fastapi 0.115.0", "standard"),
        ("mistral-common 1.8.2", "audio"),
        ("mistral-common 1.8.2", "image"),
        ("ray 2.48.0", "cgraph"),
    )
)

RECORDED: Mapping[str, tuple[Machine, str, str]] = {
    "torch 2.8.0, cuda12.6": (
        Machine("12.9", "6.1"),
        "torch==2.8.0",
        f"torch-2.8.0-cuda12.6 {TORCH_28} {CUDA_126}",
    ),
    "torch 2.8.0, cuda12.8": (NEW, "torch==2.8.0", f"torch-2.8.0-cuda12.8 {TORCH_28} {CUDA_128}"),
    "torch 2.8.0, cuda13.0": (
        Machine("13.0", "9.0"),
        "torch==2.8.0",
        f"torch-2.8.0-cuda13.0 {TORCH_28}",
    ),
    "torch 2.9.0, cuda12.6": (
        Machine("12.6", "6.1"),
        "torch==2.9.0",
        f"torch-2.9.0-cuda12.6 {TORCH_29} {FROM_12} {CUDA_126}",
    ),
    "torch 2.9.0, cuda12.8": (
        Machine("12.6", "12.0"),
        "torch",
        f"torch-2.9.0-cuda12.8 {TORCH_29_128}",
    ),
    # Built for at least 13.0, so the property 12.0 is not one of its own, though supported here.
    "torch 2.9.0, cuda13.0": (
        Machine("13.0", "9.0"),
        "torch",
        f"torch-2.9.0-cuda13.0 {TORCH_29} {CUDA_130}",
    ),
    "flash-attn after torch 2.8.0": (
        NEW,
        "torch==2.8.0 flash-attn",
        f"flash-attn-2.8.0-cu12_pyt2.8.0 einops-1.0 torch-2.8.0-cuda12.8 {TORCH_28} {CUDA_128}",
    ),
    "flash-attn after torch 2.9.0": (
        NEW,
        "torch flash-attn",
        f"flash-attn-2.8.0-cu12_pyt2.9.0 einops-1.0 torch-2.9.0-cuda12.8 {TORCH_29_128}",
    ),
    "flash-attn for CUDA 13": (
        Machine("13.0", "9.0"),
        "torch flash-attn",
        f"flash-attn-2.8.0-cu13_pyt2.9.0 einops-1.0 torch-2.9.0-cuda13.0 {TORCH_29} {CUDA_130}",
    ),
    "vllm after torch 2.8.0": (
        NEW,
        "torch==2.8.0 vllm",
        f"vllm-0.11.0-cu128_pyt2.8.0 torch-2.8.0-cuda12.8 {VLLM} {TORCH_28} {CUDA_128}",
    ),
}

linux_only = pytest.mark.skipif(
    sys.platform != "linux", reason="the recorded dependencies are worked out for Linux"
)


@needs_data
@linux_only
@pytest.mark.parametrize(
    ("machine", "requirements", "expected"), RECORDED.values(), ids=list(RECORDED)
)
def test_recorded(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    machine: Machine,
    requirements: str,
    expected: str,
) -> None:
    """Real dependency lines resolve to the set that follows from them by hand."""
    write_dependents(tmp_path / "index", renamed=True)
    said = pip.dry_run(f"{server.url}simple/", *requirements.split(), machine=machine)
    assert said.last.split() == ["Would", "install", *sorted(expected.split())]
    assert said.err == (STAND_INS_HAVE_NO_EXTRAS if "vllm" in requirements else "")


@needs_data
@linux_only
@pytest.mark.parametrize(
    ("torch", "project", "expected"),
    [
        ("2.8.0", "flash-attn", "flash-attn-2.8.0-cu12_pyt2.8.0"),
        ("2.9.0", "flash-attn", "flash-attn-2.8.0-cu12_pyt2.9.0"),
        ("2.8.0", "vllm", "vllm-0.11.0-cu128_pyt2.8.0"),
    ],
)
def test_recorded_with_torch_installed(
    own_pip: Pip, server: IndexServer, tmp_path: Path, torch: str, project: str, expected: str
) -> None:
    """The build for the torch that is installed is taken, and torch stays as it is."""
    write_dependents(tmp_path / "index", renamed=True)
    url = f"{server.url}simple/"
    own_pip.run("install", "--no-deps", "--index-url", url, f"torch=={torch}")
    said = own_pip.dry_run(url, "--no-deps", project)
    assert (said.last, said.err) == (f"Would install {expected}", "")


@needs_data
def test_recorded_with_another_torch_installed(
    own_pip: Pip, server: IndexServer, tmp_path: Path
) -> None:
    """With a torch for which there is no build, nothing fits, and one line names it."""
    write_dependents(tmp_path / "index", renamed=True)
    url = f"{server.url}simple/"
    own_pip.run("install", "--no-deps", "--index-url", url, "torch==2.9.0")
    said = own_pip.dry_run(url, "--no-deps", "vllm", status=1)
    assert said.out == (
        f"Looking in indexes: INDEX/simple/\n{QUERYING}"
        "Passed over cu128_pyt2.8.0 of vllm 0.11.0: cu128_pyt2.8.0 needs"
        " abi_dependency :: torch :: 2.8.0, this machine has 2.9.0\n"
    )
