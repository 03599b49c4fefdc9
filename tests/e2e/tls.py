"""An index that is served by TLS and a proxy in front of it, with a certificate of our own."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.support.stand_in import IndexServer

TLS = Path(__file__).parents[1] / "data" / "tls"
AUTHORITY = TLS / "authority.pem"
"""The certificate of the authority that signed the one of both servers, for localhost."""

_BLOCK = 65536


def _server_context() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(TLS / "server.pem")
    return context


@contextlib.contextmanager
def tls_index(root: Path) -> Iterator[str]:
    """Serve a folder by TLS; yield the address, whose host is localhost."""
    server = IndexServer(root)
    http = server._http
    http.socket = _server_context().wrap_socket(http.socket, server_side=True)
    with server:
        yield server.url.replace("http://127.0.0.1", "https://localhost")


class Proxy:
    """A proxy for CONNECT requests; `tunnels` are the hosts to which it has connected."""

    def __init__(self, *, by_tls: bool) -> None:
        self.tunnels: list[str] = []
        self._socket: socket.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http{'s' if by_tls else ''}://localhost:{self._socket.getsockname()[1]}"
        if by_tls:
            self._socket = _server_context().wrap_socket(self._socket, server_side=True)

    def serve(self) -> None:
        """Accept connections until the socket is closed."""
        while True:
            try:
                client, _ = self._socket.accept()
            except ssl.SSLError:  # the client does not trust the certificate
                continue
            except OSError:
                return
            threading.Thread(target=self._tunnel, args=(client,), daemon=True).start()

    def close(self) -> None:
        """Accept no further connection."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _tunnel(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            request = b""
            while b"\r\n\r\n" not in request:
                request += client.recv(_BLOCK)
            target = request.split()[1].decode()
            self.tunnels.append(target)
            host, _, port = target.rpartition(":")
            with socket.create_connection((host, int(port))) as server:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=_copy, args=(server, client), daemon=True)
                back.start()
                _copy(client, server)
                back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_BLOCK):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def proxy(*, by_tls: bool) -> Iterator[Proxy]:
    """Run a proxy; yield it."""
    running = Proxy(by_tls=by_tls)
    thread = threading.Thread(target=running.serve, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.close()
        thread.join(timeout=5)
