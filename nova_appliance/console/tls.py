# SPDX-License-Identifier: Apache-2.0
"""TLS of the proxies: towards their clients, and towards the hypervisors' screens."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
from pathlib import Path

from oslo_config import cfg

from nova_appliance.common import errors

HELLO = b"\x16"
"""The first byte of a TLS client; no HTTP client begins with it."""
HANDSHAKE_S = 10.0


class PlainRefused(OSError):
    """A client without TLS, where [DEFAULT] ssl_only asks for it."""


class ServerSide:
    """What the proxy shows its clients; a renewed certificate is taken without a restart."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        """Raises Invalid when ssl_only has no certificate, or a certificate cannot be used."""
        self._cert, self._key = conf.cert or "", conf.key or conf.cert or ""
        self._only = conf.ssl_only
        self._lock = threading.Lock()
        self._read_from: object = None
        self._context: ssl.SSLContext | None = None
        if self._only and not self._cert:
            raise errors.Invalid("[DEFAULT] ssl_only needs a certificate: set cert and key.")
        self.context()

    def context(self) -> ssl.SSLContext | None:
        """The context of the files as they are now; None without a certificate."""
        if not self._cert:
            return None
        with self._lock:
            stands = [_stamp(path) for path in (self._cert, self._key)]
            if self._context is None or stands != self._read_from:
                self._context = self._load()
                self._read_from = stands
            return self._context

    def admit(self, connection: socket.socket) -> socket.socket:
        """The connection to go on with: wrapped when its client speaks TLS. Raises OSError."""
        context = self.context()
        if context is None:
            return connection
        connection.settimeout(HANDSHAKE_S)
        if connection.recv(1, socket.MSG_PEEK) == HELLO:
            return context.wrap_socket(connection, server_side=True)
        if self._only:
            raise PlainRefused("a client without TLS")
        return connection

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self._cert, self._key)
        except (OSError, ValueError) as error:
            if self._context is not None:
                return self._context  # half of a renewal: the next client looks again
            raise errors.Invalid(f"[DEFAULT] cert and key cannot be used: {error}") from error
        return context


def towards(authorities: str, cert: str = "", key: str = "") -> ssl.SSLContext:
    """For going to a hypervisor: its certificate must be of `authorities` and name its address.

    Raises Invalid when a file cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(authorities)
        if cert:
            context.load_cert_chain(cert, key or cert)
    except (OSError, ValueError) as error:
        raise errors.Invalid(f"The certificates for consoles cannot be used: {error}") from error
    return context


def _stamp(path: str) -> tuple[int, int] | None:
    with contextlib.suppress(OSError):
        found: os.stat_result = Path(path).stat()
        return found.st_mtime_ns, found.st_ino
    return None
