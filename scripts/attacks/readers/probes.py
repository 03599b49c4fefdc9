"""What drivers, kernels and earlier runs left: facts in JSON, files of /sys, variables, caches."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from pip_variants.core.errors import RequestError
from pip_variants.providers import (
    _cpu_name,
    amd,
    cache,
    gfx,
    intel,
    level_zero,
    nvidia,
    nvml,
    plugin,
    probe,
    rocm_bootstrap,
    tpu,
)
from pip_variants.providers._kfd import NODES, OVERRIDE, VISIBLE
from pip_variants.providers.result import ProviderResult
from pip_variants.publish.known_files import KnownFiles

from .guard import Case, InFolder, check_text, outcome, promise
from .mutations import TEXTS, edited_bytes, edited_text, mutated, number, text

_NVML: dict[str, object] = {
    "cuda": [12, 8],
    "capabilities": [[8, 9], [9, 0]],
    "problem": None,
    "answered": True,
    "driver": "570.1",
    "names": ["NVIDIA L4", None],
    "unread": ["a GPU could not be read"],
}
_LEVEL_ZERO: dict[str, object] = {
    "gpus": [{"name": "Intel Arc", "ip": [20, 4, 4], "driver": "1.2", "integrated": True}],
    "problem": None,
    "answered": True,
}
_DRIVERS: tuple[tuple[str, dict[str, object], Callable[[Mapping[str, Any]], object]], ...] = (
    ("NVML", _NVML, nvml.parse_facts),
    ("Level Zero", _LEVEL_ZERO, level_zero.parse_facts),
)
_PLUGIN: dict[str, object] = {
    "features": [["arch", ["1", "2"]], ["level", ["v3"]]],
    "namespace": "gpu",
    "dynamic": False,
    "problem": None,
}
_NODE = (
    "cpu_cores_count 0\nsimd_count 416\ngfx_target_version 90402\ndrm_render_minor 128\n"
    "device_id 29857\nunique_id 12345678901234567890\n"
)
_CPUINFO = "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\nmodel name\t: A CPU\n\n"
_FORCED: dict[str, tuple[str, ...]] = {
    nvidia.FORCE_CUDA: ("12.8", "12", "v12.07", "12.7rc1"),
    nvidia.FORCE_SM: ("9.0", "8.9.1"),
    intel.FORCE_DEVICE_IP: ("20.4.4", "12.71.4"),
    tpu.FORCE_PRESENT: ("1", "false"),
    gfx.FORCE_AMD: ("gfx942,gfx90a", "gfx1100; gfx942"),
    gfx.FORCE_BOOTSTRAP: ("gfx942,gfx1100",),
    amd.FORCE_ROCM: ("7.0.0", "6.4.1"),
    OVERRIDE: ("10.3.0", "9.4.2"),
    VISIBLE: ("0", "0,1", "GPU-AB54A98CEB1F0AD2"),
}
_KEPT = "nvml-attack"


class Probes(InFolder):
    """Everything that is read of a machine, and of what was read before."""

    name = "probes"

    def setup(self) -> None:
        """Make the facts of an earlier run, in the folder of the files."""
        super().setup()
        self._source = cache.Source(
            _KEPT,
            cache.Dependencies(()),
            lambda: nvml.DriverFacts(cuda=(1, 1)),
            lambda _: cache.WHOLE_LASTS,
            nvml.parse_facts,
        )
        facts = self._folder / "facts"
        cache.facts_of(self._source, facts)
        (self._kept,) = facts.iterdir()
        self._document: dict[str, object] = json.loads(self._kept.read_text(encoding="utf-8"))
        (self._folder / "x-1.0.tar.gz").write_bytes(b"")
        self._memory = self._folder / "memory.json"
        # What changed just now is not remembered.
        known = KnownFiles(self._folder, self._memory)
        document = self._folder / "x-1.0-variants.json"
        document.write_text("{}", encoding="utf-8")
        past = time.time() - 60
        os.utime(document, (past, past))
        known.facts(str(document))
        known.remember(document, "0" * 64, "1" * 64)
        known.save()
        self._remembered: object = json.loads(self._memory.read_text(encoding="utf-8"))

    def draw(self, rng: Random) -> Case:
        """Return a file that one of the readers expects, changed."""
        makers: tuple[Callable[[Random], Case], ...] = (
            self._facts_kept,
            self._driver,
            self._plugin,
            self._machine,
            self._memory_of_files,
            _forced,
            _cpuinfo,
        )
        return rng.choice(makers)(rng)

    def _facts_kept(self, rng: Random) -> Case:
        """Return a file of the cache, of which the facts are used or read again."""
        document = {**self._document, "facts": _NVML, "since": time.time() - 10}
        if rng.random() < 0.7:
            document["facts"] = mutated(rng, _NVML, rng.choice((1, 2)), TEXTS)
        if rng.random() < 0.3:
            document["since"] = rng.choice((None, "x", number(rng), True))
        data = _changed(rng, document, TEXTS)

        def check() -> None:
            self._kept.write_bytes(data)
            found = cache.facts_of(self._source, self._kept.parent)
            _check_nvml(found.facts)
            promise(found.age is None or found.age >= 0, "facts come from the future")

        return Case(data, check)

    def _driver(self, rng: Random) -> Case:
        """Return what a child wrote about a driver."""
        path = self._folder / "result.json"
        interface, document, parse = rng.choice(_DRIVERS)
        own = probe.Probe(interface, "the driver", path, parse)
        data = _changed(rng, document, TEXTS)

        def check() -> None:
            found = probe._read(own, 0, data, "in time")  # noqa: SLF001 - a child takes long
            if isinstance(found, probe.Failure):
                check_text(found.problem, "the problem of a driver")
            elif isinstance(found, nvml.DriverFacts):
                _check_nvml(found)
            elif isinstance(found, level_zero.LevelZeroFacts):
                _check_level_zero(found)

        return Case(data, check)

    def _plugin(self, rng: Random) -> Case:
        """Return what a child wrote about a plugin."""
        path = self._folder / "plugin.json"
        data = _changed(rng, _PLUGIN, TEXTS)
        printed = rng.choice(("", text(rng)))

        def check() -> None:
            path.write_bytes(data)
            found = plugin._read(path, frozenset(), printed)  # noqa: SLF001 - a child takes long
            _check_result(found)

        return Case(data, check)

    def _machine(self, rng: Random) -> Case:
        """Return the files of a kernel and of ROCm below a folder."""
        files: dict[str, bytes] = {}
        for i in range(3):
            files[f"{NODES}/{i}/properties"] = _changed_text(rng, _NODE)
            device = f"{tpu.DEVICES}/0000:00:0{i}.0"
            files[f"{device}/vendor"] = _changed_text(rng, "0x1ae0\n")
            files[f"{device}/device"] = _changed_text(rng, "0x0063\n")
        files["opt/rocm/.info/version"] = _changed_text(rng, "6.4.1-83\n")
        files["dev/kfd"] = files["dev/dri/renderD128"] = b""
        files["usr/share/libdrm/amdgpu.ids"] = _changed_text(rng, "74A1,\t00,\tAMD MI300X\n")
        drm = "sys/class/drm/renderD128/device"
        files[f"{drm}/product_name"] = _changed_text(rng, rng.choice(("", "Radeon\n")))
        files[f"{drm}/revision"] = _changed_text(rng, "0x00\n")
        environ = {
            name: edited_text(rng, rng.choice(_FORCED[name]), rng.choice((0, 1, 2)))
            for name in (OVERRIDE, VISIBLE)
            if rng.random() < 0.3
        }

        def check() -> None:
            root = self._folder / "machine"
            for path, content in files.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(content)
            _check_result(amd.detect(amd.read_facts(environ, root)))
            _check_result(amd.detect(rocm_bootstrap.read_facts(environ, root)))
            _check_result(tpu.detect(tpu.read_facts(environ, root)))

        return Case((files, environ), check)

    def _memory_of_files(self, rng: Random) -> Case:
        """Return what an earlier run of `pip variants index` remembered."""
        data = _changed(rng, self._remembered, ("0" * 64, "code", "files", "outcomes"))

        def check() -> None:
            self._memory.write_bytes(data)
            known = KnownFiles(self._folder, self._memory)
            document = self._folder / "x-1.0-variants.json"
            facts = known.facts(str(document))
            promise(isinstance(facts.size, int), "a file has no size")
            promise(isinstance(known.outcome(document, "0" * 64), str), "an outcome is no text")
            known.remember(document, "2" * 64, "1" * 64)
            known.save()

        return Case(data, check)


def _changed(rng: Random, document: object, pool: tuple[str, ...]) -> bytes:
    """Return a file in JSON, changed by grammar, by bytes or not at all."""
    kind = rng.random()
    if kind < 0.6:
        document = mutated(rng, document, rng.choice((1, 1, 3)), pool)
    try:
        data = json.dumps(document).encode()
    except RecursionError:
        data = b"[" * 20_000
    return edited_bytes(rng, data, rng.choice((1, 3))) if kind > 0.5 else data


def _changed_text(rng: Random, written: str) -> bytes:
    data = written.encode()
    if rng.random() < 0.5:
        data = edited_text(rng, written, 1).encode("utf-8", "surrogatepass")
    return edited_bytes(rng, data, 1) if rng.random() < 0.3 else data


def _forced(rng: Random) -> Case:
    """Return variables that force what a machine has."""
    environ = {
        name: edited_text(rng, rng.choice(values), rng.choice((0, 1, 1, 2)))
        for name, values in _FORCED.items()
    }
    if rng.random() < 0.3:
        environ[rng.choice([*environ])] = rng.choice(TEXTS)
    # A driver is queried, by a child, for what is not forced.
    queries: list[Callable[[], ProviderResult]] = [
        lambda: amd.query(environ, None),
        lambda: rocm_bootstrap.query(environ, None),
        lambda: tpu.query(environ, None),
    ]
    if environ[nvidia.FORCE_CUDA] and environ[nvidia.FORCE_SM]:
        queries.append(lambda: nvidia.query(environ, None))
    if environ[intel.FORCE_DEVICE_IP]:
        queries.append(lambda: intel.query(environ, None))

    def check() -> None:
        for query in queries:
            found = outcome(query, RequestError)
            if isinstance(found, ProviderResult):
                _check_result(found)

    return Case(environ, check)


def _cpuinfo(rng: Random) -> Case:
    written = _changed_text(rng, _CPUINFO * 2).decode("utf-8", "replace")

    def check() -> None:
        for architecture in ("x86_64", "aarch64"):
            _cpu_name.of_cpuinfo(architecture, written)

    return Case(written, check)


def _check_nvml(facts: nvml.DriverFacts) -> None:
    for item in (facts.driver, *facts.names, *facts.unread, facts.problem or ""):
        check_text(item, "a fact of the NVIDIA driver")
    for line in nvidia.hardware(facts):
        check_text(line, "a line about the NVIDIA driver")


def _check_level_zero(facts: level_zero.LevelZeroFacts) -> None:
    for gpu in facts.gpus:
        check_text(gpu.name, "the name of a GPU")
        check_text(gpu.driver or "", "a driver")
    check_text(facts.problem or "", "the problem of a driver")


def _check_result(found: ProviderResult) -> None:
    for line in (*found.hardware, *found.warnings, found.reason or ""):
        check_text(line, "a line about a machine")
    for name, values in found.features:
        promise(bool(name) and len(set(values)) == len(values), "a feature has a value twice")
