"""A package from the public index cannot depend on a URL, whatever marker the URL has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.pips import Pip
from tests.support.stand_in import IndexServer, Listed, write_simple_index, write_wheel

STORAGE = "from pip._internal.models.index import PyPI; print(PyPI.file_storage_domain)"

# The marker of the URL dependency, and the releases of pip that refuse it.
MARKERS = [
    pytest.param("variant_label == 'cu129'", ("25.1.1", "26.3"), id="true"),
    pytest.param("'nvidia' in variant_namespaces", ("25.1.1", "26.3"), id="true, a set"),
    # 26.3 refuses a URL before it evaluates the marker.
    pytest.param("variant_label == 'cu126'", ("26.3",), id="false"),
]


@pytest.mark.parametrize("separate_metadata", [True, False], ids=["metadata file", "wheel"])
@pytest.mark.parametrize(("marker", "refusing"), MARKERS)
def test_url_dependency_with_variant_marker_is_refused(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    upstream: str,
    marker: str,
    refusing: tuple[str, ...],
    *,
    separate_metadata: bool,
) -> None:
    """The ban of URL dependencies holds for dependencies with markers about variants."""
    storage = pip.run_python("-c", STORAGE).last_line
    metadata = {
        "default-priorities": {"namespace": ["nvidia"]},
        "providers": {
            "nvidia": {"requires": ["nvidia-variant-provider>=0.0.1,<1.0.0"], "install-time": True}
        },
        "static-properties": {},
        "variants": {"cu129": {"nvidia": {"cuda_version_lower_bound": ["12.9"]}}},
    }
    files = tmp_path / "index" / "files"
    write_wheel(files, "evil-1.0-py3-none-any.whl")
    wheel = write_wheel(
        files,
        "torch-2.8.0-py3-none-any-cu129.whl",
        requires=[f"evil @ http://{storage}.test/files/evil-1.0-py3-none-any.whl ; {marker}"],
        variant_json=metadata,
    )
    listed = Listed(wheel, core_metadata=separate_metadata)
    write_simple_index(tmp_path / "index", {"torch": [listed]})
    # The server is the proxy for every host, so that its files come from the public index.
    status = 1 if upstream in refusing else 0
    output = pip.run(
        *("install", "--dry-run", "--proxy", server.url, "--trusted-host", storage),
        *("--trusted-host", f"{storage}.test", "--index-url", f"http://{storage}/simple/"),
        "torch",
        status=status,
        NO_PROXY="",
    )
    assert server.requested("evil-1.0-py3-none-any.whl") == []
    if status == 0:
        assert output.last_line == "Would install torch-2.8.0-cu129"
