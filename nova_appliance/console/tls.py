# SPDX-License-Identifier: Apache-2.0
"""TLS of the proxies: towards their clients, and towards the hypervisors' screens."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from oslo_config import cfg

from nova_appliance.common import errors

HELLO = b"\x16"
"""The first byte of a TLS client; no HTTP client begins with it."""
HANDSHAKE_S = 10.0
NO_CHECK_TIME = ssl.VerifyFlags(0x200000)
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python has no name for."""


class PlainRefused(OSError):
    """A client without TLS, where [DEFAULT] ssl_only asks for it."""


class Followed:
    """A context made of files, and made anew when they have changed: what is renewed needs no restart."""

    def __init__(self, files: Iterable[str], make: Callable[[], ssl.SSLContext]) -> None:
        """Raises Invalid when the files cannot be used."""
        self._files, self._make = tuple(file for file in files if file), make
        self._lock = threading.Lock()
        self._stands = self._look()
        self._context = make()

    def context(self) -> ssl.SSLContext:
        """Of the files as they are now; as they were, while they are half of a renewal."""
        with self._lock:
            stands = self._look()
            if stands != self._stands:
                with contextlib.suppress(errors.Invalid):
                    self._context = self._make()
                self._stands = stands
            return self._context

    def _look(self) -> list[tuple[int, int] | None]:
        return [_stamp(file) for file in self._files]


class ServerSide:
    """What the proxy shows its clients; a renewed certificate is taken without a restart."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        """Raises Invalid when ssl_only has no certificate, or a certificate cannot be used."""
        cert, key = conf.cert or "", conf.key or conf.cert or ""
        self._only = conf.ssl_only
        if self._only and not cert:
            raise errors.Invalid("[DEFAULT] ssl_only needs a certificate: set cert and key.")
        self._shown = Followed((cert, key), lambda: _shown(cert, key)) if cert else None

    def context(self) -> ssl.SSLContext | None:
        """The context of the files as they are now; None without a certificate."""
        return self._shown.context() if self._shown else None

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


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trust:
    """Whom a proxy believes at a hypervisor, and what it shows there; paths of PEM files."""

    authorities: str
    cert: str = ""
    key: str = ""
    revoked: str = ""
    """A revocation list. With it a certificate counts also after its end, until it is on the list."""

    def followed(self) -> Followed:
        """The context, made anew when a file changes. Raises Invalid when a file cannot be used."""
        files = (self.authorities, self.cert, self.key, self.revoked)
        return Followed(files, lambda: towards(self.authorities, self.cert, self.key, self.revoked))


def towards(authorities: str, cert: str = "", key: str = "", revoked: str = "") -> ssl.SSLContext:
    """For going to a hypervisor: its certificate must be of `authorities` and name its address.

    See Trust. Raises Invalid when a file cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(authorities)
        if cert:
            context.load_cert_chain(cert, key or cert)
        if revoked:
            context.load_verify_locations(revoked)
            context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF | NO_CHECK_TIME
    except (OSError, ValueError) as error:
        raise errors.Invalid(f"The certificates for consoles cannot be used: {error}") from error
    return context


def has_ended(inside: ssl.SSLSocket, now: dt.datetime) -> bool:
    """Whether the other side's certificate is past its end; `now` is naive UTC."""
    ends = (inside.getpeercert() or {}).get("notAfter", "")
    return ssl.cert_time_to_seconds(str(ends)) <= now.replace(tzinfo=dt.UTC).timestamp()


def _shown(cert: str, key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(cert, key)
    except (OSError, ValueError) as error:
        raise errors.Invalid(f"[DEFAULT] cert and key cannot be used: {error}") from error
    return context


def _stamp(path: str) -> tuple[int, int] | None:
    with contextlib.suppress(OSError):
        found: os.stat_result = Path(path).stat()
        return found.st_mtime_ns, found.st_ino
    return None
