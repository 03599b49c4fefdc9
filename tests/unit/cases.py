"""The torch 2.8.0 of the tutorial as data, and short ways to write values of the engine."""

from __future__ import annotations

from collections.abc import Iterable

from pip_variants.metadata import Metadata, Priorities, Provider
from pip_variants.properties import Features, Variant, Wanted
from pip_variants.selection import Wheel

NVIDIA_PLUGIN = "nvidia_variant_provider.plugin:NvidiaVariantPlugin"

TORCH_JSON = """\
{
  "$schema": "https://variants-schema.wheelnext.dev/v0.0.2.json",
  "default-priorities": {"namespace": ["nvidia"]},
  "providers": {
    "nvidia": {
      "enable-if": "platform_system == 'Linux' or platform_system == 'Windows'",
      "plugin-api": "nvidia_variant_provider.plugin:NvidiaVariantPlugin",
      "requires": ["nvidia-variant-provider>=0.0.1,<1.0.0"]
    }
  },
  "variants": {
    "00000000": {},
    "cu126": {
      "nvidia": {
        "cuda_version_lower_bound": ["12.6"],
        "sm_arch": ["90_real", "50_real", "60_real", "70_real", "75_real", "80_real", "86_real"]
      }
    },
    "cu128": {
      "nvidia": {
        "cuda_version_lower_bound": ["12.8"],
        "sm_arch": ["100_real", "120_real", "75_real", "80_real", "86_real", "90_real"]
      }
    },
    "cu129": {
      "nvidia": {
        "cuda_version_lower_bound": ["12.9"],
        "sm_arch": ["100_real", "120_real", "120_virtual", "75_real", "80_real", "86_real",
                    "90_real"]
      }
    }
  }
}
"""


def torch_filename(label: str | None) -> str:
    """Return the name of the Linux wheel of torch 2.8.0 with this label."""
    end = "" if label is None else f"-{label}"
    return f"torch-2.8.0-cp311-cp311-manylinux_2_28_x86_64{end}.whl"


def torch_wheels(*labels: str | None) -> tuple[Wheel, ...]:
    """Return one wheel of torch 2.8.0 for each label, in this order of the installer."""
    return tuple(Wheel(torch_filename(label), label, i) for i, label in enumerate(labels))


def variant(label: str, *properties: str) -> Variant:
    """Return the variant with these properties, each written ``namespace :: feature :: value``."""
    values: dict[tuple[str, str], set[str]] = {}
    for text in properties:
        namespace, feature, value = text.split(" :: ")
        values.setdefault((namespace, feature), set()).add(value)
    wants = (Wanted(ns, feature, frozenset(found)) for (ns, feature), found in values.items())
    return Variant(label, tuple(wants))


def metadata(
    *variants: Variant,
    namespaces: Iterable[str] = (),
    providers: Iterable[Provider] = (),
    features: tuple[tuple[str, tuple[str, ...]], ...] = (),
    values: tuple[tuple[str, Features], ...] = (),
) -> Metadata:
    """Return a document of revision 0.0.2 with these variants."""
    priorities = Priorities(tuple(namespaces), features, values)
    return Metadata("0.0.2", priorities, tuple(providers), variants)


def spelled_out(text: str) -> tuple[str, ...]:
    """Return the versions in ``12.9...12.0, 12``: dots between two minors stand for those between.

    That is how the specification of the nvidia provider writes its lists.
    """
    found: list[str] = []
    for item in text.split(", "):
        first, _, last = item.partition("...")
        if last:
            major, minor = first.split(".")
            end = int(last.removeprefix(f"{major}."))
            found += [f"{major}.{i}" for i in range(int(minor), end - 1, -1)]
        else:
            found.append(first)
    return tuple(found)
