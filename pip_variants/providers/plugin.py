"""Queries a trusted provider plugin in a child process of its own (PEP 850, "Plugin interface").

One process each: plugins replace modules that others need, print, raise, hang and exit. A failure
affects the plugin's own namespace and nothing else.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pip_variants.core.errors import InterpreterError, printable, quoted, shortened
from pip_variants.core.limits import NAME_LENGTH
from pip_variants.core.properties import (
    Feature,
    Property,
    Value,
    is_feature,
    is_namespace,
    is_value,
)
from pip_variants.system import child, interpreter

from .plugin_modules import is_endpoint
from .result import ProviderResult

TIME_LIMIT = 30.0
"""Seconds; plugins that run a vendor's tool give it up to ten."""

_PROBE = Path(__file__).with_name("_plugin_probe.py")
_MARK = "_PIP_VARIANT_PLUGIN"
_LARGEST = 1 << 21
_OUTPUT = 4000


def query(
    site: Path,
    folder: Path,
    plugin_api: str,
    known: frozenset[Property] = frozenset(),
    *,
    time_limit: float = TIME_LIMIT,
    tick: Callable[[], object] | None = None,
) -> ProviderResult:
    """Return the result of the plugin at the endpoint ``plugin_api``, installed in ``site``.

    ``folder`` is a new one for the files of this query, which the caller removes. A failed result
    has one short sentence as its reason.
    """
    if not is_endpoint(plugin_api):
        return _failure(f"its plugin-api is not a valid endpoint: {quoted(plugin_api)}")
    properties = [[item.namespace, item.feature, item.value] for item in sorted(known, key=str)]
    arguments = {"site": str(site), "plugin_api": plugin_api, "known": properties}
    (folder / "request").write_text(json.dumps(arguments), encoding="utf-8")
    try:
        status = _run_probe(folder, time_limit, tick)
    except (InterpreterError, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        return _failure(f"it could not be started: {why}")
    printed = _end_of(folder / "output")
    # The probe removes the request when it has read it.
    if (folder / "request").exists():
        how = f"within {time_limit:g} s" if status is None else f"(exit status {status})"
        return _failure(f"the Python interpreter did not start {how}", printed)
    if status is None:
        return _failure(f"no result within {time_limit:g} s", printed)
    result = folder / "result"
    if status != 0 or result.is_symlink() or not result.is_file():
        return _failure(f"it exited without a result (status {status})", printed)
    return _read(result, known, printed)


def _run_probe(folder: Path, time_limit: float, tick: Callable[[], object] | None) -> int | None:
    """Run the probe on the files in a folder; return its exit status or None.

    Raise InterpreterError or OSError if it cannot be started.
    """
    files = (str(folder / "request"), str(folder / "result"))
    work = folder / "work"
    work.mkdir()
    # Options of pip do not concern the plugin and may contain passwords.
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    return child.run(
        interpreter.command("-S", "-B", "-u"),
        (str(_PROBE), *files),
        time_limit,
        output=folder / "output",
        folder=work,
        environ=interpreter.environment(environ),
        mark=(_MARK, secrets.token_hex(16)),
        tick=tick,
    )


def _read(path: Path, known: frozenset[Property], printed: str) -> ProviderResult:
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(_LARGEST))
        if found["problem"] is not None:
            return _failure(_sentence(found["problem"]), printed)
        features = {_name(name): _values(values) for name, values in found["features"]}
        namespace = found["namespace"]
        return ProviderResult(
            tuple(features.items()),
            known=known if found["dynamic"] else None,
            namespace=namespace if is_namespace(namespace) else None,
            output=printed,
        )
    except (ValueError, LookupError, TypeError, OSError, RecursionError) as error:
        return _failure(f"its result is not usable: {_sentence(error)}", printed)


def _failure(reason: str, printed: str = "") -> ProviderResult:
    return ProviderResult(reason=reason, failed=True, output=printed)


def _name(name: object) -> Feature:
    if not is_feature(name) or len(name) > NAME_LENGTH:
        raise ValueError(f"{quoted(name)} is not a feature name")
    return name


def _values(values: Any) -> tuple[Value, ...]:  # noqa: ANN401 - parsed JSON
    if not isinstance(values, list):
        raise TypeError("its values are not a list")
    valid = dict.fromkeys(filter(is_value, values))
    for value in values:
        if not is_value(value) or len(value) > NAME_LENGTH:
            raise ValueError(f"{quoted(value)} is not a value")
    return tuple(valid)


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
