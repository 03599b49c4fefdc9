"""Recorded dependency lines of torch, flash-attn and vllm, whose variants depend on torch."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.pips import NEW_DRIVER, QUERYING, Machine, Pip
from tests.e2e.recorded import write_dependents
from tests.support.stand_in import IndexServer

# What torch 2.8.0 and 2.9.0 require as recorded, worked out by hand for Linux x86_64.
TORCH = "filelock-3.16.1 fsspec-1.0 jinja2-1.0 networkx-1.0 sympy-1.13.3 typing-extensions-4.10.0"
NEWER = "setuptools-77.0.3" if sys.version_info >= (3, 12) else ""


# triton, cudnn, cusparselt and nccl for every variant of 2.8.0 with the namespace nvidia; the rest
# by label, of which cuda13.0 has none.
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


# 2.9.0: these four and nvshmem for variants with the property "at least CUDA 12.0", or by label.
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


# The recorded vllm without its extras. numba and six depend on the version of Python.
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
TORCH_AND_VLLM = f"torch-2.8.0-cuda12.8 {VLLM} {TORCH_28} {CUDA_128}"
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
    "torch 2.8.0, cuda12.8": (
        NEW_DRIVER,
        "torch==2.8.0",
        f"torch-2.8.0-cuda12.8 {TORCH_28} {CUDA_128}",
    ),
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
    # cuda13.0 needs at least 13.0 and does not have the property 12.0, although that is supported.
    "torch 2.9.0, cuda13.0": (
        Machine("13.0", "9.0"),
        "torch",
        f"torch-2.9.0-cuda13.0 {TORCH_29} {CUDA_130}",
    ),
    "flash-attn after torch 2.8.0": (
        NEW_DRIVER,
        "torch==2.8.0 flash-attn",
        f"flash-attn-2.8.0-cu12_pyt2.8.0 einops-1.0 torch-2.8.0-cuda12.8 {TORCH_28} {CUDA_128}",
    ),
    "flash-attn after torch 2.9.0": (
        NEW_DRIVER,
        "torch flash-attn",
        f"flash-attn-2.8.0-cu12_pyt2.9.0 einops-1.0 torch-2.9.0-cuda12.8 {TORCH_29_128}",
    ),
    "flash-attn for CUDA 13": (
        Machine("13.0", "9.0"),
        "torch flash-attn",
        f"flash-attn-2.8.0-cu13_pyt2.9.0 einops-1.0 torch-2.9.0-cuda13.0 {TORCH_29} {CUDA_130}",
    ),
    "vllm and flash-attn": (
        Machine("12.8", "9.0"),
        "flash-attn vllm",
        f"flash-attn-2.8.0-cu12_pyt2.8.0 vllm-0.11.0-cu128_pyt2.8.0 {TORCH_AND_VLLM}",
    ),
    "vllm after torch 2.8.0": (
        NEW_DRIVER,
        "torch==2.8.0 vllm",
        f"vllm-0.11.0-cu128_pyt2.8.0 torch-2.8.0-cuda12.8 {VLLM} {TORCH_28} {CUDA_128}",
    ),
}
linux_only = pytest.mark.skipif(
    sys.platform != "linux", reason="the recorded dependencies are worked out for Linux"
)


@linux_only
@pytest.mark.parametrize(
    ("machine", "marked_requirements", "expected"), RECORDED.values(), ids=list(RECORDED)
)
def test_recorded_dependencies_resolve_to_expected_set(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    machine: Machine,
    marked_requirements: str,
    expected: str,
) -> None:
    """Recorded dependency lines resolve to the set that was worked out by hand."""
    write_dependents(tmp_path / "index", renamed=True)
    output = pip.dry_run(f"{server.url}simple/", *marked_requirements.split(), machine=machine)
    assert output.last_line.split() == ["Would", "install", *sorted(expected.split())]
    assert output.stderr == (STAND_INS_HAVE_NO_EXTRAS if "vllm" in marked_requirements else "")


@linux_only
@pytest.mark.parametrize(
    ("torch", "project", "expected"),
    [
        ("2.8.0", "flash-attn", "flash-attn-2.8.0-cu12_pyt2.8.0"),
        ("2.9.0", "flash-attn", "flash-attn-2.8.0-cu12_pyt2.9.0"),
        ("2.8.0", "vllm", "vllm-0.11.0-cu128_pyt2.8.0"),
    ],
)
def test_variant_for_the_installed_torch_is_selected(
    own_pip: Pip, server: IndexServer, tmp_path: Path, torch: str, project: str, expected: str
) -> None:
    """The variant for the installed torch is selected, and torch is left as it is."""
    write_dependents(tmp_path / "index", renamed=True)
    url = f"{server.url}simple/"
    own_pip.run("install", "--no-deps", "--index-url", url, f"torch=={torch}")
    output = own_pip.dry_run(url, "--no-deps", project)
    assert (output.last_line, output.stderr) == (f"Would install {expected}", "")


def test_no_variant_for_the_installed_torch_is_an_error(
    own_pip: Pip, server: IndexServer, tmp_path: Path
) -> None:
    """With a torch for which there is no variant nothing fits, and one line names it."""
    write_dependents(tmp_path / "index", renamed=True)
    url = f"{server.url}simple/"
    own_pip.run("install", "--no-deps", "--index-url", url, "torch==2.9.0")
    output = own_pip.dry_run(url, "--no-deps", "vllm", status=1)
    assert output.stdout == (
        f"Looking in indexes: INDEX/simple/\n{QUERYING}"
        "Passed over cu128_pyt2.8.0 of vllm 0.11.0: cu128_pyt2.8.0 needs"
        " abi_dependency :: torch :: 2.8.0, this machine has 2.9.0\n"
    )
