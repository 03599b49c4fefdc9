"""Which certificates count on connections through a proxy."""

from __future__ import annotations

import os
from collections.abc import Mapping
from ssl import SSLContext
from typing import Any


def trusting(proxy: str, options: Mapping[str, Any], context: SSLContext | None) -> dict[str, Any]:
    """Return the options of a proxy manager with the context of a session, if it has one.

    An https proxy gets it also for the connection to itself; a SOCKS proxy has no such option.
    """
    if context is None:
        return dict(options)
    contexts = {"ssl_context": context}
    if proxy.lower().startswith("https:"):
        contexts["proxy_ssl_context"] = context
    return {**contexts, **options}


def add_authorities(context: SSLContext | None, verify: bool | str | None) -> None:
    """Make a context trust a file or a folder of certificates, if ``verify`` is its path.

    urllib3 does it when it connects to a server, and after it has connected to an https proxy.
    """
    if context is not None and isinstance(verify, str):
        is_folder = os.path.isdir(verify)
        context.load_verify_locations(None if is_folder else verify, verify if is_folder else None)
