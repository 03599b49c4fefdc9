"""Labels without a wheel, of eight zeros and of unusual form: how pip treats each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.pips import (
    CROSS_TARGET_REASON,
    INDEX_LINE,
    NEW_DRIVER,
    OTHER_MACHINE,
    QUERY_FAILS,
    QUERYING,
    Machine,
    Pip,
    cross_download,
    needs_driver,
    null_banner,
    title,
    would_download,
)
from tests.e2e.traps import TORCH, document, nvidia, write_release
from tests.support.stand_in import IndexServer, write_simple_index
from tests.support.stand_in_wheel import Json

NUMPY = document(
    {
        "openblas": {"blas_lapack": {"provider": ["openblas"]}},
        "x8664v4_mkl": {"blas_lapack": {"provider": ["mkl"]}, "x86_64": {"level": ["v4"]}},
    },
    ("x86_64",),
    {"blas_lapack": {"provider": ["accelerate", "openblas", "mkl"]}},
)
SCIKIT_LEARN = document(
    {
        "gomp": {"openmp": {"provider": ["gnu"]}},
        "x8664vv4_iomp5": {"openmp": {"provider": ["intel"]}, "x86_64": {"level": ["v4"]}},
    },
    ("x86_64",),
    {"openmp": {"provider": ["gnu", "intel", "llvm"]}},
)


@pytest.mark.parametrize(
    ("metadata", "labels", "machine", "label", "before"),
    [
        # With a wheel of x8664v4_mkl, the provider of x86_64 would be queried.
        pytest.param(NUMPY, ("openblas",), QUERY_FAILS, "openblas", "", id="x86_64"),
        # With wheels of rocm7.1 and xpu, amd and intel would be mentioned.
        pytest.param(
            TORCH["2.10.0"],
            ("cuda12.6", "cuda13.0", "null"),
            Machine("11.8", "8.0"),
            "null",
            f"{QUERYING}Passed over cuda12.6 and cuda13.0 of demo 1.0:"
            f" {needs_driver('cuda12.6', '12.0', '11.8')}\n",
            id="amd and intel",
        ),
    ],
)
def test_label_without_any_wheel_is_not_mentioned(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    metadata: Json,
    labels: tuple[str, ...],
    machine: Machine,
    label: str,
    before: str,
) -> None:
    """T4: a label that no wheel has is not mentioned and causes no query."""
    names = [f"demo-1.0-{tag}-{name}.whl" for name in labels]
    write_simple_index(
        tmp_path / "index", {"demo": write_release(tmp_path / "index/files", names, metadata)}
    )
    output = pip.dry_run(f"{server.url}simple/", "demo", machine=machine)
    first = output.stdout.partition(f"\n{title('demo', '1.0', label)}\n")[0]
    assert first == f"{INDEX_LINE}{before}"
    assert (output.last_line, output.stderr) == (f"Would install demo-1.0-{label}", "")


def test_label_of_eight_zeros_is_a_null_variant(
    pip: Pip, server: IndexServer, tmp_path: Path
) -> None:
    """T6: the label of eight zeros is a null variant, which fits any machine."""
    labels = ("00000000", "cu126", "cu128", "cu129")
    names = [f"torch-2.8.0-py3-none-any-{label}.whl" for label in labels]
    files = write_release(tmp_path / "index/files", names, TORCH["2.8.0"])
    write_simple_index(tmp_path / "index", {"torch": files})
    url = f"{server.url}simple/"
    output = pip.dry_run(url, "torch", machine=Machine("11.8", "8.0"))
    assert output.stdout == (
        f"{INDEX_LINE}{QUERYING}"
        "Passed over cu126, cu128 and cu129 of torch 2.8.0:"
        f" {needs_driver('cu126', '12.0', '11.8')}\n"
        f"{null_banner('torch', '2.8.0', '00000000')}"
        "Collecting torch\n"
        f"{would_download('files/torch-2.8.0-py3-none-any-00000000.whl')}"
        "Would install torch-2.8.0-00000000\n"
    )
    assert output.stderr == ""
    output = pip.dry_run(url, "--variant=torch=null", "torch", machine=NEW_DRIVER)
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-00000000", "")


ODD_LABELS: Mapping[str, Mapping[str, object]] = {
    "cuda12.6": nvidia("12.0"),
    "cu12_pyt2.8.0": nvidia("12.0", "90"),
    "12.10": {},
    "_": {},
}


@pytest.mark.parametrize("label", ODD_LABELS)
def test_odd_label_can_be_requested(
    pip: Pip, server: IndexServer, tmp_path: Path, label: str
) -> None:
    """T18: a label with dots and underscores is selected if it is requested."""
    names = [f"demo-1.0-py3-none-any-{name}.whl" for name in ODD_LABELS]
    files = write_release(tmp_path / "index/files", names, document(ODD_LABELS))
    write_simple_index(tmp_path / "index", {"demo": files})
    output = pip.dry_run(f"{server.url}simple/", f"demo==1.0#{label}")
    assert (output.last_line, output.stderr) == (f"Would install demo-1.0-{label}", "")


@pytest.fixture
def scikit_learn(server: IndexServer, tmp_path: Path) -> str:
    """Return the address of an index of scikit-learn, with a label of a doubled letter."""
    folder = tmp_path / "index/files"
    names = [f"scikit_learn-1.7.2-py3-none-any-{label}.whl" for label in ("gomp", "x8664vv4_iomp5")]
    files = write_release(folder, names, SCIKIT_LEARN)
    write_simple_index(tmp_path / "index", {"scikit-learn": files})
    return f"{server.url}simple/"


def test_label_with_a_doubled_letter_ranks_first(pip: Pip, scikit_learn: str) -> None:
    """T18: a label with a doubled letter ranks first on a machine that supports v4."""
    # The namespace x86_64 comes before openmp, so the better rank of gomp in openmp has no effect.
    machine = 'version = 1\n[properties.x86_64]\nlevel = ["v4", "v3"]\n'
    (pip.folder / "machine.toml").write_text(machine)
    output = pip.dry_run(scikit_learn, "--variant-platform=machine.toml", "scikit-learn")
    assert (output.last_line, output.stderr) == (
        "Would install scikit-learn-1.7.2-x8664vv4_iomp5",
        "",
    )


def test_unavailable_odd_label_is_an_error(pip: Pip, scikit_learn: str) -> None:
    """T18: if a requested label with a doubled letter does not fit, the reason is printed."""
    requirement = "scikit-learn==1.7.2#x8664vv4_iomp5"
    output = cross_download(pip, scikit_learn, "linux_x86_64", requirement, 1)
    assert output.startswith(
        f"{INDEX_LINE}Variant x8664vv4_iomp5 of scikit-learn 1.7.2 does not fit: x86_64:"
        f" {CROSS_TARGET_REASON}{OTHER_MACHINE}\n"
    )
