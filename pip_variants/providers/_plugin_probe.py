"""Stand-alone script: query one provider plugin and write the result.

``python -I -S -B -u _plugin_probe.py REQUEST RESULT``. REQUEST is a JSON object: ``site`` (the
folder that the plugin is installed in; no ``.pth`` in it is run), ``plugin_api`` (``module`` or
``module:object``) and ``known`` (``[namespace, feature, value]`` of each property that the wheels
to be judged have); it is removed once it is read. RESULT becomes a JSON object: ``features``
(``[name, [value, ..]]`` in the plugin's order), ``namespace`` (the plugin's own name for it, or
null), ``dynamic`` (whether the result is only about the known properties) and ``problem`` (one
sentence, or null).

Every version of the interface is supported (PEP 850, "Plugin interface", and those before it): a
module, a class or an object, a method with or without an instance, with or without the known
properties as an argument. The exit status is 0 whenever RESULT was written; what the plugin prints
is ignored.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LARGEST_FILE = 1 << 26
"""Bytes that a plugin may write to one file, so that its output does not fill the disk."""

MOST = 10_000
"""Features and values that a plugin may name; the published ones name some hundred."""


@dataclass(frozen=True)
class KnownProperty:
    """A property as plugins of the "dynamic" interface receive it."""

    namespace: str
    feature: str
    value: str


def main(request: str, result: str) -> None:
    """Write the result to the file ``result``."""
    arguments = json.loads(Path(request).read_text(encoding="utf-8"))
    Path(request).unlink()
    # A plugin may replace these. One that calls os._exit leaves no file.
    create = open
    dump = json.dumps
    _limit_files()
    sys.path.insert(0, arguments["site"])
    try:
        found = _query(arguments["plugin_api"], arguments["known"])
    except BaseException as error:  # noqa: BLE001 - SystemExit too: a plugin may do anything
        found = {"problem": f"{type(error).__name__}: {_text(error)}".rstrip(": ")}
    # Not through a link that the plugin has made there.
    with create(result, "x", encoding="utf-8") as file:
        file.write(dump(found))


def _query(plugin_api: str, known: list[list[str]]) -> dict[str, object]:
    plugin: Any = _load(plugin_api)
    method = plugin.get_supported_configs
    if inspect.isclass(plugin) and not isinstance(
        inspect.getattr_static(plugin, "get_supported_configs"), (classmethod, staticmethod)
    ):
        plugin = plugin()
        method = plugin.get_supported_configs
    dynamic = bool(getattr(plugin, "dynamic", False))
    arguments: list[object] = []
    if _needs_argument(method):
        properties = frozenset(KnownProperty(*item) for item in known)
        arguments = [properties if dynamic else None]
    namespace = getattr(plugin, "namespace", None)
    return {
        "features": _features(method(*arguments)),
        "namespace": namespace if isinstance(namespace, str) else None,
        "dynamic": dynamic,
        "problem": None,
    }


def _load(plugin_api: str) -> Any:  # noqa: ANN401 - the plugin decides what it is
    module, _, attributes = plugin_api.partition(":")
    found: Any = importlib.import_module(module)
    for name in filter(None, attributes.split(".")):
        found = getattr(found, name)
    return found


def _needs_argument(method: Any) -> bool:  # noqa: ANN401
    return any(
        parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        for parameter in inspect.signature(method).parameters.values()
    )


def _features(configs: Any) -> list[tuple[str, list[str]]]:  # noqa: ANN401
    """Return the features that have values, without duplicates, in the plugin's order."""
    found: dict[str, dict[str, None]] = {}
    number = 0
    for config in configs:
        number += 1
        values = found.setdefault(_string(config.name), {})
        if isinstance(config.values, str):
            raise TypeError("its values are a string, not a list")
        for value in config.values:
            values[_string(value)] = None
            number += 1
            _check(number)
        _check(number)
    return [(name, list(values)) for name, values in found.items() if values]


def _check(number: int) -> None:
    if number > MOST:
        message = f"more than {MOST:,} features and values"
        raise ValueError(message)


def _string(text: object) -> str:
    if not isinstance(text, str):
        message = f"a {type(text).__name__} where a string should be"
        raise TypeError(message)
    return str(text)


def _text(error: BaseException) -> str:
    try:
        return str(error)[:1000]
    except Exception:  # noqa: BLE001 - the plugin's own class
        return ""


def _limit_files() -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))


if __name__ == "__main__":
    main(*sys.argv[1:])
    # A thread that the plugin started would keep this process alive.
    os._exit(0)
