"""Ask a provider plugin that the user trusts, in a child process of its own.

One process each: plugins replace modules that others need, print, raise, hang and leave. What one
does costs its own namespace and nothing else (PEP 850, "Plugin interface").
"""

from __future__ import annotations

import json
import os
import re
import secrets
import sys
import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pip_variants.errors import printable, quoted, shortened
from pip_variants.properties import Features, is_name, is_value

from . import child

TIME_LIMIT = 30.0
"""Seconds that a plugin has; those that run a vendor's tool give that one up to ten."""

_PROBE = Path(__file__).with_name("_plugin_probe.py")
_MARK = "_PIP_VARIANT_PLUGIN"
_LARGEST = 1 << 21
_OUTPUT = 4000
_is_endpoint = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?::[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)?")

Property = tuple[str, str, str]
"""Namespace, feature and value."""


@dataclass(frozen=True, slots=True)
class Said:
    """A plugin's answer: features, best first, or the ``problem``, one short sentence.

    ``namespace`` is what the plugin calls itself, if it does. ``dynamic`` says that the features
    are about the known properties alone. ``output`` is the end of what it printed, any text.
    """

    features: Features = ()
    namespace: str | None = None
    dynamic: bool = False
    problem: str | None = None
    output: str = ""


def ask(
    site: Path,
    plugin_api: str,
    known: Collection[Property] = (),
    *,
    time_limit: float = TIME_LIMIT,
    tick: Callable[[], object] | None = None,
) -> Said:
    """Return what the plugin at the endpoint ``plugin_api``, installed in ``site``, says."""
    if not _is_endpoint.fullmatch(plugin_api):
        return Said(problem=f"its plugin-api is no endpoint: {quoted(plugin_api)}")
    with tempfile.TemporaryDirectory(prefix="pip-plugin-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        request, result, output = (folder / part for part in ("request", "result", "output"))
        asked = {"site": str(site), "plugin_api": plugin_api, "known": sorted(known)}
        request.write_text(json.dumps(asked), encoding="utf-8")
        command = [sys.executable, "-I", "-S", "-B", "-u", str(_PROBE), str(request), str(result)]
        work = folder / "work"
        work.mkdir()
        # Nothing that pip was told is the plugin's business; there may be passwords in it.
        environ = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
        try:
            status = child.run(
                command,
                time_limit,
                output=output,
                folder=work,
                environ=environ,
                mark=(_MARK, secrets.token_hex(16)),
                tick=tick,
            )
        except OSError as error:
            return Said(problem=f"it could not be started: {error.strerror}")
        printed = _end_of(output)
        if status is None:
            return Said(problem=f"no answer within {time_limit:g} s", output=printed)
        if status != 0 or not result.is_file():
            return Said(problem=f"it ended without an answer (status {status})", output=printed)
        return _read(result, printed)


def _read(result: Path, printed: str) -> Said:
    try:
        with result.open("rb") as file:
            found = json.loads(file.read(_LARGEST))
        if found["problem"] is not None:
            return Said(problem=_sentence(found["problem"]), output=printed)
        features = {_name(name): _values(values) for name, values in found["features"]}
        namespace = found["namespace"]
        return Said(
            tuple(features.items()),
            namespace if is_name(namespace) else None,
            bool(found["dynamic"]),
            output=printed,
        )
    except (ValueError, LookupError, TypeError, OSError, RecursionError) as error:
        return Said(problem=f"its answer is not usable: {_sentence(error)}", output=printed)


def _name(name: object) -> str:
    if not is_name(name):
        raise ValueError(f"{quoted(name)} is not the name of a feature")
    return str(name)


def _values(values: Any) -> tuple[str, ...]:  # noqa: ANN401 - parsed JSON
    if not isinstance(values, list):
        raise TypeError("its values are no list")
    for value in values:
        if not is_value(value):
            raise ValueError(f"{quoted(value)} is not a value")
    return tuple(values)


def _sentence(text: object) -> str:
    """Return a message of unknown origin in printable ASCII on one line."""
    words = " ".join(str(text).split())
    return shortened(printable(words) if words.isascii() else quoted(words))


def _end_of(output: Path) -> str:
    try:
        with output.open("rb") as file:
            file.seek(max(0, output.stat().st_size - _OUTPUT))
            return file.read(_OUTPUT).decode("utf-8", "replace")
    except OSError:
        return ""
