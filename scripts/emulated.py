"""Run the providers under emulated CPUs: `python3 scripts/emulated.py [MODEL...|OPTION]`.

Each provider runs in a Debian Python of its architecture under qemu, once for each CPU, and what it
reports is compared with what that CPU has. `/proc/cpuinfo` is there that of a host with more. qemu
and Python come from Debian's packages, where apt is configured to get them, into a temporary
folder; an installed qemu 7.2 or newer is used if there is one. qemu emulates no AVX-512: what
depends on it is only listed. `--product` runs the whole product under an emulated ARM Python
instead; `--publish` builds and publishes variants as README.md says, and installs them under
emulated CPUs. Exit status: 0, or 1 if something is not as expected or cannot be had.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from emulation import debian, product, publish  # noqa: E402
from emulation.cpus import ARCHITECTURES, Architecture, Cpu, Found, differences, row, table  # noqa: E402
from emulation.debian import Emulated, EmulationError  # noqa: E402

# Runs under emulation: prints what a provider detects, as JSON.
_PROBE = """\
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
provider = importlib.import_module(f"pip_variants.providers.{sys.argv[2]}")
result = provider.detect(provider.read_facts())
print(json.dumps({"features": result.features, "reason": result.reason}))
"""
_TIME_LIMIT = 120


def parse(status: int, output: str, errors: str) -> Found | None:
    """Return what the probe printed, or None if this qemu does not have the CPU."""
    if "unable to find CPU model" in errors:
        return None
    if status:
        lines = errors.strip().splitlines() or ["no output"]
        return Found(None, reason=f"exit status {status}: {lines[-1]}")
    answer = json.loads(output)
    if not answer["features"]:
        return Found(None, reason=answer["reason"])
    (_, levels), *features = answer["features"]
    return Found(levels[0], frozenset(name for name, _ in features))


def probe(emulated: Emulated, architecture: str, model: str) -> Found | None:
    """Return what the provider of an architecture reports on a CPU; None: qemu does not have it."""
    command = emulated.command(model, "-I", "-S", "-B", "-c", _PROBE, str(ROOT), architecture)
    try:
        done = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_TIME_LIMIT,
        )
    except subprocess.TimeoutExpired:
        return Found(None, reason=f"no answer in {_TIME_LIMIT} s")
    return parse(done.returncode, done.stdout, done.stderr)


def prepare(architecture: Architecture, folder: Path) -> Emulated:
    """Return a Python of an architecture under emulation; raise EmulationError."""
    qemu = debian.qemu(architecture.name, folder)
    root = folder / architecture.name
    python = debian.python(root, architecture.debian)
    # qemu looks for every file below this folder first.
    (root / "proc").mkdir(exist_ok=True)
    (root / "proc" / "cpuinfo").write_text(architecture.host, encoding="ascii")
    return Emulated(qemu, python, root)


def compare(architecture: Architecture, cpus: Sequence[Cpu], folder: Path) -> int:
    """Print the table of these CPUs and return how many differ; raise EmulationError."""
    emulated = prepare(architecture, folder)
    start = time.monotonic()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        reports = list(pool.map(lambda cpu: probe(emulated, architecture.name, cpu.model), cpus))
    pairs = [*zip(cpus, reports, strict=True)]
    optional = any(reports)
    absent = [cpu.model for cpu, found in pairs if found is None and not (cpu.newer and optional)]
    if absent:
        raise EmulationError(f"{emulated.qemu.name} does not have {', '.join(absent)}.")
    print(f"{architecture.name}: {_version(emulated.qemu)}, {emulated.python.name}")
    print(table([row(cpu, found, architecture) for cpu, found in pairs]), end="")
    wrong = {
        cpu.model: differences(cpu, found, architecture.unreliable)
        for cpu, found in pairs
        if found is not None
    }
    differing = {model: found for model, found in wrong.items() if found}
    for model, found in differing.items():
        print(f"{model}: {'; '.join(found)}")
    seconds = time.monotonic() - start
    print(f"{len(wrong) - len(differing)} of {len(wrong)} as expected, {seconds:.0f} s\n")
    return len(differing)


def _version(qemu: Path) -> str:
    done = subprocess.run([qemu, "--version"], check=True, capture_output=True, text=True)
    return done.stdout.partition("\n")[0]


def selected(models: Sequence[str]) -> dict[str, list[Cpu]]:
    """Return the CPUs of each architecture, of these models or all; raise EmulationError."""
    known = {cpu.model for found in ARCHITECTURES.values() for cpu in found.cpus}
    unknown = [model for model in models if model not in known]
    if unknown:
        raise EmulationError(f"There is no CPU {', '.join(unknown)} in scripts/emulation/cpus.py.")
    # `max` is a CPU of each architecture.
    chosen = {
        name: [cpu for cpu in found.cpus if not models or cpu.model in models]
        for name, found in ARCHITECTURES.items()
    }
    return {name: cpus for name, cpus in chosen.items() if cpus}


@contextmanager
def working_folder(path: Path | None) -> Iterator[Path]:
    """Yield this folder, which is kept, or a temporary one."""
    if path is not None:
        path.mkdir(parents=True, exist_ok=True)
        yield path.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="variant-pip-emulated-") as folder:
        yield Path(folder)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run the CPU providers under emulated CPUs.")
    parser.add_argument("models", nargs="*", metavar="MODEL", help="only these CPUs of qemu")
    whole = parser.add_mutually_exclusive_group()
    whole.add_argument(
        "--product", action="store_true", help="the whole product, under an emulated ARM Python"
    )
    whole.add_argument(
        "--publish", action="store_true", help="build, publish and install variants (x86_64 only)"
    )
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help="keep what is fetched here, and use it again"
    )
    parser.add_argument(
        "--wheel", type=Path, metavar="PATH", help="with --product: this wheel, not a new one"
    )
    options = parser.parse_args()
    if (options.product or options.publish) and options.models:
        parser.error("--product and --publish run on CPUs that are not to be chosen.")
    if options.wheel and not options.product:
        parser.error("--wheel is for --product.")
    return options


def main() -> int:
    """Run the comparison or the product and return the exit status."""
    options = _arguments()
    try:
        chosen = selected(options.models)
        with working_folder(options.folder) as folder:
            if options.publish:
                return publish.check(folder)
            if options.product:
                emulated = prepare(ARCHITECTURES["aarch64"], folder)
                return product.check(emulated, folder, options.wheel)
            wrong = [compare(ARCHITECTURES[name], cpus, folder) for name, cpus in chosen.items()]
        print("qemu emulates no AVX-512: what a machine of level v4 has beyond v3 is not tried.")
    except EmulationError as error:
        print(f"emulated: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("emulated: interrupted.", file=sys.stderr)
        return 130
    return 1 if any(wrong) else 0


if __name__ == "__main__":
    sys.exit(main())
