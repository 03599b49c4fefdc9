"""The context of TLS that connections through a proxy get."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from patches.common._safety.proxies import add_authorities, trusting

AUTHORITY = Path(__file__).parents[1] / "data" / "tls" / "authority.pem"
CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

# The address of a proxy, and the options that get the context.
PROXIES = {
    "http://proxy:80": {"ssl_context"},
    "https://proxy:80": {"ssl_context", "proxy_ssl_context"},
    "HTTPS://proxy": {"ssl_context", "proxy_ssl_context"},
    "socks5://proxy": {"ssl_context"},
    "socks5h://proxy": {"ssl_context"},
}


@pytest.mark.parametrize(("proxy", "names"), PROXIES.items())
def test_proxy_gets_the_context_of_the_session(proxy: str, names: set[str]) -> None:
    """An https proxy gets it twice; other options stay."""
    expected = {"block": True, **dict.fromkeys(names, CONTEXT)}
    assert trusting(proxy, {"block": True}, CONTEXT) == expected


def test_session_without_context_changes_no_option() -> None:
    """With legacy certificates, or for a trusted host, there is no context."""
    assert trusting("https://proxy", {"block": True}, None) == {"block": True}


def test_option_that_is_given_stays() -> None:
    """Another context is not replaced."""
    assert trusting("http://proxy", {"ssl_context": None}, CONTEXT) == {"ssl_context": None}


@pytest.mark.parametrize("verify", [True, False, None])
def test_flag_adds_no_authority(*, verify: bool | None) -> None:
    """Only the path of certificates adds any."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    add_authorities(context, verify)
    assert context.get_ca_certs() == []


def test_file_and_folder_add_their_authorities(tmp_path: Path) -> None:
    """`--cert` names a file or a folder; without a context nothing happens."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    add_authorities(context, str(tmp_path))
    add_authorities(context, str(AUTHORITY))
    add_authorities(None, str(AUTHORITY))
    assert len(context.get_ca_certs()) == 1
