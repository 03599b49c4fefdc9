"""The comments above a platform file: whole, safe to read as TOML, and with nobody's names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pip._vendor import tomli

from pip_variants.core.properties import Namespace
from pip_variants.core.supported import SupportedProperties
from pip_variants.explain import page
from pip_variants.explain.page import Surroundings, ago, comment, comments
from pip_variants.providers import nvidia, platform_file
from pip_variants.providers.nvml import DriverFacts
from tests.unit.cases import supported

HOME = "/home/jo"
SURROUNDINGS = Surroundings(
    software=("pip 26.3, CPython 3.13.1 (cp313-cp313-manylinux_2_36_x86_64)", "Linux 6.1 x86_64"),
    options=("--variant-platform '/home/jo/gpu.toml'", "--disable-variant-provider tpu"),
    home=HOME,
    user="jo",
    host="box.example.org",
)
ENVIRON = {
    "CUDA_VISIBLE_DEVICES": "0,1",
    "HSA_OVERRIDE_GFX_VERSION": "11.0.0",
    "LD_LIBRARY_PATH": "/home/jo/lib",
    "NVIDIA_VISIBLE_DEVICES": "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6",
    "ONEAPI_DEVICE_SELECTOR": "level_zero:gpu",
    "ROCR_VISIBLE_DEVICES": "",
    "TPU_VISIBLE_CHIPS": "0",
    "ZE_AFFINITY_MASK": "0.1",
    "SLURM_JOB_ID": "7",
    "SECRET": "x",
}
H100 = "NVIDIA H100 80GB HBM3"
EIGHT = DriverFacts(
    (12, 9), ((9, 0),) * 8, driver="575.57.08", names=(H100,) * 8, unread=("GPU 8 is lost",)
)
FOUND = [
    supported("aarch64", "built-in", reason="this is an x86_64 machine"),
    supported("fan", "failed", reason="its provider (fan) failed: '/scratch/jo/x' of /srv/box/y"),
    SupportedProperties(
        Namespace("nvidia"),
        "built-in",
        reason="GPU 8 is lost",
        hardware=nvidia.hardware(EIGHT),
        age=754.0,
    ),
    supported("tpu", "disabled", reason="disabled by --disable-variant-provider tpu"),
    supported("x", "user", (("y", ("1",)),)),
]

PAGE = """\
# pip 26.3, CPython 3.13.1 (cp313-cp313-manylinux_2_36_x86_64)
# Linux 6.1 x86_64
# option: --variant-platform '~/gpu.toml'
# option: --disable-variant-provider tpu
# variable: CUDA_VISIBLE_DEVICES=0,1
# variable: HSA_OVERRIDE_GFX_VERSION=11.0.0
# variable: LD_LIBRARY_PATH is set
# variable: NVIDIA_VISIBLE_DEVICES is set
# variable: ONEAPI_DEVICE_SELECTOR=level_zero:gpu
# variable: ROCR_VISIBLE_DEVICES=
# variable: TPU_VISIBLE_CHIPS=0
# variable: ZE_AFFINITY_MASK=0.1
# aarch64: this is an x86_64 machine
# aarch64: read now
# fan: its provider (fan) failed: '/scratch/<user>/x' of /srv/<host>/y
# nvidia: driver 575.57.08 with CUDA 12.9
# nvidia: 8 x NVIDIA H100 80GB HBM3, compute capability 9.0
# nvidia: GPU 8 is lost
# nvidia: read 12 minutes ago; --refresh reads it again
# tpu: disabled by --disable-variant-provider tpu
"""


def test_page_has_what_a_maintainer_asks_for() -> None:
    """Software, options, variables, then each namespace: equal GPUs once, a reason once."""
    assert comments(SURROUNDINGS, ENVIRON, FOUND, with_age=True) == PAGE


def test_age_is_shown_only_if_requested() -> None:
    """A file that is written again does not differ by the time of day."""
    lines = PAGE.splitlines(keepends=True)
    without = "".join(line for line in lines if ": read " not in line)
    assert comments(SURROUNDINGS, ENVIRON, FOUND, with_age=False) == without


# What a provider's text is, and the comment.
HOSTILE = {
    "end of the comment": ("GPU\n[properties.nvidia]", "# GPU [properties.nvidia]"),
    "carriage return": ("GPU\rversion = 2", "# GPU version = 2"),
    "other ends of lines": ("a\x0bb\x0cc\x1cd\x85e\u2028f", "# a b c d e f"),
    "escape sequence": ("GPU \x1b[2J", r"# 'GPU \x1b[2J'"),
    "null": ("GPU\0", r"# 'GPU\x00'"),
    "right to left": ("GPU \u202exyz", r"# 'GPU \u202exyz'"),
    "not ASCII": ("Prozessor f\u00fcr alle", r"# 'Prozessor f\xfcr alle'"),
    "half of a character": ("GPU \udce4", r"# 'GPU \udce4'"),
    "long": ("G" * 10_000, f"# {'G' * 200}..."),
    "long and not ASCII": ("\u00e4" * 10_000, "# '" + r"\xe4" * 19 + r"\xe...'"),
    "padded": ("Intel(R)   Xeon(R)    CPU  ", "# Intel(R) Xeon(R) CPU"),
}


@pytest.mark.parametrize(("text", "expected"), HOSTILE.values(), ids=HOSTILE)
def test_foreign_text_stays_in_its_comment(text: str, expected: str) -> None:
    """A name of hardware is one line of printable ASCII, of bounded length."""
    assert comment(text) == expected


@given(st.lists(st.text(), max_size=4), st.text())
def test_any_names_of_hardware_leave_the_platform_file_as_it_is(
    hardware: list[str], reason: str
) -> None:
    """`--variant-platform` reads the same file as without the comments."""
    item = SupportedProperties(Namespace("x"), "built-in", (), reason, hardware=tuple(hardware))
    text = platform_file.write([item], complete=True)
    above = comments(Surroundings(("a",)), {}, [item], with_age=False)
    assert tomli.loads(f"{above}\n{text}") == tomli.loads(text)
    assert all(line.startswith("# ") for line in above.splitlines())


def test_many_different_devices_are_cut_off() -> None:
    """A page stays a page."""
    item = SupportedProperties(
        Namespace("x"), "built-in", hardware=tuple(f"GPU {number}" for number in range(1000))
    )
    lines = comments(Surroundings(()), {}, [item], with_age=False).splitlines()
    assert len(lines) == page._MOST_LINES + 1
    assert lines[-1] == "# x: 968 more"


# Home, user and host; a text, and what is shown of it.
NAMES = {
    "home": ("/home/jo", "", "", "/home/jo/lib and /home/john", "~/lib and /home/john"),
    "home of root": ("/root", "root", "", "'/root/x'", "'~/x'"),
    "home on Windows": (r"C:\Users\Jo", "", "", r"C:\Users\Jo\x", r"~\x"),
    "quoted home on Windows": (r"C:\Users\Jo", "", "", r"'C:\\Users\\Jo\\x'", r"'~\\x'"),
    "quoted home that is not ASCII": ("/home/j\u00f6", "", "", r"'/home/j\xf6/x'", "'~/x'"),
    "no home": ("/", "", "", "/usr/lib/x", "/usr/lib/x"),
    "unknown home": ("~", "", "", "~/x", "~/x"),
    "user elsewhere": ("/home/jo", "jo", "", "/scratch/jo/x", "/scratch/<user>/x"),
    "user in a word": ("/home/jo", "jo", "", "/scratch/jo2/jo.x", "/scratch/jo2/jo.x"),
    "host": ("", "", "box", "/nodes/box/x, box", "/nodes/<host>/x, box"),
    "host with domain": ("", "", "box.a.org", "/box.a.org/ /box/", "/<host>/ /<host>/"),
}


@pytest.mark.parametrize(("home", "user", "host", "text", "shown"), NAMES.values(), ids=NAMES)
def test_names_of_user_and_host_are_not_shown(
    home: str, user: str, host: str, text: str, shown: str
) -> None:
    """People paste the page where everybody reads it."""
    assert Surroundings((), (), home, user, host).hide(text) == shown


AGES = {
    None: "read now",
    0.4: "read 0 seconds ago; --refresh reads it again",
    1.0: "read 1 second ago; --refresh reads it again",
    59.9: "read 59 seconds ago; --refresh reads it again",
    60.0: "read 1 minute ago; --refresh reads it again",
    3599.0: "read 59 minutes ago; --refresh reads it again",
}


@pytest.mark.parametrize(("age", "text"), AGES.items())
def test_age_is_shown_in_words(age: float | None, text: str) -> None:
    """Nothing is kept for more than an hour."""
    assert ago(age) == text
